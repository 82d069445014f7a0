import { writeFileSync } from 'node:fs';
import { ElulmcError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { AnswerBody, ResumeBody, RunView } from '../runbook/run-view.ts';
import { hasEnded } from '../services/runs/service.ts';
import { askChoice, canAsk } from './ask.ts';
import { controlAddress } from './control-address.ts';
import { askText } from './control-client.ts';
import type { Session } from './context.ts';
import { interruptible } from './interrupt.ts';
import { givenParameters, readSettings, refuseSet } from './parameter-values.ts';
import { evidenceFile, sendAnswer } from './runbook-answer.ts';
import { endWith, followMode, followToEnd, sayWhereItIs } from './runbook-end.ts';
import { findRun, runPath, sendToRun } from './runbook-request.ts';

interface ResumeOptions {
  readonly retry?: boolean;
  readonly skip?: boolean;
  readonly set?: readonly string[];
  readonly setFile?: readonly string[];
  readonly input?: boolean;
  readonly wait?: boolean;
  readonly detach?: boolean;
}

interface AbortOptions {
  readonly reason: string;
  readonly undo?: boolean;
  readonly yes?: boolean;
  readonly input?: boolean;
}

interface ConfirmOptions {
  readonly note?: string;
  readonly evidence?: string;
  readonly skip?: boolean;
}

/** Secrets that the run has lost with the process that knew them: its next command names them. */
function lostSecrets(view: RunView): readonly string[] {
  if (view.waitsFor?.kind !== 'parameters') return [];
  return [...view.waitsFor.help.matchAll(/--set-file ([A-Za-z_][A-Za-z0-9_]*)=/g)].map(([, name]) => name ?? '');
}

/** `runbook resume`: goes on with a run that failed, or that waits for parameters or a decision, and follows it. */
export async function resumeRun(session: Session, id: string, options: ResumeOptions): Promise<void> {
  if (options.retry === true && options.skip === true) throw new ElulmcError('USAGE', 'give --retry or --skip, not both', { field: 'step' });
  const settings = readSettings(options.set ?? [], options.setFile ?? [], session.context.runbookParameter);
  refuseSet(settings);
  const step: Pick<ResumeBody, 'step'> = options.retry === true ? { step: 'retry' } : options.skip === true ? { step: 'skip' } : {};
  const mayAsk = options.input !== false && canAsk(session.context.stdio);
  await interruptible(async (signal) => {
    const before = await findRun(session, id, signal);
    const parameters = await givenParameters(session, settings, lostSecrets(before), mayAsk, signal);
    const body: ResumeBody = { ...step, ...(Object.keys(parameters).length === 0 ? {} : { parameters }) };
    const view = await sendToRun(session, id, 'resume', body, signal);
    if (options.detach !== true) {
      await followToEnd(session, id, followMode(session, options), signal, before);
      return;
    }
    if (session.output.json) session.output.object(view);
    sayWhereItIs(session, id);
  });
}

/** `runbook abort`: ends a run for good; `--undo` takes back what its steps did, the last one first. */
export async function abortRun(session: Session, id: string, options: AbortOptions): Promise<void> {
  const { stdio } = session.context;
  const undo = options.undo === true;
  await interruptible(async (signal) => {
    if (options.yes !== true && options.input !== false && canAsk(stdio)) {
      const view = await findRun(session, id, signal);
      const done = view.steps.filter(({ state }) => state === 'succeeded').length;
      const what = `Abort ${view.runbook} after ${String(done)} of ${String(view.steps.length)} steps${undo ? ' and take back what they did' : ''}?`;
      const choices = [
        { value: 'no', label: 'No, leave it' },
        { value: 'yes', label: undo ? 'Abort and undo' : 'Abort' },
      ] as const;
      if ((await askChoice(stdio, signal, what, choices)) !== 'yes') throw new ElulmcError('INTERRUPTED', 'the run was not aborted');
    }
    const view = await sendToRun(session, id, 'abort', { undo, reason: options.reason }, signal);
    const isOver = hasEnded(view.state);
    if (isOver) endWith(session, view);
    const last = isOver ? view : await followToEnd(session, id, { asks: false, keepsWaiting: true }, signal, view);
    // That the run did not end well is what was asked for.
    if (last?.state === 'aborted') session.exit = EXIT.ok;
  });
}

/** `runbook confirm`: answers for a step that a person does, from any terminal. */
export async function confirmStep(session: Session, id: string, options: ConfirmOptions): Promise<void> {
  if (options.skip === true && options.evidence !== undefined) {
    throw new ElulmcError('USAGE', 'a step that is skipped has no evidence; say why with --note', { field: 'evidence' });
  }
  const file = options.evidence === undefined ? undefined : evidenceFile(options.evidence);
  await interruptible(async (signal) => {
    const { waitsFor, steps, state } = await findRun(session, id, signal);
    const step = steps.find((each) => each.id === waitsFor?.step);
    if (waitsFor?.kind !== 'confirmation' || step === undefined) {
      const now = waitsFor === null ? `it is ${state}` : `it waits for something else: ${waitsFor.text} (${waitsFor.help})`;
      throw new ElulmcError('RUN_STATE', `${id} does not wait for a confirmation; ${now}`);
    }
    const body: AnswerBody = {
      step: step.id,
      decision: options.skip === true ? 'skipped' : 'confirmed',
      ...(options.note === undefined ? {} : { note: options.note }),
      ...(file === undefined ? {} : { file }),
    };
    await sendAnswer(session, id, body, signal);
    if (session.output.json) session.output.object({ run: id, step: step.id, decision: body.decision });
    session.output.words(`${options.skip === true ? 'Skipped' : 'Confirmed'}: ${step.text}`);
    sayWhereItIs(session, id);
  });
}

/** `runbook export`: the report of a run as Markdown, to stdout or to a new file. */
export async function exportReport(session: Session, id: string, options: { readonly output?: string }): Promise<void> {
  const text = await interruptible((signal) => askText(controlAddress(session.context), { path: `${runPath(id)}/export`, signal }));
  const { output } = session;
  if (options.output === undefined) {
    if (output.json) output.object({ run: id, markdown: text });
    else output.data(text.trimEnd());
    return;
  }
  try {
    // Never over a report that somebody has already.
    writeFileSync(options.output, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ElulmcError('FIELD_INVALID', `--output: ${options.output} cannot be written (${code})`, { field: 'output', cause: error });
  }
  if (output.json) output.object({ run: id, file: options.output });
  output.words(`Written to ${options.output}.`);
}
