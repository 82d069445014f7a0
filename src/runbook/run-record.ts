import { sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { RecordedRun, RunResult } from '../operations/entries.ts';
import { planDigest } from '../operations/plan-digest.ts';
import type { Recorder } from '../operations/recorder.ts';
import type { RecordedSince } from '../operations/spool.ts';
import type { AttemptRecord, RunDetails, RunRecord, StepRow } from './run-model.ts';

/** How long a run waits for its intent when its first effect must not wait for it. */
const INTENT_PATIENCE_MS = 3_000;

export interface RecordParts {
  readonly recorder: Recorder;
  /** Name of the control log: another control plane has another one. */
  readonly logName: string;
  /** Entries in the control log now. */
  readonly logSize: () => number;
  readonly recordedSince: RecordedSince;
}

/** What a line does, without its arguments: one of them may be secret. */
function stepText({ details }: StepRow): string {
  const { line, operation, text } = details.shown;
  return `line ${String(line)}: ${operation ?? text}`;
}

function attemptRun({ run, steps }: RunRecord, record: AttemptRecord): RecordedRun {
  const { details } = run;
  const isAbort = record.action === 'runbook abort';
  const input = {
    section: details.section,
    documentSha256: run.documentSha256,
    parameters: [...Object.keys(details.parameters), ...details.secrets].sort(),
    ...(details.change === null ? {} : { change: details.change }),
    ...(details.origin === 'request' ? {} : { origin: details.origin }),
    ...(record.decision === null ? {} : { decision: record.decision }),
    ...(isAbort ? { undo: details.abort?.undo ?? false, reason: details.abort?.reason ?? '' } : {}),
  };
  const changes = isAbort ? [] : steps.map(stepText);
  return {
    runId: record.id,
    actor: record.actor,
    operation: record.action,
    ref: record.action === 'runbook run' ? null : run.id,
    input,
    plan: { changes, notes: [] },
    planSha256: planDigest(record.action, input, changes),
  };
}

/**
 * The entries of runs in the ledger, each once however often a killed run repeats what it did. An intent is written beside the first
 * steps: only what is not effect-first waits for it.
 */
export class RunRecorder {
  readonly #parts: RecordParts;
  /** Attempts that began in this process: nothing of theirs can stand in the log without this process knowing. */
  readonly #begunHere = new Set<string>();
  /** What this process has recorded of steps, by attempt: the row may have to be changed more than once. */
  readonly #steps = new Map<string, Map<string, { intent: boolean; done: boolean }>>();
  readonly #intents = new Map<string, Promise<boolean>>();
  readonly #durable = new Set<string>();
  readonly #ended = new Set<string>();

  constructor(parts: RecordParts) {
    this.#parts = parts;
  }

  /** A record for a new attempt. */
  begin(id: string, action: AttemptRecord['action'], actor: string, decision: AttemptRecord['decision'] = null): AttemptRecord {
    this.#begunHere.add(id);
    return { id, action, actor, decision, logs: { [this.#parts.logName]: this.#parts.logSize() }, intent: false, ended: false };
  }

  /**
   * The run as a control plane takes it up whose log it may not have stood in yet; null when it stands in our log already. Stored
   * before anything of it is recorded there, so that a later process of the same log knows from where on to look.
   */
  adopted(details: RunDetails): RunDetails | null {
    const { record, abort } = details;
    const records = [record, ...(abort === null ? [] : [abort.record])];
    if (records.every(({ logs }) => logs[this.#parts.logName] !== undefined)) return null;
    return { ...details, record: this.#here(record), abort: abort === null ? null : { ...abort, record: this.#here(abort.record) } };
  }

  #here(record: AttemptRecord): AttemptRecord {
    const { logName, logSize } = this.#parts;
    return { ...record, logs: { [logName]: logSize(), ...record.logs } };
  }

  /** The record with what is known about its intent by now, so that no later start has to look. */
  noted(record: AttemptRecord): AttemptRecord {
    return this.#durable.has(record.id) ? { ...record, intent: true } : record;
  }

  /** Starts to write the intent unless it is written; never rejects. */
  startIntent(run: RunRecord, record: AttemptRecord): Promise<boolean> {
    if (record.intent) return Promise.resolve(true);
    let intent = this.#intents.get(record.id);
    if (intent === undefined) {
      intent = this.#writeIntent(run, record).catch(() => {
        this.#intents.delete(record.id);
        return false;
      });
      this.#intents.set(record.id, intent);
    }
    return intent;
  }

  async #writeIntent(run: RunRecord, record: AttemptRecord): Promise<boolean> {
    const { intent } = await this.#recorded(record, record.id);
    if (!intent) await this.#parts.recorder.intent(attemptRun(run, record));
    this.#durable.add(record.id);
    return true;
  }

  /** LEDGER_UNAVAILABLE when the intent is not durable: nothing but an effect-first step may come before. */
  async demandIntent(run: RunRecord): Promise<void> {
    if (!(await this.startIntent(run, run.run.details.record))) {
      throw new ElulmcError('LEDGER_UNAVAILABLE', 'the run cannot be recorded, so it goes no further');
    }
  }

  async end(run: RunRecord, record: AttemptRecord, result: RunResult): Promise<void> {
    if (this.#ended.has(record.id)) return;
    const earlier = await this.#recorded(record, record.id);
    if (!earlier.done) {
      const hasIntent = await this.#waitForIntent(this.startIntent(run, record));
      const recorded = attemptRun(run, record);
      await (hasIntent ? this.#parts.recorder.done(recorded, result) : this.#parts.recorder.both(recorded, result));
    }
    this.#ended.add(record.id);
    this.#intents.delete(record.id);
    this.#begunHere.delete(record.id);
    this.#steps.delete(record.id);
    this.#durable.delete(record.id);
  }

  /** Records what somebody decided about a step in the middle of an attempt. LEDGER_UNAVAILABLE when it cannot be. */
  async decided(run: RunRecord, record: AttemptRecord, summary: string): Promise<void> {
    const recorded = await this.#parts.recorder.done(attemptRun(run, record), { outcome: 'ok', summary, tookMs: 0 });
    if (recorded.where === 'none') throw new ElulmcError('LEDGER_UNAVAILABLE', 'the decision cannot be recorded, so it does not count');
  }

  /** Records before a process starts. LEDGER_UNAVAILABLE otherwise. */
  async stepIntent(run: RunRecord, step: StepRow, own: Readonly<Record<string, unknown>>, changes: readonly string[]): Promise<void> {
    const known = await this.#knownOfStep(run, step);
    if (known.intent) return;
    await this.#parts.recorder.intent(this.#stepRun(run, step, run.run.details.actor, own, changes));
    known.intent = true;
  }

  /** Records what a person did or a process came to. LEDGER_UNAVAILABLE when it cannot be, and then it does not count. */
  async stepDone(run: RunRecord, step: StepRow, by: string, own: Readonly<Record<string, unknown>>, changes: readonly string[], end: RunResult): Promise<void> {
    const known = await this.#knownOfStep(run, step);
    if (known.done) return;
    const recorded = await this.#parts.recorder.done(this.#stepRun(run, step, by, own, changes), end);
    if (recorded.where === 'none') throw new ElulmcError('LEDGER_UNAVAILABLE', 'the step cannot be recorded, so it does not count');
    known.done = true;
  }

  async #knownOfStep({ run }: RunRecord, step: StepRow): Promise<{ intent: boolean; done: boolean }> {
    const { record } = run.details;
    const steps = this.#steps.get(record.id) ?? new Map<string, { intent: boolean; done: boolean }>();
    this.#steps.set(record.id, steps);
    const { runId } = step.details;
    const known = steps.get(runId) ?? { ...(await this.#recorded(record, runId)) };
    steps.set(runId, known);
    return known;
  }

  #stepRun(run: RunRecord, step: StepRow, by: string, own: Readonly<Record<string, unknown>>, changes: readonly string[]): RecordedRun {
    const { line, text } = step.details.shown;
    const input = { section: run.run.details.section, line, text, ...own };
    return {
      runId: step.details.runId,
      actor: by,
      operation: 'runbook step',
      ref: run.run.id,
      input,
      plan: { changes, notes: [] },
      planSha256: planDigest('runbook step', input, changes),
    };
  }

  /** What the log holds already; looked up only where another process may have written it. */
  async #recorded(attempt: AttemptRecord, id: string): Promise<{ readonly intent: boolean; readonly done: boolean }> {
    const from = attempt.logs[this.#parts.logName];
    if (from === undefined || this.#begunHere.has(attempt.id)) return { intent: false, done: false };
    return this.#parts.recordedSince(id, from);
  }

  async #waitForIntent(intent: Promise<boolean>): Promise<boolean> {
    const patience = new AbortController();
    const late = sleep(INTENT_PATIENCE_MS, patience.signal).then(
      () => false,
      () => false,
    );
    const hasIntent = await Promise.race([intent, late]);
    patience.abort();
    return hasIntent;
  }
}
