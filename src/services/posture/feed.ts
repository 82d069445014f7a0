import type { PostureSnapshot } from './snapshot.ts';

/**
 * The gateway's view of the posture: held in memory, valid only under its lease (reference: version row, NOTIFY as a
 * wake-up, 2 s lease counted from before the query was sent, kill-switch file). Never on a request's path.
 */
export interface PostureFeed {
  /** The last accepted snapshot; undefined until the first. Its `keys` is keyed by SHA-256 hex. */
  current(): PostureSnapshot | undefined;
  /** Monotonic time (core/clock) at which the lease ends; -Infinity before the first read. */
  leaseEndMs(): number;
  /** Whether the kill-switch file is in place on this host. */
  killSwitch(): boolean;
  /**
   * Called after each accepted change (new version) and each appearance or removal of the kill-switch file, in the same
   * turn in which it became known. Not called for mere renewals of the lease.
   */
  onChange(listener: (change: 'posture' | 'killswitch') => void): void;
  close(): Promise<void>;
}
