import { createHash } from 'node:crypto';
import { sleep, wallAt } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { RecordedRun, RunOutcome, RunResult } from '../operations/entries.ts';
import { planDigest, sha256OfJson } from '../operations/plan-digest.ts';
import type { Recorded, Recorder } from '../operations/recorder.ts';
import type { OperationRuns } from '../operations/runs.ts';
import type { PreparedRun, PreparedStep } from './prepare.ts';

/** How long a run waits for its intent when its first effect must not wait for it. */
const INTENT_PATIENCE_MS = 3_000;

/** The record of one run: an intent before, a result after, and one entry for each step that a person does. */
export interface RunRecord {
  /** LEDGER_UNAVAILABLE when the intent is not durable: nothing but an effect-first step may come before. */
  demandIntent(): Promise<void>;
  person(step: PreparedStep, runId: string, outcome: RunOutcome, summary: string): Promise<void>;
  end(result: RunResult): Promise<Recorded['where']>;
}

export interface RecordParts {
  readonly recorder: Recorder;
  readonly runs: OperationRuns;
  /** Entries in the control log now. */
  readonly logSize: () => number;
}

/** What a line does, without its arguments: one of them may be secret. */
function stepText({ step, command }: PreparedStep): string {
  return command === null ? `line ${String(step.line)}: ${step.text}` : `line ${String(step.line)}: ${command.entry.room} ${command.entry.name}`;
}

/** A row that cannot be written is left to the next start: the log says what happened. */
const leaveToNextStart = (): undefined => undefined;

export function openRunRecord(parts: RecordParts, runId: string, actor: string, text: string, prepared: PreparedRun): RunRecord {
  const changes = prepared.steps.map(stepText);
  const input = {
    section: prepared.section,
    documentSha256: createHash('sha256').update(text).digest('hex'),
    parameters: prepared.needs.map((need) => need.name),
  };
  const run: RecordedRun = {
    runId,
    actor,
    operation: 'runbook run',
    ref: null,
    input,
    plan: { changes, notes: [] },
    planSha256: planDigest('runbook run', input, changes),
  };
  const row = { runId, operation: run.operation, actor, ref: null, inputSha256: sha256OfJson(input), planSha256: run.planSha256 };
  const opened = parts.runs.open({ ...row, logSize: parts.logSize(), openedAt: wallAt() }).catch(leaveToNextStart);
  let intentError: unknown;
  const intent = parts.recorder.intent(run).then(
    () => true,
    (error: unknown) => {
      intentError = error;
      return false;
    },
  );

  async function end(result: RunResult): Promise<Recorded['where']> {
    const patience = new AbortController();
    const hasIntent = await Promise.race([
      intent,
      sleep(INTENT_PATIENCE_MS, patience.signal).then(
        () => false,
        () => false,
      ),
    ]);
    patience.abort();
    const recorded = hasIntent ? await parts.recorder.done(run, result) : await parts.recorder.both(run, result);
    await opened;
    if (recorded.where !== 'none') await parts.runs.close(runId, { outcome: result.outcome, report: null }).catch(leaveToNextStart);
    return recorded.where;
  }

  return {
    demandIntent: async () => {
      if (!(await intent)) throw new ElulmcError('LEDGER_UNAVAILABLE', 'the run cannot be recorded, so it goes no further', { cause: intentError });
    },
    person: async ({ step }, stepRun, outcome, summary) => {
      const own = { section: prepared.section, line: step.line, text: step.text };
      const recorded = await parts.recorder.done(
        {
          ...run,
          runId: stepRun,
          operation: 'runbook step',
          ref: runId,
          input: own,
          plan: { changes: [], notes: [] },
          planSha256: planDigest('runbook step', own, []),
        },
        { outcome, summary, tookMs: 0 },
      );
      if (recorded.where === 'none') throw new ElulmcError('LEDGER_UNAVAILABLE', 'the answer cannot be recorded, so it does not count');
    },
    end,
  };
}
