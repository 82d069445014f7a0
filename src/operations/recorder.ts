import { asElulmcError } from '../core/errors.ts';
import type { EntryKind, LedgerEntry } from '../ledger/entry.ts';
import type { LedgerLog, Position } from '../ledger/log.ts';
import { doneEntry, intentEntry } from './entries.ts';
import type { RecordedRun, RunResult } from './entries.ts';
import { spoolEntries, unspool } from './spool.ts';

export interface Recorded {
  /** `spool`: the next start appends it. `none`: neither the log nor the spool could be written. */
  readonly where: 'ledger' | 'spool' | 'none';
  readonly intent: Position | null;
  readonly done: Position | null;
}

/** Writes the entries of operations into the control log. */
export interface Recorder {
  /** Resolves when the intent is durable; LEDGER_UNAVAILABLE otherwise. */
  intent(run: RecordedRun): Promise<Position>;
  /** Records the result of what was performed. Never rejects: if the log fails, the record goes to the spool. */
  done(run: RecordedRun, result: RunResult): Promise<Recorded>;
  /** The same for an effect that no intent preceded: intent and result in one go. */
  both(run: RecordedRun, result: RunResult): Promise<Recorded>;
  /** Records that nothing was performed (a refusal, a dry run). Never rejects, and nothing is spooled. */
  nothingPerformed(run: RecordedRun, result: RunResult): Promise<Recorded>;
}

/** A disk that hangs must not keep an emergency command from ending. */
const LOG_PATIENCE_MS = 3_000;

/** Resolves when `promise` has settled or the time is over, whichever comes first. */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

export function openRecorder(log: LedgerLog, spool: string, patienceMs = LOG_PATIENCE_MS): Recorder {
  async function record(runId: string, entries: readonly LedgerEntry[], maySpool: boolean): Promise<Recorded> {
    const from = log.size();
    const positions = new Map<LedgerEntry, Position>();
    const at = (kind: EntryKind): Position | null => [...positions].find(([entry]) => entry.kind === kind)?.[1] ?? null;
    const missing = (): LedgerEntry[] => entries.filter((entry) => !positions.has(entry));
    const appends = entries.map(async (entry) => {
      positions.set(entry, await (entry.kind === 'operation.done' ? log.appendSigned(entry) : log.append(entry)));
    });
    const settled = Promise.allSettled(appends);
    await settledWithin(settled, patienceMs);
    const where = missing().length === 0 ? 'ledger' : maySpool ? toSpool(runId, missing(), from) : 'none';
    // The log may only have been slow: then the record is there after all and must not wait in the spool.
    if (where === 'spool') void settled.then(() => (missing().length === 0 ? takeBack(runId) : undefined));
    return { where, intent: at('operation.intent'), done: at('operation.done') };
  }

  function toSpool(runId: string, entries: readonly LedgerEntry[], from: number): 'spool' | 'none' {
    try {
      spoolEntries(spool, runId, entries, from);
      return 'spool';
    } catch {
      return 'none';
    }
  }

  function takeBack(runId: string): void {
    try {
      unspool(spool, runId);
    } catch {
      // The next start finds the entries in the log and removes the file.
    }
  }

  return {
    intent: async (run) => {
      try {
        return await log.append(intentEntry(run));
      } catch (thrown) {
        throw asElulmcError(thrown, 'LEDGER_UNAVAILABLE');
      }
    },
    done: (run, result) => record(run.runId, [doneEntry(run, result)], true),
    both: (run, result) => record(run.runId, [intentEntry(run), doneEntry(run, result)], true),
    nothingPerformed: (run, result) => record(run.runId, [doneEntry(run, result)], false),
  };
}
