import { wallAt } from '../core/clock.ts';
import { durationText } from '../runbook/export.ts';
import type { RunsAnswer, RunView, StepView } from '../runbook/run-view.ts';
import { hasEnded } from '../services/runs/service.ts';
import { controlAddress } from './control-address.ts';
import { ask } from './control-client.ts';
import type { Session } from './context.ts';
import { interruptible } from './interrupt.ts';
import { followToEnd } from './runbook-end.ts';
import { findRun } from './runbook-request.ts';
import { INDENT, printRunState, printStepState, sectionText, whatText } from './runbook-state-text.ts';

interface ShowOptions {
  readonly follow?: boolean;
  readonly limit?: string;
}

const DEFAULT_LIMIT = 20;
const TIME_WIDTH = '2026-01-01 00:00:00'.length;
const TOOK_WIDTH = 10;

/** UTC, to the second. */
function timeText(at: string | null): string {
  return (at ?? '-').slice(0, TIME_WIDTH).replace('T', ' ').padEnd(TIME_WIDTH);
}

function tookText(from: string | null, to: string | null): string {
  return durationText(from, from === null ? null : (to ?? wallAt())).padStart(TOOK_WIDTH);
}

/** Lines under a step: what a person or an approval says about it, and what is wrong with it. */
function stepDetails(step: StepView): readonly string[] {
  const { approval, evidence, output, problem, undone, report } = step;
  const people = approval === null ? (report?.approval?.people ?? []) : approval.people;
  const id = approval?.request ?? report?.approval?.request;
  return [
    // The answer of a person says the same as the summary, and its note.
    ...(step.summary === '' || (step.kind === 'prose' && evidence !== null) ? [] : [step.summary]),
    ...(id === undefined
      ? []
      : [
          `approval ${id}${approval === null ? '' : ` ${approval.state}, ${String(people.length)} of ${String(approval.required)}`}${people.length === 0 ? '' : `: ${people.join(', ')}`}`,
        ]),
    ...(evidence === null ? [] : [`by ${evidence.by}${evidence.note === '' ? '' : `: ${evidence.note}`}`]),
    ...(evidence?.file === null || evidence === null
      ? []
      : [`evidence ${evidence.file.name}, ${String(evidence.file.bytes)} bytes, sha256 ${evidence.file.sha256}`]),
    ...(output === null ? [] : [`output ${String(output.bytes)} bytes${output.truncated ? ', cut off' : ''}, sha256 ${output.sha256}`]),
    ...(output === null || output.tail === ''
      ? []
      : output.tail
          .trimEnd()
          .split('\n')
          .slice(-10)
          .map((line) => `| ${line}`)),
    ...(problem === null ? [] : [`${problem.code}: ${problem.help}`]),
    ...(undone === null ? [] : [`undone: ${undone}`]),
  ];
}

/** A run as a timeline: when each step began, how long it took, who was asked and what comes next. */
function printTimeline(session: Session, view: RunView): void {
  const { output } = session;
  output.data(`${view.id}  ${sectionText(view)}`);
  printRunState(output, view, `${timeText(view.openedAt)}  ${tookText(view.openedAt, view.endedAt)}  started by ${view.actor} (${view.origin})`);
  const extra = [...(view.attempt > 1 ? [`attempt ${String(view.attempt)}`] : []), ...(view.change === null ? [] : [`change ${view.change}`])];
  output.data(`${INDENT}${['document sha256 ' + view.documentSha256, ...extra].join(', ')}\n`);
  for (const step of view.steps) {
    const name = step.name === null ? '' : `${step.name}: `;
    printStepState(
      output,
      step,
      view,
      `${timeText(step.startedAt)}  ${tookText(step.startedAt, step.endedAt)}  ${String(step.index + 1)}. ${name}${whatText(step)}`,
    );
    for (const line of stepDetails(step)) output.data(`${INDENT}${' '.repeat(TIME_WIDTH + TOOK_WIDTH + 4)}${line}`);
  }
  if (view.waitsFor !== null) output.data(`\nwaits:  ${view.waitsFor.text}\nnext:   ${view.waitsFor.help}`);
  else if (view.state === 'failed')
    output.data(`\nnext:   elulmc runbook resume ${view.id} --retry or --skip; or elulmc runbook abort ${view.id} --reason TEXT`);
}

async function showRuns(session: Session, limit: number): Promise<void> {
  const path = `/v1/runbooks/runs?limit=${String(limit)}`;
  const answer = (await interruptible((signal) => ask(controlAddress(session.context), { path, signal }))) as RunsAnswer;
  const { output } = session;
  if (output.json) {
    output.object(answer);
    return;
  }
  for (const run of answer.runs) {
    printRunState(output, run, `${timeText(run.openedAt)}  ${tookText(run.openedAt, run.endedAt)}  ${run.id}  ${sectionText(run)}, by ${run.actor}`);
    if (run.waitsFor !== null) output.data(`${INDENT}next: ${run.waitsFor.help}`);
  }
  output.words(answer.runs.length === 0 ? 'No runbook has been run yet.' : 'elulmc runbook show RUN shows one of them.');
}

/** `runbook show`: the newest runs, or one of them; `--follow` goes on with it and exits with its code. */
export async function showRun(session: Session, id: string | undefined, options: ShowOptions): Promise<void> {
  if (id === undefined) {
    await showRuns(session, Number(options.limit ?? DEFAULT_LIMIT));
    return;
  }
  await interruptible(async (signal) => {
    const view = await findRun(session, id, signal);
    const goesOn = options.follow === true && !hasEnded(view.state);
    if (!session.output.json) printTimeline(session, view);
    else if (!goesOn) session.output.object(view);
    if (goesOn) await followToEnd(session, id, { asks: false, keepsWaiting: true }, signal, view);
    else if (options.follow === true && view.exit !== null) session.exit = view.exit;
  });
}
