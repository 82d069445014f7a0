import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { asRecord } from '../../src/core/json.ts';
import type { RunView, StepView } from '../../src/runbook/run-view.ts';
import { APPROVED, CHANGE_REQUEST, CONFIRMATIONS, ISSUE_KEY, POSTURE_CHANGES, PROCESSES, STEPS } from './chaos-runbook.ts';
import type { Decision } from './run-driver.ts';

/** What is known about one run when everything is over. */
export interface RunFacts {
  readonly view: RunView;
  readonly decisions: readonly Decision[];
  /** Lines in the file of each process, by the index of its step. */
  readonly marks: Readonly<Record<number, number>>;
}

/** What is known about the installation when everything is over. */
export interface Facts {
  readonly runs: readonly RunFacts[];
  /** The control logs, verified: one for each host. */
  readonly logs: readonly (readonly LedgerEntry[])[];
  readonly postureChanges: readonly { readonly runId: string; readonly change: string }[];
  readonly keyNames: readonly string[];
  readonly changeRequests: readonly { readonly runId: string; readonly title: string }[];
  readonly approvals: readonly { readonly ref: string | null; readonly usedBy: string | null; readonly people: number }[];
  /** Ids of operation runs without an end. */
  readonly openRows: readonly string[];
  /** Ids of runs of runbooks that have not ended. */
  readonly openRuns: readonly string[];
  /** Models that a backup serves, and what is isolated. */
  readonly leftOver: readonly string[];
  readonly sessionGeneration: number;
}

type Say = (text: string) => void;

function count<T>(list: readonly T[], is: (each: T) => boolean): number {
  return list.filter(is).length;
}

function resultsOf(log: readonly LedgerEntry[], id: string): readonly LedgerEntry[] {
  return log.filter((entry) => entry.id === id && entry.kind === 'operation.done');
}

/** What one run, or one step of it, may have in the ledger: a result, and a success once. */
function judgeResults(logs: Facts['logs'], id: string, also: (entry: LedgerEntry) => boolean, say: Say): void {
  const results = logs.map((log) => resultsOf(log, id));
  if (results.every((each) => each.length === 0)) say(`${id} has no result in the ledger`);
  const successes = results.map((each) => count(each, ({ outcome }) => outcome === 'ok'));
  if (successes.some((each) => each > 1)) say(`${id} succeeded more than once in one log: ${successes.join(', ')}`);
  for (const entry of results.flat()) {
    if (entry.outcome === 'ok' || entry.outcome === 'interrupted' || also(entry)) continue;
    say(`${id} has the result ${entry.outcome}: ${JSON.stringify(asRecord(entry.data)?.['summary'])}`);
  }
}

/** A leader that stood still between an effect and its record may add the record later: then the other log says where it had begun. */
function judgeTwoLogs(logs: Facts['logs'], id: string, say: Say): void {
  const succeeded = count(logs, (log) => resultsOf(log, id).some(({ outcome }) => outcome === 'ok'));
  const adopted = count(logs, (log) => resultsOf(log, id).some(({ data }) => asRecord(data)?.['begunIn'] !== undefined));
  if (succeeded > 1 && adopted === 0) say(`${id} succeeded in ${String(succeeded)} logs, and none says that it had begun in another`);
}

/** Results beside success and interruption that belong to a step, by its index: none of them has an effect. */
function isExpected(index: number, { outcome, data }: LedgerEntry): boolean {
  const code = asRecord(data)?.['code'];
  // A run finds out by a refusal that it has to ask.
  if (APPROVED.includes(index)) return outcome === 'refused' && code === 'APPROVAL_MISSING';
  // The text of a key is shown once; who asks again after an interruption is told so.
  return index === ISSUE_KEY && outcome === 'failed' && code === 'CONFLICT';
}

