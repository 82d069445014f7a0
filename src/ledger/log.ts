import type { LedgerEntry } from './entry.ts';

/** Size and root of a tree; root is standard base64 of 32 bytes. */
export interface TreeHead {
  readonly size: number;
  readonly root: string;
}

/** Where an entry stands once it is durable. */
export interface Position {
  readonly log: string;
  readonly index: number;
}

export interface OpenLogOptions {
  /** Folder of the log: `ledger/<name>`; made if absent. */
  readonly directory: string;
  /** Last part of `directory`; `control`, `gw-local-0`. */
  readonly name: string;
  /** Origin line and key name of the checkpoints. */
  readonly origin: string;
  /** Ed25519 private key (PKCS#8 PEM, 0600), made at the first opening. */
  readonly keyFile: string;
  /** Entries that may wait for durability; one more is refused with LEDGER_FULL. Default 65,536. */
  readonly maxPending?: number;
  /** Longest time between an entry's durability and a published checkpoint that covers it. Default 1,000. */
  readonly checkpointIntervalMs?: number;
  /** Called once when the log can no longer be written. Every waiting and later append fails with LEDGER_UNAVAILABLE. */
  readonly onFailure?: (error: Error) => void;
}

/**
 * One append-only log. The only writer of its folder, held by a lock; writing happens in a worker thread of its own.
 * Durable means: the bytes were written and fdatasync returned.
 */
export interface LedgerLog {
  readonly name: string;
  readonly origin: string;
  /** The verifier key, `<origin>+<id>+<key>`. */
  readonly vkey: string;
  /**
   * Appends and calls back once when the entry is durable (or has failed). Never throws; keeps order.
   * The hot path uses it: no promise, no closure beyond the caller's own.
   */
  appendThen(entry: LedgerEntry, done: (error: Error | null, index: number) => void): void;
  /** Appends; resolves when durable. */
  append(entry: LedgerEntry): Promise<Position>;
  /** Appends; resolves when a published checkpoint covers the entry. */
  appendSigned(entry: LedgerEntry): Promise<Position>;
  /** Size and root of the last published checkpoint. */
  head(): TreeHead;
  /** Number of durable entries, signed or not. */
  size(): number;
  /** Entries that wait for durability. */
  pending(): number;
  /** Age in milliseconds of the oldest entry that waits for durability; 0 when none waits. */
  lagMs(): number;
  /** Whether appends can succeed. */
  healthy(): boolean;
  /** Publishes a last checkpoint, releases the lock, ends the thread. */
  close(): Promise<void>;
}
