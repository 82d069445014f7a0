import { verify } from 'node:crypto';
import { decodeBase64 } from './digest.ts';
import { isKeyName, NoteError } from './note-key.ts';
import type { SignerKey, VerifierKey } from './note-key.ts';

/** Signed notes of C2SP signed-note: text, blank line, signature lines. */

export interface NoteSignature {
  readonly key: VerifierKey;
  /** POSIX seconds of a cosignature (type 4). */
  readonly time: bigint | undefined;
}

export interface OpenedNote {
  /** The signed text with its last newline. */
  readonly text: string;
  /** The signatures that verified, one for each key. */
  readonly signatures: readonly NoteSignature[];
}

const MAX_SIGNATURES = 100;
const MAX_TIME = 2n ** 63n - 1n;
const ID_BYTES = 4;
const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** UTF-8 without control characters but newline. ignoreBOM: dropping a BOM would change the signed bytes. */
function decodeText(bytes: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NoteError('not UTF-8');
  }
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\x00-\x09\x0b-\x1f]/.test(text)) throw new NoteError('control character');
  return text;
}

/** Splits a note at its last blank line: the text may hold blank lines of its own. */
function splitNote(bytes: Buffer): { text: string; lines: string[] } {
  const all = decodeText(bytes);
  const cut = all.lastIndexOf('\n\n');
  if (cut < 0 || !all.endsWith('\n') || cut + 2 === all.length) throw new NoteError('no signature block');
  const lines = all.slice(cut + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw new NoteError('too many signatures');
  return { text: all.slice(0, cut + 1), lines };
}

function parseLine(line: string): { name: string; id: string; payload: Buffer } {
  const match = /^\u2014 (\S+) (\S+)$/u.exec(line);
  const raw = decodeBase64(match?.[2] ?? '');
  const name = match?.[1] ?? '';
  if (raw === undefined || raw.length <= ID_BYTES || !isKeyName(name)) throw new NoteError('malformed signature line');
  return { name, id: raw.toString('hex', 0, ID_BYTES), payload: raw.subarray(ID_BYTES) };
}

/** What a cosignature signs (C2SP tlog-cosignature, type 4). */
function cosignedMessage(time: bigint, text: string): string {
  return `cosignature/v1\ntime ${String(time)}\n${text}`;
}

function verifyLine(text: string, key: VerifierKey, payload: Buffer): NoteSignature {
  const timeBytes = key.type === 4 ? TIME_BYTES : 0;
  if (payload.length !== timeBytes + SIGNATURE_BYTES) throw new NoteError(`the signature of ${key.name} has a wrong length`);
  const time = key.type === 4 ? payload.readBigUInt64BE(0) : undefined;
  if (time !== undefined && time > MAX_TIME) throw new NoteError(`the time of ${key.name} is out of range`);
  const message = time === undefined ? text : cosignedMessage(time, text);
  if (!verify(null, Buffer.from(message), key.key, payload.subarray(timeBytes))) throw new NoteError(`bad signature of ${key.name}`);
  return { key, time };
}

/**
 * Opens a note: signatures of unknown keys are passed over, one that names a known key and fails condemns the whole note, and
 * at least one known key must have signed. Throws NoteError.
 */
export function openNote(bytes: Buffer, known: readonly VerifierKey[]): OpenedNote {
  const { text, lines } = splitNote(bytes);
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const { name, id, payload } = parseLine(line);
    const key = known.find((candidate) => candidate.name === name && candidate.id === id);
    if (key === undefined) continue;
    const signature = verifyLine(text, key, payload);
    if (!signatures.some((seen) => seen.key === key)) signatures.push(signature);
  }
  if (signatures.length === 0) throw new NoteError('no signature of a known key');
  return { text, signatures };
}

function signatureLine(key: SignerKey, payload: Buffer): string {
  return `\u2014 ${key.name} ${Buffer.concat([Buffer.from(key.id, 'hex'), payload]).toString('base64')}\n`;
}

/** A note over `text` (which ends in a newline) with one type 1 signature. */
export function signNote(text: string, key: SignerKey): string {
  return `${text}\n${signatureLine(key, key.sign(text))}`;
}

/** The signature line of a witness for a note's text: type 4, `time` in POSIX seconds. */
export function cosignatureLine(text: string, key: SignerKey, time: bigint): string {
  const stamp = Buffer.alloc(TIME_BYTES);
  stamp.writeBigUInt64BE(time);
  return signatureLine(key, Buffer.concat([stamp, key.sign(cosignedMessage(time, text))]));
}
