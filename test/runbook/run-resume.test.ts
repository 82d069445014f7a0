import { describe, expect, test } from 'vitest';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import { LOCAL_USER, personWith } from '../fixtures/operation-services.ts';
import { probe } from './probe-catalogue.ts';
import { closingFixtures, document, waits } from './run-fixture.ts';

const fixture = closingFixtures();

interface Call {
  readonly name: string;
  readonly input: Record<string, unknown>;
  readonly runId: string;
}

/** A change that fails until it is mended. */
function failing(): { readonly catalogue: readonly CatalogueEntry[]; readonly calls: Call[]; readonly mend: () => void } {
  const calls: Call[] = [];
  let isMended = false;
  const flaky = probe({
    name: 'change',
    risk: 'change',
    permission: 'operate',
    perform: (context, input) => {
      calls.push({ name: 'change', input, runId: context.runId });
      if (!isMended) return Promise.reject(new Error('broken'));
      return Promise.resolve({ output: { done: true }, verdict: 'ok', summary: 'Done.' });
    },
  });
  return { catalogue: [probe({ name: 'before', risk: 'change' }, calls), flaky, probe({}, calls)], calls, mend: () => (isMended = true) };
}

const TEXT = document('./audits/before.sh', './audits/change.sh', './audits/probe.sh');

