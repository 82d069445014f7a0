import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../src/core/errors.ts';
import { NO_TRUSTED_RUNBOOKS } from '../../src/runbook/trusted-runbooks.ts';
import { LOCAL_USER, personWith } from '../fixtures/operation-services.ts';
import { closingFixtures, document, trustedIn, waits } from './run-fixture.ts';
import type { RunFixture } from './run-fixture.ts';

const fixture = closingFixtures();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-process-'));
  writeFileSync(join(folder, 'code.sh'), 'echo "said"; exit "$1"\n');
  writeFileSync(join(folder, 'stay.sh'), 'echo $$ > "$1"; echo started; sleep 600\n');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const withProcesses = (timeoutMs?: number): Promise<RunFixture> => fixture({ trusted: trustedIn(folder, timeoutMs), policy: { change: 0 } });

function fence(attributes: string, ...lines: readonly string[]): string {
  return `# S\n\n\`\`\`bash ${attributes}\n${lines.join('\n')}\n\`\`\`\n`;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the step has said something. */
function printed({ runs }: RunFixture, id: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    let said = '';
    const stop = runs.follow(id, LOCAL_USER, (name, data) => {
      if (name !== 'output') return;
      said += (data as { text: string }).text;
      if (!said.includes(text)) return;
      queueMicrotask(() => {
        stop();
      });
      resolve();
    });
  });
}

describe('what may not be started', () => {
  test('a runbook that the configuration does not name starts nothing', async () => {
    const { start, log } = await fixture();
    await expect(start(document('echo hello'))).rejects.toMatchObject({
      code: 'RUNBOOK_STEP_UNBOUND',
      message: expect.stringContaining('runbooks.processes') as string,
    });
    expect(log.entries).toEqual([]);
  });

  test('one that is taken out of the configuration while its run waits', async () => {
    let trusted = trustedIn(folder);
    const { start, runs, until, ended } = await fixture({ trusted: { find: (text) => trusted.find(text) } });
    const actor = personWith('operator');
    const { id, steps } = await start(`# S\n- wait\n\n\`\`\`bash\necho hello\n\`\`\`\n`, {}, actor);
    await until(id, waits('confirmation'));
    trusted = NO_TRUSTED_RUNBOOKS;
    await runs.answer(id, { step: steps[0]?.id ?? '', decision: 'confirmed', note: '' }, actor);
    expect((await ended(id)).steps[1]).toMatchObject({ state: 'failed' });
  });

  test.each([
    ['nobody who has signed in', LOCAL_USER, 'NOT_SIGNED_IN'],
    ['a viewer', personWith('viewer'), 'NOT_ALLOWED'],
  ])('%s starts one', async (_what, actor, code) => {
    const { run, log } = await withProcesses();
    const view = await run(document('echo hello'), {}, actor);
    expect(view.steps[0]).toMatchObject({ state: 'failed', problem: { code }, output: null });
    expect(log.entries.filter(({ action }) => action === 'runbook step')).toEqual([]);
  });

  test('nothing is started without its record', { timeout: 60_000 }, async () => {
    const { run, log } = await withProcesses();
    const mark = join(folder, 'unrecorded');
    log.fail();
    const view = await run(document(`touch ${mark}`));
    expect(view.steps[0]).toMatchObject({ state: 'failed', problem: { code: 'LEDGER_UNAVAILABLE' } });
    expect(() => readFileSync(mark)).toThrow('ENOENT');
  });

  test('what another control plane may have taken over since the step began', async () => {
    const lost = Promise.withResolvers<undefined>();
    const parts = {
      confirmLeadership: () => Promise.reject(new ElulmcError('LEADERSHIP_LOST', 'another one leads')),
      onLeadershipLost: () => {
        lost.resolve(undefined);
      },
    };
    const { start, store } = await fixture({ trusted: trustedIn(folder), policy: { change: 0 }, parts });
    const { id } = await start(document('sh code.sh 0'));
    await lost.promise;
    expect((await store.find(id))?.steps[0]).toMatchObject({ state: 'running', details: { process: null } });
  });
});

