import { monotonicMs } from '../core/clock.ts';
import { asElulmcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { RecordedRun } from './entries.ts';
import { planDigest } from './plan-digest.ts';
import type { Recorder } from './recorder.ts';

/** What the log says of a change that somebody makes by signing in. Ids and digests only: no names, no addresses. */
export interface SignInRecord {
  /** `sign-in`, `sign-in oidc`, ... */
  readonly operation: string;
  /** `per_...`, or `system` where the person is made by it. */
  readonly actor: string;
  readonly input: Readonly<Record<string, string | null>>;
  readonly changes: readonly string[];
}

export interface SignInDone<T> {
  readonly value: T;
  readonly actor: string;
  readonly summary: string;
}

/**
 * Performs a change that is no operation, because it makes the one who could be authorized; recorded like one: an intent
 * before, a result after. LEDGER_UNAVAILABLE, and then nothing was performed.
 */
export async function recordSignIn<T>(recorder: Recorder, record: SignInRecord, perform: () => Promise<SignInDone<T>>): Promise<T> {
  const startedMs = monotonicMs();
  const run: RecordedRun = {
    runId: newId('run'),
    actor: record.actor,
    operation: record.operation,
    ref: null,
    input: record.input,
    plan: { changes: record.changes, notes: [] },
    planSha256: planDigest(record.operation, record.input, record.changes),
  };
  await recorder.intent(run);
  try {
    const { value, actor, summary } = await perform();
    await recorder.done({ ...run, actor }, { outcome: 'ok', summary, tookMs: monotonicMs() - startedMs });
    return value;
  } catch (thrown) {
    const error = asElulmcError(thrown, 'OPERATION_FAILED');
    await recorder.done(run, { outcome: 'failed', summary: 'Not done.', tookMs: monotonicMs() - startedMs, code: error.code, errorId: error.id });
    throw error;
  }
}
