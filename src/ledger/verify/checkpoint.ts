import { decodeDecimal, digestFromBase64, digestToBase64 } from './digest.ts';
import type { Digest } from './digest.ts';
import { openNote } from './note.ts';
import { NoteError } from './note-key.ts';
import type { VerifierKey } from './note-key.ts';

/** Text of a checkpoint note (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Digest;
  /** Lines after the root; this program writes none. */
  readonly extensions: readonly string[];
}

const MAX_SIZE = 2n ** 64n - 1n;

/** Reads the text of a checkpoint. Throws NoteError. */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith('\n')) throw new NoteError('the checkpoint does not end in a newline');
  const [origin = '', sizeLine = '', rootLine = '', ...extensions] = text.slice(0, -1).split('\n');
  const size = decodeDecimal(sizeLine);
  const root = digestFromBase64(rootLine);
  if (origin === '') throw new NoteError('the checkpoint has no origin');
  if (size === undefined || size > MAX_SIZE) throw new NoteError('the size of the checkpoint is not a number');
  if (root === undefined) throw new NoteError('the root of the checkpoint is not 32 bytes of base64');
  if (extensions.includes('')) throw new NoteError('the checkpoint has an empty line');
  return { origin, size, root, extensions };
}

export function formatCheckpoint(origin: string, size: bigint, root: Digest): string {
  return `${origin}\n${String(size)}\n${digestToBase64(root)}\n`;
}

/** Opens a checkpoint signed by the log's own key, whose name is the origin. Throws NoteError. */
export function openCheckpoint(bytes: Buffer, key: VerifierKey): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(bytes, [key]).text);
  if (checkpoint.origin !== key.name) throw new NoteError(`the checkpoint is of ${checkpoint.origin}, not of ${key.name}`);
  return checkpoint;
}