test('a value stays one word: there is no shell', async () => {
  const { run } = await withProcesses();
  const value = '$(id); a  b | c > d "e" \'f\' *';
  const view = await run(document('printf %s $X'), { parameters: { X: value } });
  expect(view.steps[0]).toMatchObject({ state: 'succeeded', output: { tail: value, code: 0 } });
});

test('its words are recorded before and its output by digest after it', async () => {
  const { run, log, services } = await withProcesses();
  const view = await run(document('printf %s $X'), { parameters: { X: 'hello' } });
  const sha256 = createHash('sha256').update('hello').digest('hex');
  expect(view.steps[0]?.output).toEqual({ sha256, bytes: 5, truncated: false, tail: 'hello', code: 0 });
  expect(readFileSync(join(services.home.content, sha256), 'utf8')).toBe('hello');
  const entries = log.entries.filter(({ action }) => action === 'runbook step');
  expect(entries.map(({ kind, ref }) => [kind, ref])).toEqual([
    ['operation.intent', view.id],
    ['operation.done', view.id],
  ]);
  expect(entries[0]?.data).toMatchObject({ input: { argv: ['printf', '%s', 'hello'], folder }, changes: [`run ["printf","%s","hello"] in ${folder}`] });
  expect(entries[1]?.data).toMatchObject({ evidence: { output: { sha256, bytes: 5, truncated: false }, code: 0 } });
});

test('of a long output the beginning is kept and the end is shown', async () => {
  const { run, services } = await withProcesses();
  const view = await run(document('head -c 5000000 /dev/zero'));
  const output = view.steps[0]?.output;
  expect(output).toMatchObject({ bytes: 5_000_000, truncated: true });
  expect(readFileSync(join(services.home.content, output?.sha256 ?? ''))).toHaveLength(4 * 1024 * 1024);
});

