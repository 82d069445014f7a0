import { ElulmcError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { RunView } from '../runbook/run-view.ts';
import { hasEnded } from '../services/runs/service.ts';
import { canAsk } from './ask.ts';
import type { Session } from './context.ts';
import { followRun } from './runbook-follow.ts';
import type { FollowMode } from './runbook-follow.ts';
import { whatText } from './runbook-state-text.ts';

export interface FollowOptions {
  readonly wait?: boolean;
  readonly input?: boolean;
}

/** Whether questions can be asked here, and whether waiting makes sense: a person at a terminal waits, a script asks for it. */
export function followMode(session: Session, options: FollowOptions): FollowMode {
  const asks = options.input !== false && canAsk(session.context.stdio);
  return { asks, keepsWaiting: asks || options.wait === true };
}

/** How to look at a run and how to stop it. */
export function sayWhereItIs(session: Session, id: string): void {
  session.output.words(`Follow it:  elulmc runbook show ${id} --follow\nStop it:    elulmc runbook abort ${id} --reason TEXT`);
}

function sayHowToGoOn(session: Session, view: RunView): void {
  if (view.state !== 'failed') return;
  const undo = view.steps.some(({ state, report }) => state === 'succeeded' && report !== null) ? ' [--undo]' : '';
  session.output.words(`Go on:    elulmc runbook resume ${view.id} --retry (or --skip)\nGive up:  elulmc runbook abort ${view.id} --reason TEXT${undo}`);
}

/** What is left to say when a run is not followed any further, and the exit code: that of the run, or 4 while it waits. */
export function endWith(session: Session, view: RunView): void {
  const { output } = session;
  if (output.json) output.object(view);
  output.words(view.summary);
  if (!hasEnded(view.state)) {
    if (view.waitsFor !== null) output.words(`The run waits: ${view.waitsFor.text}\nNext:       ${view.waitsFor.help}`);
    sayWhereItIs(session, view.id);
    session.exit = EXIT.approvalMissing;
    return;
  }
  if (view.state === 'aborted') {
    for (const { index, operation, text, undone } of view.steps) {
      if (undone !== null && !output.json) output.data(`${String(index + 1)}/${String(view.steps.length)}  ${whatText({ operation, text })}: ${undone}`);
    }
    session.exit = view.exit ?? EXIT.interrupted;
    return;
  }
  // A failure before it was passed over (continue-on-error).
  const problem = view.state === 'failed' ? (view.steps.findLast((step) => step.problem !== null)?.problem ?? null) : null;
  // With --json the run is the one object on stdout, and it holds the problem.
  if (problem !== null && output.json) output.words(`${problem.code}: ${problem.help}`);
  else if (problem !== null) output.problem(problem);
  sayHowToGoOn(session, view);
  session.exit = view.exit ?? EXIT.failed;
}

/**
 * Follows a run, says how it went and gives it as it was last seen. `seen` is what was shown already. Ctrl-C leaves the run alone:
 * it goes on, the exit code is 130, and undefined is given.
 */
export async function followToEnd(session: Session, id: string, mode: FollowMode, signal: AbortSignal, seen?: RunView): Promise<RunView | undefined> {
  let view: RunView;
  try {
    view = await followRun(session, id, mode, signal, seen);
  } catch (thrown) {
    if (!(thrown instanceof ElulmcError) || thrown.code !== 'INTERRUPTED') throw thrown;
    session.output.words('You have left the run. It goes on.');
    sayWhereItIs(session, id);
    session.exit = EXIT.interrupted;
    return undefined;
  }
  endWith(session, view);
  return view;
}
