import { describe, expect, test } from 'vitest';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import type { OperationDeclaration } from '../../src/operations/declaration.ts';
import { LOCAL_USER, personWith } from '../fixtures/operation-services.ts';
import { probe } from './probe-catalogue.ts';
import { closingFixtures, document, waits } from './run-fixture.ts';

const fixture = closingFixtures();

interface Call {
  readonly name: string;
  readonly input: Record<string, unknown>;
  readonly runId: string;
}

const back = (input: Record<string, unknown>): ReturnType<NonNullable<OperationDeclaration['compensate']>> => ({
  room: 'audits',
  name: 'back',
  input: { target: input['target'] },
});

/** A change that can be taken back, one that cannot, and what takes it back. */
function reversible(calls: Call[], changes: Partial<OperationDeclaration> = {}): readonly CatalogueEntry[] {
  return [
    probe({ name: 'change', risk: 'change', permission: 'operate', compensate: back, undo: 'elulmc audits back' }, calls),
    probe({ name: 'fixed', risk: 'destroy', permission: 'operate', undo: 'there is no way back' }, calls),
    probe({ name: 'nothing', risk: 'change', permission: 'operate', compensate: () => null }, calls),
    probe({ name: 'back', risk: 'change', permission: 'operate', ...changes }, calls),
    probe({}, calls),
  ];
}

const WAIT = '# S\n\n```bash\n./audits/change.sh --target a\n./audits/change.sh --target b\n```\n\n- wait\n';
const FREE = { destroy: 0, change: 0 };