describe('how it ends', () => {
  test.each([
    ['0 is success', 0, { state: 'succeeded', exit: 0 }],
    ['3 is a finding, and ends the run', 3, { state: 'failed', exit: 3, problem: null }],
    ['8 is no result, and ends the run', 8, { state: 'failed', exit: 8, problem: null }],
    ['any other code is a failure', 7, { state: 'failed', exit: 1, problem: { code: 'PROCESS_FAILED' } }],
  ])('%s', async (_what, code, expected) => {
    const { run } = await withProcesses();
    const view = await run(document(`sh code.sh ${String(code)}`, 'echo next'));
    expect(view.steps[0]).toMatchObject({ ...expected, output: { code, tail: 'said\n' } });
    expect(view.steps[1]?.state).toBe(code === 0 ? 'succeeded' : 'pending');
  });

  test('a program that is not there', async () => {
    const { run } = await withProcesses();
    const view = await run(document('no-such-program-here x'));
    expect(view.steps[0]).toMatchObject({ state: 'failed', problem: { code: 'PROCESS_FAILED', detail: expect.stringContaining('ENOENT') as string } });
  });

  test('with continue-on-error the run goes on after a failure', async () => {
    const { run } = await withProcesses();
    expect(await run(fence('continue-on-error', 'sh code.sh 7', 'sh code.sh 3', 'echo next'))).toMatchObject({
      state: 'succeeded',
      steps: [{ state: 'failed' }, { state: 'succeeded', exit: 3 }, { state: 'succeeded' }],
    });
  });

  test('after the timeout of its step, or of the configuration, it is killed with everything that it has started', async () => {
    const { run } = await withProcesses();
    const pidFile = join(folder, 'timeout.pid');
    const view = await run(fence('timeout=1s', `sh stay.sh ${pidFile}`));
    expect(view.steps[0]).toMatchObject({ state: 'failed', problem: { code: 'PROCESS_FAILED', detail: expect.stringContaining('within 1 s') as string } });
    expect(processExists(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
    const short = await withProcesses(200);
    expect((await short.run(document('sleep 60'))).steps[0]?.problem?.detail).toContain('within 0.2 s');
  });

  test('an abort kills it', async () => {
    const made = await withProcesses();
    const actor = personWith('operator');
    const pidFile = join(folder, 'abort.pid');
    const { id } = await made.start(document(`sh stay.sh ${pidFile}`, 'echo next'), {}, actor);
    await printed(made, id, 'started');
    await made.runs.abort(id, { undo: false, reason: 'enough' }, actor);
    const view = await made.ended(id);
    expect(view).toMatchObject({ state: 'aborted', exit: 130, steps: [{ state: 'aborted', problem: { code: 'INTERRUPTED' } }, { state: 'skipped' }] });
    expect(processExists(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });
});

describe('one that a stop interrupts', () => {
  async function interrupted(
    name: string,
  ): Promise<{ readonly made: RunFixture; readonly id: string; readonly actor: ReturnType<typeof personWith>; readonly stepRun: string }> {
    const before = await withProcesses();
    const actor = personWith('operator');
    const { id, steps } = await before.start(document(`sh stay.sh ${join(folder, name)}`, 'echo next'), {}, actor);
    await printed(before, id, 'started');
    const made = await before.restart();
    await made.until(id, waits('decision'));
    return { made, id, actor, stepRun: steps[0]?.runId ?? '' };
  }

  test('is not repeated by itself, and is no longer running', async () => {
    const { made, id, stepRun } = await interrupted('stop.pid');
    expect(processExists(Number(readFileSync(join(folder, 'stop.pid'), 'utf8')))).toBe(false);
    const view = await made.runs.view(id, LOCAL_USER);
    expect(view).toMatchObject({ state: 'pending', waitsFor: { kind: 'decision', help: `elulmc runbook resume ${id} --retry or --skip` } });
    const entries = made.log.entries.filter(({ id: run }) => run === stepRun);
    expect(entries.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['operation.intent', 'open'],
      ['operation.done', 'interrupted'],
    ]);
    await expect(made.runs.resume(id, { parameters: {} }, made.known.values().next().value ?? LOCAL_USER)).rejects.toMatchObject({ code: 'STEP_INTERRUPTED' });
  });

  test('on another host cannot be seen from here: who is asked is told where to look', async () => {
    const parts = { logName: 'control-north' };
    const before = await fixture({ trusted: trustedIn(folder), policy: { change: 0 }, parts });
    const { id } = await before.start(document(`sh stay.sh ${join(folder, 'other.pid')}`));
    await printed(before, id, 'started');
    parts.logName = 'control-south';
    const after = await before.restart();
    await after.until(id, waits('decision'));
    expect((await after.runs.view(id, LOCAL_USER)).waitsFor?.text).toMatch(/look whether it still runs .* control-north/);
  });

  test('asks again after another restart, and its interruption is recorded once', async () => {
    const { made, id, stepRun } = await interrupted('twice.pid');
    const again = await made.restart();
    await again.until(id, waits('decision'));
    expect(again.log.entries.filter(({ id: run, kind }) => run === stepRun && kind === 'operation.done')).toHaveLength(1);
  });

  test('is skipped when a person says so', async () => {
    const { made, id, actor } = await interrupted('skip.pid');
    await made.runs.resume(id, { parameters: {}, step: 'skip' }, actor);
    expect(await made.ended(id)).toMatchObject({ state: 'succeeded', steps: [{ state: 'skipped' }, { state: 'succeeded' }] });
    expect(made.log.entries.find(({ action }) => action === 'runbook resume')).toMatchObject({ actor: actor.id });
  });

  test('is started anew under another run id when a person says so', async () => {
    const { made, id, actor, stepRun } = await interrupted('retry.pid');
    const going = printed(made, id, 'started');
    await made.runs.resume(id, { parameters: {}, step: 'retry' }, actor);
    await going;
    const view = await made.runs.view(id, actor);
    expect(view.steps[0]?.runId).not.toBe(stepRun);
    await made.runs.abort(id, { undo: true, reason: 'enough' }, actor);
    expect((await made.ended(id)).steps[0]?.undone).toContain('Not taken back');
  });
});
