import { wallMs } from '../../core/clock.ts';
import { ConnectionLost } from './upstream-failure.ts';
import type { UpstreamRefusal } from './upstream-failure.ts';

export interface RetryPolicy {
  /** Further attempts after the first; default 4. */
  readonly retries: number;
  /** Longest wait before one attempt; a server that asks for more is unavailable. */
  readonly maxWaitMs: number;
  /** Waits; a test puts its own here. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

const FIRST_WAIT_MS = 250;

/** Milliseconds of a Retry-After header (RFC 9110, 10.2.3: seconds or a date); null when there is none that can be read. */
export function retryAfterMs(header: string | string[] | undefined, nowMs: number = wallMs()): number | null {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === '') return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return null;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

/** A refusal together with what its Retry-After said. */
export class BusyUpstream extends Error {
  readonly refusal: UpstreamRefusal;
  readonly afterMs: number | null;

  constructor(refusal: UpstreamRefusal, afterMs: number | null) {
    super(refusal.message);
    this.refusal = refusal;
    this.afterMs = afterMs;
  }
}

/**
 * Repeats what failed because the server was busy (429, 503) or the connection broke, and nothing else. Waits as long as
 * Retry-After says, else 250 ms, doubled each time. A caller sees the last failure; a BusyUpstream never gets out.
 */
export async function withRetries<T>(attempt: () => Promise<T>, { retries, maxWaitMs, pause }: RetryPolicy, signal: AbortSignal): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      const isBusy = error instanceof BusyUpstream;
      if (!isBusy && !(error instanceof ConnectionLost)) throw error;
      const waitMs = (isBusy ? error.afterMs : null) ?? FIRST_WAIT_MS * 2 ** failures;
      if (failures >= retries || waitMs > maxWaitMs) throw isBusy ? error.refusal : error;
      await pause(waitMs, signal);
    }
  }
}
