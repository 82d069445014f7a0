import { describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { stepRunId } from '../../src/runbook/step-run-id.ts';
import { personWith } from '../fixtures/operation-services.ts';
import { probe } from './probe-catalogue.ts';
import { closingFixtures, document } from './run-fixture.ts';

const fixture = closingFixtures();
const IMMEDIATE = document('./security/emergency_isolation.sh', './governance/revoke_all_sessions.py', './deployment/activate_backup.sh');
/** The immediate actions are what this installation needs no approval for. */
const NO_APPROVALS = { policy: { destroy: 0 } };

describe('what cannot be run is refused before its first step', () => {
  const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
  const catalogue = [probe({}, calls)];
  test.each([
    ['an unknown command', document('./audits/probe.sh', './audits/nothing.sh'), 'RUNBOOK_STEP_UNBOUND', 'line 5: ./audits/nothing.sh'],
    ['a pipe', document('./audits/probe.sh', './audits/probe.sh | tee x'), 'RUNBOOK_STEP_UNBOUND', 'a pipe'],
    ['an unknown option', document('./audits/probe.sh --nope'), 'RUNBOOK_STEP_UNBOUND', 'has no option --nope'],
    ['an unclosed fence', '# S\n```bash\n./audits/probe.sh\n', 'RUNBOOK_INVALID', 'line 2'],
    ['another section', '# T\n', 'USAGE', 'there is no section'],
    ['no steps', '# S\n', 'USAGE', 'has no steps'],
  ])('%s', async (_what, text, code, message) => {
    const { start, log, store } = await fixture({ catalogue });
    await expect(start(text)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(calls).toEqual([]);
    expect(log.entries).toEqual([]);
    expect(store.records.size).toBe(0);
  });

  test('a parameter without a value, one that does not fit, and one that nobody asked for', async () => {
    const { start, log, store } = await fixture({ catalogue });
    const text = document('./audits/probe.sh', './audits/probe.sh --count $N');
    await expect(start(text)).rejects.toMatchObject({ code: 'USAGE', field: 'N' });
    await expect(start(text, { parameters: { N: 'x' } })).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    await expect(start(text, { parameters: { N: '1', M: '1' } })).rejects.toMatchObject({ code: 'USAGE', field: 'M' });
    expect(calls).toEqual([]);
    expect(log.entries).toEqual([]);
    expect(store.records.size).toBe(0);
  });

  test('a database that does not answer', async () => {
    const { start, log, store } = await fixture({ catalogue });
    store.failure = Object.assign(new Error('refused'), { code: 'DATABASE_UNAVAILABLE' });
    await expect(start(document('./audits/probe.sh'))).rejects.toThrow('refused');
    expect(calls).toEqual([]);
    expect(log.entries).toEqual([]);
  });

  test('a section with more steps than anybody would read', async () => {
    const { start, store } = await fixture({ catalogue });
    await expect(start(`# S\n${'- step\n'.repeat(1_001)}`)).rejects.toMatchObject({ code: 'USAGE', field: 'section' });
    expect(store.records.size).toBe(0);
    expect((await start(`# S\n${'- step\n'.repeat(1_000)}`, { prose: 'skip' })).steps).toHaveLength(1_000);
  });
});

test('the immediate actions run in order and every step is recorded under the run', async () => {
  const { run, log, services } = await fixture(NO_APPROVALS);
  const runId = newId('run');
  const view = await run(IMMEDIATE, { runId });
  expect(view).toMatchObject({ id: runId, state: 'succeeded', exit: 0, attempt: 1, waitsFor: null });
  expect(view.steps.map(({ operation, state }) => `${String(operation)} ${state}`)).toEqual([
    'security emergency-isolation succeeded',
    'governance revoke-all-sessions succeeded',
    'deployment activate-backup succeeded',
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
});

test('a run repeated under its id is the same run, and anything else under that id is refused', async () => {
  const { run, start, services } = await fixture(NO_APPROVALS);
  const actor = personWith('admin');
  const request = { runId: newId('run') };
  const first = await run(IMMEDIATE, request, actor);
  const { version } = await services.posture.read();
  const second = await start(IMMEDIATE, request, actor);
  expect((await services.posture.read()).version).toBe(version);
  expect(second).toEqual(first);
  for (const other of [
    start(IMMEDIATE, request),
    start(`${IMMEDIATE}\n`, request, actor),
    start(IMMEDIATE, { ...request, prose: 'skip' }, actor),
    start(IMMEDIATE, { ...request, change: newId('chg') }, actor),
  ]) {
    await expect(other).rejects.toMatchObject({ code: 'CONFLICT', field: 'runId' });
  }
  expect(stepRunId(request.runId, 'a')).not.toBe(stepRunId(request.runId, 'b'));
});

test('of two calls at the same time under one id one starts the run, and both are given it', async () => {
  const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
  const { start, ended } = await fixture({ catalogue: [probe({ name: 'change', risk: 'change' }, calls)] });
  const actor = personWith('admin');
  const request = { runId: newId('run'), parameters: { N: '3' } };
  const text = document('./audits/change.sh --count $N');
  const [a, b] = await Promise.all([start(text, request, actor), start(text, request, actor)]);
  expect(a.id).toBe(b.id);
  await ended(a.id);
  expect(calls).toHaveLength(1);
  await expect(start(text, { ...request, parameters: { N: '4' } }, actor)).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(start(text, { ...request, parameters: {} }, actor)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('runs are listed newest first, without their steps', async () => {
  const { run, runs } = await fixture();
  const first = await run('# S\n- a\n', { prose: 'skip' });
  const second = await run('# S\n- b\n', { prose: 'skip' });
  const listed = await runs.list(10);
  expect(listed.map(({ id }) => id)).toEqual([second.id, first.id]);
  expect(listed[0]).not.toHaveProperty('steps');
  expect(await runs.list(1)).toHaveLength(1);
});
