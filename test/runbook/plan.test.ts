import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planBody, planRunbook } from '../../src/runbook/plan.ts';
import type { RunbookPlan } from '../../src/runbook/run-view.ts';
import { personWith } from '../fixtures/operation-services.ts';
import { probe } from './probe-catalogue.ts';
import { document, runFixture } from './run-fixture.ts';
import type { RunFixture } from './run-fixture.ts';

const calls: { name: string; input: Record<string, unknown>; runId: string }[] = [];
const change = { name: 'change', risk: 'change', permission: 'operate' } as const;
const catalogue = [
  probe({}, calls),
  probe({ ...change, plan: (_context, input) => Promise.resolve({ changes: [`make ${String(input['count'])}`], notes: ['of many'] }) }, calls),
  probe({ ...change, name: 'destroy', risk: 'destroy' }, calls),
  probe({ ...change, name: 'first', effectFirst: true, approvals: 2 }, calls),
];
const trusted = { find: (text: string) => (text.includes('ours.sh') ? { folder: '/srv/books', timeoutMs: 60_000 } : undefined) };
let fixture: RunFixture;

beforeAll(async () => {
  fixture = await runFixture({ catalogue, trusted });
});

afterAll(async () => {
  await fixture.close();
});

function plan(text: string, more: Readonly<Record<string, unknown>> = {}, actor = personWith('operator')): Promise<RunbookPlan> {
  return planRunbook({ ...fixture.parts, signal: new AbortController().signal }, planBody.parse({ text, ...more }), actor);
}

test('each step with its plan, from how things are now, and nothing is performed', async () => {
  const { steps, needs } = await plan(document('./audits/probe.sh', './audits/change.sh --count $N'), {
    parameters: { N: '3' },
  });
  expect(steps.map(({ operation, plan: made, note }) => ({ operation, made, note }))).toEqual([
    { operation: 'audits probe', made: { changes: [], notes: [] }, note: null },
    { operation: 'audits change', made: { changes: ['make 3'], notes: ['of many'] }, note: null },
  ]);
  expect(needs.map(({ name }) => name)).toEqual(['N']);
  expect(calls).toEqual([]);
});

test('without a value there is no plan, and the note names it; a process is said word by word', async () => {
  const text = document('./audits/change.sh --count $N', './ours.sh "$WHO" two', 'cd sub', './ours.sh');
  const { steps } = await plan(text, { parameters: { WHO: 'a b; c' } });
  expect(steps.map(({ kind, plan: made, note }) => [kind, made, note])).toEqual([
    ['command', null, 'not planned: no value for N'],
    ['process', null, 'starts the process ["./ours.sh","a b; c","two"] in /srv/books'],
    ['process', null, 'starts the process ["./ours.sh"] in /srv/books/sub'],
  ]);
});

test('what would fail now is said where it would, and the others are planned', async () => {
  const { steps } = await plan(document('./audits/change.sh --count 1', './audits/probe.sh'), {}, personWith('viewer'));
  expect(steps[0]).toMatchObject({ plan: null, note: expect.stringMatching(/^would fail now: NOT_ALLOWED: /) as string });
  expect(steps[1]).toMatchObject({ plan: { changes: [] }, note: null });
});

test('the number of people is that of the policy, the operation and the line, whichever is highest; never before an effect-first one', async () => {
  const text = [
    '# S',
    '```bash approve=2 timeout=90s',
    './audits/probe.sh',
    './audits/destroy.sh',
    './audits/first.sh',
    './ours.sh',
    '```',
    '```bash continue-on-error',
    './audits/destroy.sh',
    './audits/change.sh --count 1',
    '```',
    '- ring',
  ].join('\n');
  const { steps } = await plan(text, { preview: false });
  expect(steps.map(({ approvals, timeoutMs, continueOnError }) => [approvals, timeoutMs, continueOnError])).toEqual([
    [2, 90_000, false],
    [2, 90_000, false],
    [0, 90_000, false],
    [2, 90_000, false],
    [1, null, true],
    [0, null, true],
    [0, null, false],
  ]);
});

test('without a preview nothing is planned and nothing recorded', async () => {
  const before = fixture.log.entries.length;
  const { steps } = await plan(document('./audits/probe.sh', './audits/change.sh --count $N'), { preview: false });
  expect(steps.map(({ plan: made, note }) => [made, note])).toEqual([
    [null, null],
    [null, null],
  ]);
  expect(fixture.log.entries).toHaveLength(before);
});

describe('refused', () => {
  test.each([
    [document('./audits/probe.sh'), { parameters: { X: '1' } }, 'USAGE', 'these steps have no parameter X'],
    [document('./audits/probe.sh', './audits/nothing.sh'), {}, 'RUNBOOK_STEP_UNBOUND', 'line 5: ./audits/nothing.sh'],
    [document('./audits/probe.sh'), { section: 'Z' }, 'USAGE', 'there is no section "Z"'],
    ['```bash\n', {}, 'RUNBOOK_INVALID', 'never closed'],
    [document('./audits/probe.sh $T --approval-token $S', './ours.sh $S'), {}, 'USAGE', 'the parameter S is a secret, and a process would show it'],
  ])('%j with %j', async (text, more, code, message) => {
    await expect(plan(text, more)).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
  });
});
