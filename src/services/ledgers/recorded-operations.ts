import { join } from 'node:path';
import { asRecord } from '../../core/json.ts';
import { parseEntry, readEntries } from '../../ledger/reader.ts';

/** How a call of an operation ended, as a log says it. */
export interface RecordedOperation {
  /** `run_...` */
  readonly id: string;
  /** `security verify-model` */
  readonly action: string;
  readonly outcome: string;
  /** Run of the runbook that it was a step of. */
  readonly ref: string | null;
  /** Code of the error that ended it. */
  readonly code: string | null;
  readonly summary: string;
}

/** The ends of all calls in one log of a home, oldest first. */
export async function readRecordedOperations(ledger: string, log: string): Promise<readonly RecordedOperation[]> {
  const operations: RecordedOperation[] = [];
  for await (const stored of readEntries(join(ledger, log))) {
    const { kind, id, action, outcome, ref, data } = parseEntry(stored);
    if (kind !== 'operation.done') continue;
    const { code, summary } = asRecord(data) ?? {};
    operations.push({ id, action, outcome, ref, code: typeof code === 'string' ? code : null, summary: typeof summary === 'string' ? summary : '' });
  }
  return operations;
}
