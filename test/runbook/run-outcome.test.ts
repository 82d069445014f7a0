import { describe, expect, test } from 'vitest';
import { LOCAL_USER, personWith } from '../fixtures/operation-services.ts';
import { probe } from './probe-catalogue.ts';
import { closingFixtures, document } from './run-fixture.ts';

const fixture = closingFixtures();
const IMMEDIATE = document('./security/emergency_isolation.sh', './governance/revoke_all_sessions.py', './deployment/activate_backup.sh');
/** The immediate actions are what this installation needs no approval for. */
const NO_APPROVALS = { policy: { destroy: 0 } };

test('the first failure ends the run, and says where', async () => {
  const { run } = await fixture(NO_APPROVALS);
  const view = await run(IMMEDIATE, {}, LOCAL_USER);
  expect(view).toMatchObject({ state: 'failed', exit: 5 });
  expect(view.summary).toContain('ended after 2 of 3 steps at line 5 (governance revoke-all-sessions)');
  expect(view.steps.map(({ state }) => state)).toEqual(['succeeded', 'failed', 'pending']);
});

test('a person who was removed meanwhile acts no more', async () => {
  const { start, runs, known, ended, until } = await fixture();
  const actor = personWith('admin');
  const { id } = await start('# S\n- wait\n\n```bash\n./audits/check_logs.sh\n```\n', {}, actor);
  const { steps } = await until(id, ({ waitsFor }) => waitsFor !== null);
  known.delete(actor.id);
  await runs.answer(id, { step: steps[0]?.id ?? '', decision: 'confirmed', note: '' }, personWith('operator'));
  expect((await ended(id)).steps[1]).toMatchObject({ state: 'failed', exit: 5, problem: { code: 'NOT_ALLOWED' } });
});

describe('outcome rule', () => {
  const catalogue = [probe({}), probe({ name: 'gate', onFinding: 'stop' }), probe({ name: 'change', risk: 'change' })];
  test.each([
    ['a read goes on after a finding', ['./audits/probe.sh --verdict finding', './audits/probe.sh'], 'succeeded 3, succeeded 0', 3],
    ['a gate stops at a finding', ['./audits/gate.sh --verdict finding', './audits/probe.sh'], 'failed 3, pending 0', 3],
    ['a gate stops when it is inconclusive', ['./audits/gate.sh --verdict inconclusive', './audits/probe.sh'], 'failed 8, pending 0', 8],
    ['a change stops at a finding', ['./audits/change.sh --verdict finding', './audits/probe.sh'], 'failed 3, pending 0', 3],
    [
      'an integrity violation is the worst',
      ['./audits/probe.sh --verdict finding', './audits/probe.sh --fail INTEGRITY_VIOLATION'],
      'succeeded 3, failed 7',
      7,
    ],
    ['3 is worse than 8', ['./audits/probe.sh --verdict inconclusive', './audits/probe.sh --verdict finding'], 'succeeded 8, succeeded 3', 3],
  ])('%s', async (_what, lines, steps, exit) => {
    const { run } = await fixture({ catalogue });
    const view = await run(document(...lines));
    expect(view.steps.map((step) => `${step.state} ${String(step.exit)}`).join(', ')).toBe(steps);
    expect(view.exit).toBe(exit);
  });

  test('continue-on-error goes on after a failure, and never after an integrity violation', async () => {
    const { run } = await fixture({ catalogue });
    const fence = (...lines: string[]): string => `# S\n\n\`\`\`bash continue-on-error\n${lines.join('\n')}\n\`\`\`\n`;
    const gone = await run(fence('./audits/probe.sh --fail OPERATION_FAILED', './audits/gate.sh --verdict finding', './audits/probe.sh'));
    expect(gone).toMatchObject({ state: 'succeeded', exit: 1, steps: [{ state: 'failed' }, { state: 'succeeded', exit: 3 }, { state: 'succeeded' }] });
    const stopped = await run(fence('./audits/probe.sh --fail INTEGRITY_VIOLATION', './audits/probe.sh'));
    expect(stopped).toMatchObject({ state: 'failed', exit: 7, steps: [{ state: 'failed' }, { state: 'pending' }] });
  });
});

test('a step that takes longer than its timeout has failed, and says so', async () => {
  const never = probe({
    name: 'slow',
    risk: 'change',
    perform: ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
  });
  const { run } = await fixture({ catalogue: [never] });
  const view = await run('# S\n\n```bash timeout=1s\n./audits/slow.sh\n```\n');
  expect(view.steps[0]).toMatchObject({ state: 'failed', problem: { code: 'OPERATION_FAILED', detail: expect.stringContaining('within 1 s') as string } });
});

test('with a ledger that cannot be written isolation still happens, and nothing that must be recorded first', { timeout: 60_000 }, async () => {
  const { run, log, services } = await fixture();
  log.fail();
  const view = await run(document('./security/emergency_isolation.sh', './deployment/activate_backup.sh'));
  expect(view.steps.map(({ state }) => state)).toEqual(['succeeded', 'failed']);
  expect(view.steps[1]?.problem?.code).toBe('LEDGER_UNAVAILABLE');
  expect((await services.posture.read()).isolations).not.toEqual([]);
});