function judgeStep(facts: Facts, { decisions }: RunFacts, step: StepView, say: Say): void {
  const { index, state, runId } = step;
  const about: Say = (text) => {
    say(`step ${String(index + 1)} (${step.text}): ${text}`);
  };
  const mayBeSkipped = decisions.some((decision) => decision.index === index && decision.step === 'skip');
  if (state !== 'succeeded' && !(state === 'skipped' && mayBeSkipped)) about(`${state}: ${step.summary}`);
  judgeResults(facts.logs, runId, (entry) => isExpected(index, entry), about);
  if (!PROCESSES.includes(index) && !CONFIRMATIONS.includes(index)) judgeTwoLogs(facts.logs, runId, about);
  const wanted = POSTURE_CHANGES[index];
  const changes = facts.postureChanges.filter((each) => each.runId === runId).map(({ change }) => change);
  if (changes.join(' ') !== (wanted ?? '')) about(`changed the posture by [${changes.join(', ')}], not by [${wanted ?? ''}]`);
  if (CONFIRMATIONS.includes(index) && step.evidence?.file === null) about('has lost its evidence');
}

function judgeApprovals(facts: Facts, view: RunView, say: Say): void {
  const asked = facts.approvals.filter(({ ref }) => ref === view.id);
  if (asked.length !== APPROVED.length) say(`asked for ${String(asked.length)} approvals`);
  for (const index of APPROVED) {
    const used = count(asked, ({ usedBy }) => usedBy === view.steps[index]?.runId);
    if (used !== 1) say(`step ${String(index + 1)} used ${String(used)} approvals`);
  }
  for (const { people } of asked) if (people !== 2) say(`an approval has ${String(people)} signatures`);
}

function judgeRun(facts: Facts, run: RunFacts, tell: Say): void {
  const { view, marks } = run;
  const say: Say = (text) => {
    tell(`${view.id}: ${text}`);
  };
  if (view.state !== 'succeeded') say(`ended ${view.state}: ${view.summary}`);
  if (view.steps.length !== STEPS) say(`has ${String(view.steps.length)} steps`);
  for (const step of view.steps) judgeStep(facts, run, step, say);
  const ends = view.steps.map(({ endedAt }) => Date.parse(endedAt ?? ''));
  if (ends.some((at, index) => !(at >= (ends[index - 1] ?? 0)))) say(`its steps did not end in their order: ${ends.join(', ')}`);
  judgeResults(facts.logs, view.id, () => false, say);
  judgeApprovals(facts, view, say);
  for (const index of PROCESSES) if (marks[index] !== 1) say(`step ${String(index + 1)}: the process had its effect ${String(marks[index] ?? 0)} times`);
  const keys = count(facts.keyNames, (name) => name === view.id);
  if (keys !== 1) say(`issued ${String(keys)} keys`);
  const requests = facts.changeRequests.filter(({ title }) => title === view.id);
  if (requests.length !== 1 || requests[0]?.runId !== view.steps[CHANGE_REQUEST]?.runId) say(`asked for ${String(requests.length)} changes`);
}

/** Effects that belong to no run of ours, and what was left open. */
function judgeWhole(facts: Facts, say: Say): void {
  const runs = facts.runs.length;
  const wanted = new Map<string, number>();
  for (const change of Object.values(POSTURE_CHANGES)) wanted.set(change, (wanted.get(change) ?? 0) + runs);
  for (const [change, times] of wanted) {
    const made = count(facts.postureChanges, (each) => each.change === change);
    if (made !== times) say(`the posture was changed by ${change} ${String(made)} times, not ${String(times)}`);
  }
  const totals = [
    ['API keys', facts.keyNames.length, runs],
    ['change requests', facts.changeRequests.length, runs],
    ['approvals', facts.approvals.length, APPROVED.length * runs],
    ['session generations', facts.sessionGeneration, 1 + runs],
  ] as const;
  for (const [what, found, expected] of totals) if (found !== expected) say(`there are ${String(found)} ${what}, not ${String(expected)}`);
  for (const id of facts.openRows) say(`the operation run ${id} was left open`);
  for (const id of facts.openRuns) say(`the run ${id} was left open`);
  for (const what of facts.leftOver) say(`${what} was left as it should not be`);
}

/** Everything that is not as it must be, one sentence each; empty when every step was applied exactly once and every run ended the same. */
export function violationsOf(facts: Facts): readonly string[] {
  const violations: string[] = [];
  const say: Say = (text) => void violations.push(text);
  for (const run of facts.runs) judgeRun(facts, run, say);
  judgeWhole(facts, say);
  return violations;
}
