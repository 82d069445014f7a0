import { monotonicMs } from '../../core/clock.ts';

export interface ScanLimits {
  /** Containers around the innermost bytes. */
  readonly depth: number;
  /** Members, streams and other parts of one file, all levels together. */
  readonly parts: number;
  /** Unpacked bytes of one file, all levels together. */
  readonly unpackedBytes: number;
  /** Unpacked to packed bytes of one member. Small members may have any ratio. */
  readonly ratio: number;
  readonly ratioFreeBytes: number;
  /** The same for all members of a file together. */
  readonly fileFreeBytes: number;
  /** Listed findings of one file, and of one rule in it: many of one kind do not push out another. */
  readonly findings: number;
  readonly findingsOfRule: number;
  /** Time for one file: a fixed part, and one for every MiB. */
  readonly fileMs: number;
  readonly mibMs: number;
}

export const DEFAULT_LIMITS: ScanLimits = {
  depth: 5,
  parts: 50_000,
  unpackedBytes: 16 * 1024 ** 3,
  ratio: 100,
  ratioFreeBytes: 8 * 1024 * 1024,
  fileFreeBytes: 256 * 1024 * 1024,
  findings: 1000,
  findingsOfRule: 100,
  fileMs: 30_000,
  mibMs: 50,
};

const MIB = 1024 * 1024;

/** Time for a file of so many bytes. */
export function timeLimitMs({ fileMs, mibMs }: ScanLimits, bytes: number): number {
  return fileMs + (mibMs * bytes) / MIB;
}

/** Why a scan was stopped at its time limit. */
export class TimeOver extends Error {}

/**
 * A signal that is aborted as soon as the time is over even while nothing lets the event loop run: its `aborted` looks at the clock.
 * `outer` stops it as well.
 */
export function deadlineSignal(limitMs: number, outer?: AbortSignal): AbortSignal {
  const end = monotonicMs() + limitMs;
  const { signal } = new AbortController();
  let reason: unknown;
  const look = (): boolean => {
    if (reason === undefined && outer?.aborted === true) reason = outer.reason;
    if (reason === undefined && monotonicMs() > end) reason = new TimeOver(`the scan passed its limit of ${String(Math.round(limitMs))} ms`);
    return reason !== undefined;
  };
  return Object.defineProperties(signal, {
    aborted: { get: look },
    reason: { get: () => (look() ? reason : undefined) },
    throwIfAborted: {
      value: () => {
        if (look()) throw reason as Error;
      },
    },
  });
}