describe('what cannot be aborted', () => {
  test('a run that is not there, and one that has ended well', async () => {
    const { run, runs } = await fixture({ catalogue: [probe({})] });
    const actor = personWith('admin');
    await expect(runs.abort('run_0', { undo: false, reason: 'x' }, actor)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { id } = await run(document('./audits/probe.sh'), {}, actor);
    await expect(runs.abort(id, { undo: true, reason: 'x' }, actor)).rejects.toMatchObject({ code: 'RUN_STATE' });
  });

  test('a run of somebody else, by who may not operate', async () => {
    const { start, runs, until } = await fixture({ catalogue: [probe({})] });
    const { id } = await start('# S\n- wait\n');
    await until(id, waits('confirmation'));
    await expect(runs.abort(id, { undo: false, reason: 'x' }, personWith('viewer'))).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(runs.abort(id, { undo: false, reason: 'x' }, LOCAL_USER)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });
});

test('while it waits: what was not begun is skipped, and the log has the abort and the end of the run', async () => {
  const calls: Call[] = [];
  const { start, runs, until, ended, log } = await fixture({ catalogue: reversible(calls), policy: FREE });
  const actor = personWith('operator');
  const { id } = await start(WAIT, {}, actor);
  await until(id, waits('confirmation'));
  await runs.abort(id, { undo: false, reason: 'wrong day' }, actor);
  const view = await ended(id);
  expect(view).toMatchObject({ state: 'aborted', exit: 130, waitsFor: null, attempt: 1, summary: `Aborted by ${actor.id}: wrong day.` });
  expect(view.steps.map(({ state, undone }) => [state, undone])).toEqual([
    ['succeeded', null],
    ['succeeded', null],
    ['skipped', null],
  ]);
  expect(calls.map(({ name }) => name)).toEqual(['change', 'change']);
  expect(log.entries.filter(({ action }) => action.startsWith('runbook ')).map(({ kind, action, outcome }) => `${kind} ${action} ${outcome}`)).toEqual([
    'operation.intent runbook run open',
    'operation.intent runbook abort open',
    'operation.done runbook run cancelled',
    'operation.done runbook abort ok',
  ]);
  await expect(runs.abort(id, { undo: true, reason: 'x' }, actor)).rejects.toMatchObject({ code: 'RUN_STATE' });
});

describe('with undo', () => {
  test('each step is taken back, the last first, through the door and as who aborts', async () => {
    const calls: Call[] = [];
    const { start, runs, until, ended, log, known } = await fixture({ catalogue: reversible(calls), policy: FREE });
    const { id } = await start(WAIT);
    const other = personWith('operator');
    await until(id, waits('confirmation'));
    known.set(other.id, other);
    await runs.abort(id, { undo: true, reason: 'x' }, other);
    const view = await ended(id);
    expect(calls.filter(({ name }) => name === 'back').map(({ input }) => input['target'])).toEqual(['b', 'a']);
    expect(view.steps.slice(0, 2).map(({ undone }) => undone)).toEqual([
      expect.stringMatching(/^Taken back by audits back \(run_\w+\): Found ok\.$/),
      expect.stringMatching(/^Taken back by audits back/),
    ]);
    expect(view.summary).toContain('2 of 2 steps were taken back');
    const records = log.entries.filter(({ action, kind }) => action === 'audits back' && kind === 'operation.done');
    expect(records.map(({ actor, ref }) => [actor, ref])).toEqual([
      [other.id, id],
      [other.id, id],
    ]);
  });

  test('what cannot be taken back is said, step by step', async () => {
    const calls: Call[] = [];
    const { start, runs, until, ended } = await fixture({ catalogue: reversible(calls, { approvals: 1 }), policy: FREE });
    const actor = personWith('operator');
    const lines = ['./audits/change.sh --target a', './audits/fixed.sh', './audits/nothing.sh', './audits/probe.sh'];
    const { id } = await start(`# S\n\n\`\`\`bash\n${lines.join('\n')}\n\`\`\`\n\n- wait\n`, {}, actor);
    await until(id, waits('confirmation'));
    await runs.abort(id, { undo: true, reason: 'x' }, actor);
    const view = await ended(id);
    expect(view.state).toBe('aborted');
    expect(view.steps.map(({ undone }) => undone)).toEqual([
      expect.stringMatching(/^Not taken back \(APPROVAL_MISSING\): .* By hand: elulmc audits back$/),
      'Not taken back by itself. By hand: there is no way back',
      'Nothing to take back: it changed nothing.',
      'Nothing to take back: it only reads.',
      null,
    ]);
    expect(calls.filter(({ name }) => name === 'back')).toEqual([]);
  });

  test('after a failure: what failed half-way and what was refused are told apart', async () => {
    const calls: Call[] = [];
    const { run, runs, ended } = await fixture({ catalogue: reversible(calls), policy: FREE });
    const actor = personWith('operator');
    const half = await run(document('./audits/change.sh --target a', './audits/change.sh --fail OPERATION_FAILED'), {}, actor);
    await runs.abort(half.id, { undo: true, reason: 'x' }, actor);
    const view = await ended(half.id);
    expect(view).toMatchObject({ state: 'aborted', attempt: 2 });
    expect(view.steps[0]?.undone).toMatch(/^Taken back/);
    expect(view.steps[1]?.undone).toMatch(/^Not taken back: it did not end in order, so look at what it did/);
    const viewer = personWith('viewer');
    const refused = await run(document('./audits/change.sh'), {}, viewer);
    await runs.abort(refused.id, { undo: true, reason: 'x' }, viewer);
    expect((await ended(refused.id)).steps[0]?.undone).toBe('Nothing to take back: it was refused before it did anything.');
  });

  test('a mistake in a compensation ends no abort', async () => {
    const broken = probe({
      name: 'change',
      risk: 'change',
      permission: 'operate',
      compensate: () => {
        throw new TypeError('a mistake');
      },
    });
    const { start, runs, until, ended } = await fixture({ catalogue: [broken], policy: FREE });
    const actor = personWith('operator');
    const { id } = await start('# S\n\n```bash\n./audits/change.sh\n```\n- wait\n', {}, actor);
    await until(id, waits('confirmation'));
    await runs.abort(id, { undo: true, reason: 'x' }, actor);
    expect((await ended(id)).steps[0]?.undone).toContain('Not taken back (INTERNAL): a mistake');
  });

  test('one that a kill interrupts goes on and takes nothing back twice', async () => {
    const calls: Call[] = [];
    const before = await fixture({ catalogue: reversible(calls), policy: FREE });
    const actor = personWith('operator');
    const { id } = await before.start(WAIT, {}, actor);
    await before.until(id, waits('confirmation'));
    const undone = Promise.withResolvers<undefined>();
    const change = before.store.change.bind(before.store);
    before.store.change = async (...given) => {
      if (calls.some(({ name }) => name === 'back')) {
        undone.resolve(undefined);
        await new Promise(() => undefined);
      }
      return change(...given);
    };
    await before.runs.abort(id, { undo: true, reason: 'x' }, actor);
    await undone.promise;
    before.store.change = change;
    const after = await before.kill();
    expect((await after.ended(id)).summary).toContain('2 of 2 steps were taken back');
    expect(calls.filter(({ name }) => name === 'back').map(({ input }) => input['target'])).toEqual(['b', 'a']);
  });
});
