import { describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { personWith } from '../fixtures/operation-services.ts';
import { probe } from './probe-catalogue.ts';
import { closingFixtures, document, waits } from './run-fixture.ts';

const fixture = closingFixtures();

test('secrets reach the operation and neither the ledger nor the rows nor the view', async () => {
  const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
  const { run, log, store } = await fixture({ catalogue: [probe({}, calls)] });
  const view = await run(document('./audits/probe.sh --approval-token $TOKEN', './audits/probe.sh --approval-token $TOKEN --fail OPERATION_FAILED'), {
    parameters: { TOKEN: 's3cret-value' },
  });
  expect(calls.map(({ input }) => input['approvalToken'])).toEqual(['s3cret-value', 's3cret-value']);
  expect(JSON.stringify([log.entries, [...store.records.values()], view])).not.toContain('s3cret-value');
});

describe('after a restart', () => {
  const text = '# S\n- wait\n\n```bash\n./audits/probe.sh --approval-token $TOKEN --target $T\n```\n';
  const parameters = { TOKEN: 's3cret-value', T: 'x' };

  test('a run asks for its secrets again, and for nothing else', async () => {
    const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
    const before = await fixture({ catalogue: [probe({}, calls)] });
    const actor = personWith('operator');
    const { id, steps } = await before.start(text, { parameters }, actor);
    await before.until(id, waits('confirmation'));
    const after = await before.restart();
    await after.runs.answer(id, { step: steps[0]?.id ?? '', decision: 'confirmed', note: '' }, actor);
    const waiting = await after.until(id, waits('parameters'));
    expect(waiting).toMatchObject({ state: 'pending', waitsFor: { step: steps[1]?.id, help: `elulmc runbook resume ${id} --set-file TOKEN=PATH` } });
    await expect(after.runs.resume(id, { parameters: { T: 'y' } }, actor)).rejects.toMatchObject({ code: 'USAGE', field: 'T' });
    await after.runs.resume(id, { parameters: {} }, actor);
    expect(await after.until(id, waits('parameters'))).toMatchObject({ state: 'pending' });
    expect(calls).toEqual([]);
    await after.runs.resume(id, { parameters: { TOKEN: 'an0ther' } }, actor);
    expect(await after.ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
    expect(calls.map(({ input }) => [input['approvalToken'], input['target']])).toEqual([['an0ther', 'x']]);
    expect(JSON.stringify([after.log.entries, [...after.store.records.values()]])).not.toMatch(/s3cret-value|an0ther/);
  });

  test('the step may be skipped instead', async () => {
    const before = await fixture({ catalogue: [probe({})] });
    const actor = personWith('operator');
    const { id } = await before.start(text.replace('- wait\n', ''), { parameters, runId: newId('run') }, actor);
    await before.ended(id);
    const { id: other, steps } = await before.start(text, { parameters }, actor);
    await before.until(other, waits('confirmation'));
    const after = await before.restart();
    await after.runs.answer(other, { step: steps[0]?.id ?? '', decision: 'skipped', note: '' }, actor);
    await after.until(other, waits('parameters'));
    await after.runs.resume(other, { parameters: {}, step: 'skip' }, actor);
    expect(await after.ended(other)).toMatchObject({ state: 'succeeded', steps: [{ state: 'skipped' }, { state: 'skipped' }] });
  });
});

test('what an operation shows once is shown once, to who started the run', async () => {
  const { run, runs, store } = await fixture({ catalogue: [probe({ risk: 'change', shownOnce: ['done'] })] });
  const actor = personWith('admin');
  const view = await run(document('./audits/probe.sh'), {}, actor);
  expect(view.steps[0]?.report?.output).toEqual({ done: '(was shown once)' });
  expect((await runs.view(view.id, personWith('admin'))).steps[0]?.report?.output).toEqual({ done: '(was shown once)' });
  expect((await runs.view(view.id, actor)).steps[0]?.report?.output).toEqual({ done: true });
  expect((await runs.view(view.id, actor)).steps[0]?.report?.output).toEqual({ done: '(was shown once)' });
  expect(JSON.stringify([...store.records.values()])).not.toContain('"done":true');
});
