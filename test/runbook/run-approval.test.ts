import { describe, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import type { Plan } from '../../src/operations/declaration.ts';
import type { ApprovalRequest } from '../../src/services/approvals/service.ts';
import { LOCAL_USER, personWith } from '../fixtures/operation-services.ts';
import { signatory, signedBy } from '../services/approvals/approval-bench.ts';
import { probe } from './probe-catalogue.ts';
import { closingFixtures, document, trustedIn, waits } from './run-fixture.ts';
import type { RunFixture } from './run-fixture.ts';

const fixture = closingFixtures();

interface Call {
  readonly name: string;
  readonly input: Record<string, unknown>;
  readonly runId: string;
}

const governance = catalogue.filter(({ room }) => room === 'governance');
const TWO = (line: string): string => `# S\n\n\`\`\`bash approve=2\n${line}\n\`\`\`\n`;

/** A run whose first step waits for two approvals, and three people who may give one. */
async function asked(line: string, plan: () => Plan = () => ({ changes: ['turn it'], notes: [] })) {
  const calls: Call[] = [];
  const change = probe({ name: 'change', risk: 'change', permission: 'operate', plan: () => Promise.resolve(plan()) }, calls);
  const made = await fixture({ catalogue: [change, ...governance], trusted: trustedIn('/'), policy: { change: 0 } });
  const people = await Promise.all(['First', 'Second'].map((name) => signatory(made.services.people, 'approver', name)));
  const actor = personWith('operator');
  const { id } = await made.start(TWO(line), {}, actor);
  const view = await made.until(id, waits('approval'));
  const request = await requestOf(made, view.steps[0]?.approval?.request);
  const [first, second] = people;
  if (first === undefined || second === undefined) throw new Error('nobody');
  return { ...made, made, calls, id, view, request, first, second, actor };
}

async function requestOf({ services }: Pick<RunFixture, 'services'>, id = ''): Promise<ApprovalRequest> {
  const request = await services.approvals.find(id);
  if (request === undefined) throw new Error('no request');
  return request;
}

test('who may not ask for an approval gets none, and the step says so', async () => {
  const { run } = await fixture({ catalogue: [probe({ name: 'destroy', risk: 'destroy', approvals: 1 })] });
  const view = await run(document('./audits/destroy.sh'));
  expect(view.steps[0]).toMatchObject({ state: 'failed', approval: null, problem: { detail: expect.stringContaining('could not be asked for') as string } });
});

describe.each([
  ['an operation', './audits/change.sh', (run: { calls: readonly Call[] }) => run.calls.length],
  ['a process', 'echo hello', undefined],
])('%s with approve=2', (_what, line, performed) => {
  test('waits for two people and then goes on by itself', async () => {
    const run = await asked(line);
    const { id, view, request, services, first, second, runs } = run;
    expect(view).toMatchObject({
      state: 'waiting-approval',
      waitsFor: { kind: 'approval', help: `elulmc governance approve ${request.id}` },
      steps: [{ state: 'waiting-approval', approval: { state: 'open', required: 2, people: [] } }],
    });
    expect(request).toMatchObject({ ref: id, statement: { requester: run.actor.id } });
    await signedBy(services.approvals, request, first);
    expect(await runs.view(id, LOCAL_USER)).toMatchObject({ state: 'waiting-approval', steps: [{ approval: { people: [first.person.id] } }] });
    expect(performed?.(run) ?? 0).toBe(0);
    await signedBy(services.approvals, request, second);
    const ended = await run.ended(id);
    expect(ended).toMatchObject({ state: 'succeeded', steps: [{ state: 'succeeded' }] });
    expect((await requestOf(run, request.id)).state).toBe('used');
    expect(performed?.(run) ?? 1).toBe(1);
  });

  test('an approval that came while nothing ran is taken up at the next start', async () => {
    const run = await asked(line);
    const { id, request, services, first, second } = run;
    await run.made.runs.close();
    await signedBy(services.approvals, request, first, second);
    const after = await run.made.restart();
    expect(await after.ended(id)).toMatchObject({ state: 'succeeded', attempt: 1 });
  });

  test('declined, it has failed; a retry asks anew', async () => {
    const run = await asked(line);
    const { id, request, services, first, runs } = run;
    await services.approvals.decline(request.id, first.person.id, 'not today');
    const view = await run.ended(id);
    expect(view.steps[0]).toMatchObject({ state: 'failed', problem: { code: 'APPROVAL_DECLINED', detail: expect.stringContaining('not today') as string } });
    await runs.resume(id, { parameters: {}, step: 'retry' }, run.actor);
    const again = await run.until(id, waits('approval'));
    expect(again.steps[0]?.approval?.request).not.toBe(request.id);
    expect(performed?.(run) ?? 0).toBe(0);
  });

  test('an abort while it waits ends it', async () => {
    const run = await asked(line);
    await run.runs.abort(run.id, { undo: true, reason: 'x' }, run.actor);
    expect(await run.ended(run.id)).toMatchObject({ state: 'aborted', steps: [{ state: 'skipped' }] });
    expect(performed?.(run) ?? 0).toBe(0);
  });
});

test('one request, however often its step is taken up before it is decided', async () => {
  const run = await asked('./audits/change.sh');
  const second = await run.made.restart();
  await second.until(run.id, waits('approval'));
  const third = await second.kill();
  await third.until(run.id, waits('approval'));
  expect(await third.services.approvals.list({ states: ['open'], limit: 10 })).toHaveLength(1);
});

test('an approval of another plan than the one that would be performed is void, and nothing is performed', async () => {
  let changes = ['turn it'];
  const run = await asked('./audits/change.sh', () => ({ changes, notes: [] }));
  changes = ['turn it twice'];
  await signedBy(run.services.approvals, run.request, run.first, run.second);
  const view = await run.ended(run.id);
  expect(view.steps[0]).toMatchObject({ state: 'failed', problem: { code: 'APPROVAL_OTHER_PLAN' } });
  expect(run.calls).toEqual([]);
  await run.runs.resume(run.id, { parameters: {} }, run.actor);
  const again = await run.until(run.id, waits('approval'));
  expect((await requestOf(run, again.steps[0]?.approval?.request)).statement.changes).toEqual(['turn it twice']);
});

test('an approval of a process in another folder than the one that it would run in is void', async () => {
  let folder = '/';
  const { start, until, ended, services, log } = await fixture({
    catalogue: governance,
    trusted: { find: () => ({ folder, timeoutMs: 60_000 }) },
    policy: { change: 0 },
  });
  const people = [await signatory(services.people, 'approver', 'First'), await signatory(services.people, 'approver', 'Second')];
  const { id } = await start(TWO('echo hello'));
  const view = await until(id, waits('approval'));
  folder = '/tmp';
  await signedBy(services.approvals, await requestOf({ services }, view.steps[0]?.approval?.request), ...people);
  expect((await ended(id)).steps[0]).toMatchObject({ state: 'failed', problem: { code: expect.stringMatching(/^APPROVAL_OTHER_/) as string }, output: null });
  expect(log.entries.filter(({ action }) => action === 'runbook step')).toEqual([]);
});

test('a request that nobody answers in time has expired, and so the step has failed', { timeout: 60_000 }, async () => {
  const { run } = await fixture({
    catalogue: [probe({ name: 'change', risk: 'change', permission: 'operate' }), ...governance],
    policy: { change: 0, validFor: 50 },
  });
  const view = await run(TWO('./audits/change.sh'));
  expect(view.steps[0]).toMatchObject({ state: 'failed', problem: { code: 'APPROVAL_EXPIRED' } });
});