describe('what cannot be resumed', () => {
  test('a run that is not there', async () => {
    const { runs } = await fixture();
    await expect(runs.resume('run_0', { parameters: {} }, personWith('admin'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('one that has succeeded, one that waits for a person, and one that is aborted', async () => {
    const { run, start, runs, until, ended } = await fixture({ catalogue: [probe({})] });
    const actor = personWith('admin');
    const done = await run(document('./audits/probe.sh'), {}, actor);
    await expect(runs.resume(done.id, { parameters: {} }, actor)).rejects.toMatchObject({ code: 'RUN_STATE' });
    const { id } = await start('# S\n- wait\n', {}, actor);
    await until(id, waits('confirmation'));
    await expect(runs.resume(id, { parameters: {}, step: 'skip' }, actor)).rejects.toMatchObject({ code: 'RUN_STATE' });
    await runs.abort(id, { undo: false, reason: 'x' }, actor);
    await ended(id);
    await expect(runs.resume(id, { parameters: {} }, actor)).rejects.toMatchObject({ code: 'RUN_STATE' });
  });

  test('one of somebody else by who may not do what is left of it', async () => {
    const { catalogue } = failing();
    const secure = catalogue.map((entry): CatalogueEntry => (entry.name === 'probe' ? probe({ permission: 'administer' }) : entry));
    const { run, runs } = await fixture({ catalogue: secure });
    const { id } = await run(TEXT);
    await expect(runs.resume(id, { parameters: {} }, LOCAL_USER)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
    await expect(runs.resume(id, { parameters: {} }, personWith('viewer'))).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(runs.resume(id, { parameters: {} }, personWith('operator'))).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect((await runs.view(id, LOCAL_USER)).attempt).toBe(1);
  });
});

test('a retry performs what failed under the same run id, and nothing of what was done before', async () => {
  const { catalogue, calls, mend } = failing();
  const { run, runs, ended, log } = await fixture({ catalogue });
  const actor = personWith('admin');
  const { id, steps } = await run(TEXT, {}, actor);
  mend();
  await runs.resume(id, { parameters: {} }, actor);
  const view = await ended(id);
  expect(view).toMatchObject({ state: 'succeeded', exit: 0, attempt: 2 });
  expect(calls.map(({ name, runId }) => [name, steps.findIndex((step) => step.runId === runId)])).toEqual([
    ['before', 0],
    ['change', 1],
    ['change', 1],
    ['probe', 2],
  ]);
  const attempts = log.entries.filter(({ action }) => action.startsWith('runbook '));
  expect(attempts.map(({ kind, action, outcome, ref }) => [kind, action, outcome, ref])).toEqual([
    ['operation.intent', 'runbook run', 'open', null],
    ['operation.done', 'runbook run', 'failed', null],
    ['operation.intent', 'runbook resume', 'open', id],
    ['operation.done', 'runbook resume', 'ok', id],
  ]);
});

test('a retry of what was performed and found something performs it anew', async () => {
  const calls: Call[] = [];
  const { run, runs, ended } = await fixture({ catalogue: [probe({ name: 'gate', onFinding: 'stop', risk: 'change' }, calls)] });
  const actor = personWith('admin');
  const { id } = await run(document('./audits/gate.sh --verdict finding'), {}, actor);
  await runs.resume(id, { parameters: {} }, actor);
  expect(await ended(id)).toMatchObject({ state: 'failed', attempt: 2 });
  expect(new Set(calls.map(({ runId }) => runId)).size).toBe(2);
});

test('a skip goes on behind what failed, and says who skipped it and why it had failed', async () => {
  const { catalogue, calls } = failing();
  const { run, runs, ended } = await fixture({ catalogue });
  const { id } = await run(TEXT);
  const other = personWith('admin');
  await runs.resume(id, { parameters: {}, step: 'skip' }, other);
  const view = await ended(id);
  expect(view.steps.map(({ state }) => state)).toEqual(['succeeded', 'skipped', 'succeeded']);
  expect(view.steps[1]?.summary).toMatch(new RegExp(`^Skipped by ${other.id}\\. Before: `));
  expect(calls.map(({ name }) => name)).toEqual(['before', 'change', 'probe']);
});

test('of two who resume at the same time one does', async () => {
  const { catalogue, calls, mend } = failing();
  const { run, runs, ended } = await fixture({ catalogue });
  const actor = personWith('admin');
  const { id } = await run(TEXT, {}, actor);
  mend();
  const both = await Promise.allSettled([runs.resume(id, { parameters: {} }, actor), runs.resume(id, { parameters: {}, step: 'skip' }, actor)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'RUN_STATE' } });
  expect(await ended(id)).toMatchObject({ attempt: 2 });
  expect(calls.filter(({ name }) => name === 'before')).toHaveLength(1);
});

test('a start of the second attempt that got lost is made up for by the next control plane', async () => {
  const { catalogue, mend } = failing();
  const before = await fixture({ catalogue });
  const actor = personWith('admin');
  const { id } = await before.run(TEXT, {}, actor);
  mend();
  const record = before.store.records.get(id);
  if (record === undefined) throw new Error('no run');
  // As a kill leaves it between the commit of the row and the start of the engine.
  const { run, steps } = record;
  const details = { ...run.details, exit: null, summary: '', record: { ...run.details.record, ended: false } };
  before.store.records.set(id, {
    run: { ...run, state: 'running', attempt: 2, endedAt: null, details },
    steps: steps.map((step) => (step.details.ends ? { ...step, state: 'pending', details: { ...step.details, ends: false, problem: null } } : step)),
  });
  const after = await before.restart();
  expect(await after.ended(id)).toMatchObject({ state: 'succeeded', attempt: 2 });
});

test('a decision about a call whose result was shown to nobody: once more, or not', async () => {
  const calls: Call[] = [];
  const gate = Promise.withResolvers<undefined>();
  const issue = probe({ name: 'issue', risk: 'change', permission: 'operate', shownOnce: ['done'] }, calls);
  let isLost = true;
  const before = await fixture({ catalogue: [issue] });
  const actor = personWith('admin');
  // The first process performs the call and dies before its row says so.
  const change = before.store.change.bind(before.store);
  before.store.change = async (id, index, work) => {
    if (isLost && calls.length > 0) {
      gate.resolve(undefined);
      await new Promise(() => undefined);
    }
    return change(id, index, work);
  };
  const { id } = await before.start(document('./audits/issue.sh'), {}, actor);
  await gate.promise;
  isLost = false;
  const after = await before.kill();
  await after.until(id, waits('decision'));
  await after.runs.resume(id, { parameters: {}, step: 'retry' }, actor);
  expect(await after.ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  expect(new Set(calls.map(({ runId }) => runId)).size).toBe(2);
});
