import type { ErrorCode } from '../../core/errors.ts';

/** What happened to one request of a load. Milliseconds of one clock from the start of the load. */
export interface ServedRequest {
  /** When it was due; latencies count from here, so that a queue in the client is part of them. */
  readonly dueMs: number;
  /** When each part of the answer came; empty when none did. */
  readonly eventMs: readonly number[];
  readonly endedMs: number;
  /** As the server counts them, else the number of events. */
  readonly outputTokens: number;
  /** Null: answered in full. */
  readonly error: ErrorCode | null;
}

/** Latencies of one request that was answered, in milliseconds. */
export interface RequestLatencies {
  /** Time to the first token; null for an answer without one. */
  readonly ttftMs: number | null;
  /** Time per output token after the first, (E2EL - TTFT) / (tokens - 1); null for fewer than two tokens. */
  readonly tpotMs: number | null;
  /** Gaps between one event and the next. */
  readonly itlMs: readonly number[];
  /** To the end of the answer. */
  readonly e2elMs: number;
}

/** Definitions of vLLM's serving benchmark (evaluation.md, 5.2). */
export function latenciesOf({ dueMs, eventMs, endedMs, outputTokens }: ServedRequest): RequestLatencies {
  const first = eventMs[0];
  const ttftMs = first === undefined ? null : first - dueMs;
  const e2elMs = endedMs - dueMs;
  return {
    ttftMs,
    tpotMs: ttftMs === null || outputTokens < 2 ? null : (e2elMs - ttftMs) / (outputTokens - 1),
    itlMs: eventMs.slice(1).map((at, i) => at - (eventMs[i] ?? at)),
    e2elMs,
  };
}
