import { afterEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { stepRunId } from '../../src/runbook/step-run-id.ts';
import { LOCAL_USER, personWith } from '../fixtures/operation-services.ts';
import { probe } from './probe-catalogue.ts';
import { document, runFixture } from './run-fixture.ts';
import type { RunFixture } from './run-fixture.ts';

const fixtures: RunFixture[] = [];

function fixture(...parameters: Parameters<typeof runFixture>): RunFixture {
  const made = runFixture(...parameters);
  fixtures.push(made);
  return made;
}

afterEach(() => {
  for (const made of fixtures.splice(0)) made.services.remove();
});

const IMMEDIATE = document('./security/emergency_isolation.sh', './governance/revoke_all_sessions.py', './deployment/activate_backup.sh');

describe('what cannot be run is refused before its first step', () => {
  const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
  const entries = [probe({}, calls)];
  test.each([
    ['an unknown command', document('./audits/probe.sh', './audits/nothing.sh'), 'RUNBOOK_STEP_UNBOUND', 'line 5: ./audits/nothing.sh'],
    ['a pipe', document('./audits/probe.sh', './audits/probe.sh | tee x'), 'RUNBOOK_STEP_UNBOUND', 'a pipe'],
    ['an unknown option', document('./audits/probe.sh --nope'), 'RUNBOOK_STEP_UNBOUND', 'has no option --nope'],
    ['an unclosed fence', '# S\n```bash\n./audits/probe.sh\n', 'RUNBOOK_INVALID', 'line 2'],
    ['another section', '# T\n', 'USAGE', 'there is no section'],
    ['no steps', '# S\n', 'USAGE', 'has no steps'],
    ['a person who cannot be asked', '# S\n- call somebody\n', 'USAGE', 'line 2 is a step for a person'],
  ])('%s', async (_what, text, code, message) => {
    const { run, log } = fixture(entries);
    await expect(run(text)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(calls).toEqual([]);
    expect(log.entries).toEqual([]);
  });

  test('a parameter without a value, or with one that does not fit', async () => {
    const { run, log } = fixture(entries);
    const text = document('./audits/probe.sh', './audits/probe.sh --count $N');
    await expect(run(text, { askParameters: () => Promise.resolve({}) })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run(text, { askParameters: () => Promise.resolve({ N: 'x' }) })).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    expect(calls).toEqual([]);
    expect(log.entries).toEqual([]);
  });
});

test('the immediate actions run in order and every step is recorded under the run', async () => {
  const { run, log, services, events } = fixture();
  const runId = newId('run');
  const report = await run(IMMEDIATE, { runId });
  expect(report).toMatchObject({ runId, outcome: 'ok', exit: 0, recorded: 'ledger' });
  expect(report.steps.map(({ operation, outcome }) => `${String(operation)} ${outcome}`)).toEqual([
    'security emergency-isolation ok',
    'governance revoke-all-sessions ok',
    'deployment activate-backup ok',
  ]);
  const posture = await services.posture.read();
  expect(posture.isolations.map(({ target }) => target)).toContain('primary');
  expect(posture.routes.find(({ model }) => model === 'demo')?.active).toBe('backup');
  expect(log.entries.map(({ kind, action }) => `${kind} ${action}`)).toEqual([
    'operation.intent runbook run',
    'operation.intent security emergency-isolation',
    'operation.done security emergency-isolation',
    'operation.intent governance revoke-all-sessions',
    'operation.done governance revoke-all-sessions',
    'operation.intent deployment activate-backup',
    'operation.done deployment activate-backup',
    'operation.done runbook run',
  ]);
  expect(new Set(log.entries.filter(({ action }) => action !== 'runbook run').map(({ ref }) => ref))).toEqual(new Set([runId]));
  expect(events.map(([name]) => name).filter((name) => name !== 'step-progress')).toEqual([
    'prepared',
    ...['step-started', 'step-done', 'step-started', 'step-done', 'step-started', 'step-done'],
    'run-done',
  ]);
});

test('a run repeated under its id applies each step once', async () => {
  const { run, services } = fixture();
  const request = { runId: newId('run'), actor: personWith('admin') };
  const first = await run(IMMEDIATE, request);
  const version = (await services.posture.read()).version;
  const second = await run(IMMEDIATE, request);
  expect((await services.posture.read()).version).toBe(version);
  expect(second.steps.map(({ runId }) => runId)).toEqual(first.steps.map(({ runId }) => runId));
  expect(stepRunId(request.runId, 'a')).not.toBe(stepRunId(request.runId, 'b'));
});

test('the first failure ends the run, and says where', async () => {
  const { run } = fixture();
  const report = await run(IMMEDIATE, { actor: LOCAL_USER });
  expect(report).toMatchObject({ outcome: 'stopped', exit: 5 });
  expect(report.summary).toContain('ended after 2 of 3 steps at line 5 (governance revoke-all-sessions)');
  expect(report.steps.map(({ outcome }) => outcome)).toEqual(['ok', 'failed', 'not-run']);
});

describe('outcome rule', () => {
  const entries = [probe({}), probe({ name: 'gate', onFinding: 'stop' }), probe({ name: 'change', risk: 'change' })];
  test.each([
    ['a read goes on after a finding', ['./audits/probe.sh --verdict finding', './audits/probe.sh'], ['finding', 'ok'], 3],
    ['a gate stops at a finding', ['./audits/gate.sh --verdict finding', './audits/probe.sh'], ['finding', 'not-run'], 3],
    ['a gate stops when it is inconclusive', ['./audits/gate.sh --verdict inconclusive', './audits/probe.sh'], ['inconclusive', 'not-run'], 8],
    ['a change stops at a finding', ['./audits/change.sh --verdict finding', './audits/probe.sh'], ['finding', 'not-run'], 3],
    ['a missing approval waits', ['./audits/probe.sh --fail APPROVAL_MISSING', './audits/probe.sh'], ['waiting-approval', 'not-run'], 4],
    ['an integrity violation is the worst', ['./audits/probe.sh --verdict finding', './audits/probe.sh --fail INTEGRITY_VIOLATION'], ['finding', 'failed'], 7],
    ['3 is worse than 8', ['./audits/probe.sh --verdict inconclusive', './audits/probe.sh --verdict finding'], ['inconclusive', 'finding'], 3],
  ])('%s', async (_what, lines, outcomes, exit) => {
    const report = await fixture(entries).run(document(...lines));
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(outcomes);
    expect(report.exit).toBe(exit);
  });
});

describe('steps for people', () => {
  const text = '# S\n- first\n- second\n';
  test('skipped is never confirmed', async () => {
    const { run, log } = fixture();
    const report = await run(text, { prose: 'skip' });
    expect(report).toMatchObject({ exit: 0, outcome: 'ok' });
    expect(log.entries.filter(({ action }) => action === 'runbook step').map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped']);
  });
  test('what was answered is recorded with who answered', async () => {
    const { run, log } = fixture();
    const actor = personWith('operator');
    const report = await run(text, { actor, prose: 'ask', askPerson: (step) => Promise.resolve(step.text === 'first' ? 'confirmed' : 'stop') });
    expect(report).toMatchObject({ exit: 130, outcome: 'cancelled' });
    expect(log.entries.map(({ action, outcome, actor: who }) => [action, outcome, who])).toEqual([
      ['runbook run', 'open', actor.id],
      ['runbook step', 'ok', actor.id],
      ['runbook step', 'cancelled', actor.id],
      ['runbook run', 'cancelled', actor.id],
    ]);
  });
});

test('a caller who has gone ends the run after the step that runs', async () => {
  const gone = new AbortController();
  const entries = [probe({}), probe({ name: 'last' })];
  const { run, log } = fixture(entries);
  const report = await run(document('./audits/probe.sh', './audits/last.sh'), {
    signal: gone.signal,
    emit: (name) => {
      if (name === 'step-progress') gone.abort(new Error('gone'));
    },
  });
  expect(report.steps.map(({ outcome }) => outcome)).toEqual(['ok', 'cancelled']);
  expect(log.entries.at(-1)).toMatchObject({ action: 'runbook run', outcome: 'cancelled' });
});

test('with a ledger that cannot be written isolation still happens, and nothing that must be recorded first', { timeout: 60_000 }, async () => {
  const { run, log, services } = fixture();
  log.fail();
  const report = await run(document('./security/emergency_isolation.sh', './deployment/activate_backup.sh'));
  expect(report.steps.map(({ outcome }) => outcome)).toEqual(['ok', 'failed']);
  expect(report.steps[1]?.problem?.code).toBe('LEDGER_UNAVAILABLE');
  expect(report.recorded).toBe('spool');
  expect((await services.posture.read()).isolations).not.toEqual([]);
});

test('secrets reach the operation and neither the ledger nor the events', async () => {
  const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
  const { run, log, events } = fixture([probe({}, calls)]);
  const report = await run(document('./audits/probe.sh --approval-token $TOKEN'), { askParameters: () => Promise.resolve({ TOKEN: 's3cret-value' }) });
  expect(calls[0]?.input['approvalToken']).toBe('s3cret-value');
  expect(JSON.stringify([log.entries, events, report])).not.toContain('s3cret-value');
});
