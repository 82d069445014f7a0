import { join } from 'node:path';
import type { Home } from '../core/home.ts';

export const SUBJECT_KEY_BYTES = 32;

/** The private keys of an installation, all 0600 in `keys/` (docs/formats/home.md). */
export interface KeyFiles {
  /** Signs session tokens. */
  readonly session: string;
  /** Wraps the keys of subjects. */
  readonly subject: string;
  /** Cosigns the logs. */
  readonly witness: string;
  /** Signs the checkpoints of a log. */
  readonly ledger: (log: string) => string;
}

export function keyFilesOf(home: Home): KeyFiles {
  return {
    session: join(home.keys, 'session.key'),
    subject: join(home.keys, 'subject.key'),
    witness: join(home.keys, 'witness.key'),
    ledger: (log) => join(home.keys, `ledger-${log}.key`),
  };
}
