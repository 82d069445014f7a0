import type { RunOutcome } from '../operations/entries.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import type { StepAnswer } from './run-model.ts';
import { beginStep, endStep, waitFor } from './run-steps.ts';
import type { Directive, StepWork } from './run-steps.ts';
import type { RunState } from './run-view.ts';

const DECIDED: Readonly<
  Record<StepAnswer['decision'], { readonly state: RunState; readonly recorded: RunOutcome; readonly exit: ExitCode; readonly word: string }>
> = {
  confirmed: { state: 'succeeded', recorded: 'ok', exit: EXIT.ok, word: 'Confirmed' },
  skipped: { state: 'skipped', recorded: 'skipped', exit: EXIT.ok, word: 'Skipped' },
  stop: { state: 'failed', recorded: 'cancelled', exit: EXIT.interrupted, word: 'Stopped' },
};

/** A step that a person does: waits for what they say, and records it. */
export async function performPerson(work: StepWork): Promise<Directive> {
  const { record, step } = work;
  const { details } = record.run;
  await work.recorder.demandIntent(record);
  const answer = step.details.answer ?? (details.prose === 'skip' ? skippedBy(details.actor) : undefined);
  if (answer === undefined) {
    return waitFor(work, {
      kind: 'confirmation',
      step: step.details.shown.id,
      text: `somebody must do this and say so: ${step.details.shown.text}`.slice(0, 1000),
      help: `elulmc runbook confirm ${record.run.id}, with --note, --evidence FILE or --skip`,
    });
  }
  await beginStep(work);
  const { state, recorded, exit, word } = DECIDED[answer.decision];
  const summary = `${word} by ${answer.by}: ${step.details.shown.text}`.slice(0, 1000);
  const { by, note, file } = answer;
  const left = { ...(note === '' ? {} : { note }), ...(file === null ? {} : { file }) };
  const isEmpty = Object.keys(left).length === 0;
  await work.recorder.stepDone(record, step, by, {}, [], { outcome: recorded, summary, tookMs: 0, ...(isEmpty ? {} : { evidence: left }) });
  const evidence = answer.decision === 'skipped' && isEmpty ? null : { by, note, file };
  return endStep(work, { state, exit, summary, ends: answer.decision === 'stop', evidence });
}

function skippedBy(actor: string): StepAnswer {
  return { by: actor, decision: 'skipped', note: '', file: null };
}
