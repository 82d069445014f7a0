import { wallAt, wallMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Actor } from '../services/people/service.ts';
import type { PreparedStep } from './prepare.ts';
import type { RunDetails, RunRecord, RunRow, StepDetails, StepRow } from './run-model.ts';
import type { StepEnd } from './run-outcome.ts';
import type { LiveRun, RunParts } from './run-parts.ts';
import type { RunRecorder } from './run-record.ts';
import type { WaitsFor } from './run-view.ts';
import type { RunViewers } from './run-viewers.ts';

/** What the durable engine does next. It is remembered, so it holds nothing but this. */
export type Directive = { readonly next: 'step' } | { readonly next: 'end' } | { readonly next: 'wait'; readonly seconds: number };

export const GO_ON: Directive = { next: 'step' };
export const ENDED: Directive = { next: 'end' };
/** A wake may be lost with the process that sends it: a run that waits looks again by itself. */
const LONGEST_WAIT_SECONDS = 3_600;

/** One step in the hands of who performs it. */
export interface StepWork {
  readonly parts: RunParts;
  readonly live: LiveRun;
  readonly recorder: RunRecorder;
  readonly viewers: RunViewers;
  /** As it was when the step was taken up. */
  readonly record: RunRecord;
  readonly step: StepRow;
  readonly prepared: PreparedStep;
  /** Aborts when the control plane stops. */
  readonly stopping: AbortSignal;
}

/** Errors that say nothing about the step: the whole run waits, stops or is somebody else's. */
export function isForTheRun(error: ElulmcError, stopping: AbortSignal): boolean {
  return error.code === 'DATABASE_UNAVAILABLE' || error.code === 'LEADERSHIP_LOST' || (error.code === 'INTERRUPTED' && stopping.aborted);
}

/** The row moved on without us: another attempt, or an abort that came first. */
export class MovedOn extends Error {}

export interface Patch {
  readonly state?: StepRow['state'];
  readonly step?: Partial<StepDetails>;
  readonly runState?: RunRow['state'];
  readonly run?: Partial<RunDetails>;
}

function startedAt({ details }: StepRow, { step }: Patch): string | null {
  // The door refused it: nothing was begun. What an earlier try has done stays.
  if (step?.startedAt === null && details.retries === 0) return null;
  return details.startedAt ?? step?.endedAt ?? null;
}

/** Changes the step that is worked on, in one transaction with its run. MovedOn when somebody else has decided meanwhile. */
export async function changeStep({ parts, viewers, record, step }: Pick<StepWork, 'parts' | 'viewers' | 'record' | 'step'>, patch: Patch): Promise<void> {
  const { id, attempt } = record.run;
  await parts.store.change(id, step.index, ({ run, steps: [row] }) => {
    if (row === undefined || run.attempt !== attempt || run.endedAt !== null) throw new MovedOn();
    return {
      run: { ...run, state: patch.runState ?? run.state, details: { ...run.details, ...patch.run } },
      steps: [
        {
          ...row,
          state: patch.state ?? row.state,
          details: { ...row.details, ...patch.step, startedAt: startedAt(row, patch) },
        },
      ],
      answer: undefined,
    };
  });
  viewers.changed(id);
}

/** Marks the step as begun. MovedOn when the run was aborted before. */
export async function beginStep(work: StepWork): Promise<void> {
  const { parts, recorder, viewers, record, step } = work;
  await parts.store.change(record.run.id, step.index, ({ run, steps: [row] }) => {
    if (row === undefined || run.attempt !== record.run.attempt || run.endedAt !== null || run.details.abort !== null) throw new MovedOn();
    return {
      run: { ...run, state: 'running', details: { ...run.details, waitsFor: null, record: recorder.noted(run.details.record) } },
      steps: [{ ...row, state: 'running', details: { ...row.details, startedAt: row.details.startedAt ?? wallAt(), begunBy: parts.logName } }],
      answer: undefined,
    };
  });
  viewers.changed(record.run.id);
}

export async function endStep(work: StepWork, { state, ...details }: StepEnd): Promise<Directive> {
  await changeStep(work, {
    state,
    step: { ...details, interrupted: false, process: null, endedAt: wallAt() },
    runState: 'running',
    run: { waitsFor: null },
  });
  return GO_ON;
}

/** Lets the run wait. An abort that came first is taken up instead. */
export async function waitFor(work: StepWork, waitsFor: WaitsFor, patch: Patch = {}, seconds = LONGEST_WAIT_SECONDS): Promise<Directive> {
  const isApproval = waitsFor.kind === 'approval';
  await changeStep(work, {
    state: isApproval ? 'waiting-approval' : 'pending',
    runState: isApproval ? 'waiting-approval' : 'pending',
    ...patch,
    step: { ...(waitsFor.kind === 'decision' ? {} : { startedAt: null }), ...patch.step },
    run: { waitsFor, ...patch.run },
  });
  return { next: 'wait', seconds: Math.max(1, Math.min(LONGEST_WAIT_SECONDS, Math.ceil(seconds))) };
}

const HELD_UP: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['CHANGE_BLACKOUT', 'CHANGE_OUTSIDE_WINDOW', 'CHANGE_CONFLICT']);
/** A window may be closed or a change moved meanwhile: a run that they hold up looks again at least so often. */
const LONGEST_WINDOW_SECONDS = 600;

/** Whether the step is refused for the time being only. */
export function isHeldUp({ code }: ElulmcError): boolean {
  return HELD_UP.has(code);
}

export function waitForWindow(work: StepWork, error: ElulmcError): Promise<Directive> {
  const { record, step } = work;
  const rest = error.retryAt === null ? 'give it another time: waiting alone does not help' : 'wait: it goes on by itself';
  const help = `elulmc runbook abort ${record.run.id} --reason TEXT, or ${rest}`;
  const seconds = (Date.parse(error.retryAt ?? '') - wallMs()) / 1000;
  const pause = Number.isNaN(seconds) ? LONGEST_WINDOW_SECONDS : Math.min(LONGEST_WINDOW_SECONDS, seconds);
  return waitFor(work, { kind: 'window', step: step.details.shown.id, text: error.message, help }, {}, pause);
}

/** Who started the run, as that person is now. NOT_ALLOWED when the person was removed. */
export async function actorOf(parts: Pick<RunParts, 'people'>, kind: Actor['kind'], id: string): Promise<Actor> {
  if (kind === 'system') return { kind: 'system', id: 'system' };
  if (kind === 'local') return { kind: 'local', id };
  const person = await parts.people.find(id);
  if (person?.removedAt !== null) throw new ElulmcError('NOT_ALLOWED', `${id} has been removed, and the run acts for them`);
  return { kind: 'person', id: person.id, name: person.name, role: person.role };
}
