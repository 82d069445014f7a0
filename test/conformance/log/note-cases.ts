import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCheckpoint } from '../../../src/ledger/verify/checkpoint.ts';
import { openNote, signNote } from '../../../src/ledger/verify/note.ts';
import { formatVerifierKey, parseVerifierKey, signerKey } from '../../../src/ledger/verify/note-key.ts';
import type { SignerKey } from '../../../src/ledger/verify/note-key.ts';
import type { ConformanceCase } from '../suite.ts';

interface NoteVectors {
  readonly valid: readonly { readonly vkey: string; readonly note: string }[];
  readonly badVkeys: readonly string[];
  readonly keys: readonly { readonly skey?: string; readonly vkey: string }[];
  readonly splitView: { readonly vkey: string; readonly old: string; readonly new: string };
}

/** DER before the 32 bytes of an Ed25519 private key in PKCS#8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Go's text form of a signing key: `PRIVATE+KEY+<name>+<id>+<base64 of type and seed>`. */
function parseSigningKey(text: string): SignerKey {
  const [, , name = '', , ...rest] = text.split('+');
  const seed = Buffer.from(rest.join('+'), 'base64').subarray(1);
  return signerKey(name, 1, createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' }));
}

function accepts(action: () => unknown): string {
  try {
    action();
    return 'accepted';
  } catch {
    return 'refused';
  }
}

function changed(note: string): Buffer {
  const bytes = Buffer.from(note);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return bytes;
}

export function noteCases(directory: string): ConformanceCase[] {
  const file = join(directory, 'note', 'vectors.json');
  if (!existsSync(file)) return [];
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as NoteVectors;
  const signers = vectors.keys.flatMap(({ skey }) => (skey === undefined ? [] : [parseSigningKey(skey)]));
  return [...validCases(vectors), ...keyCases(vectors), ...splitViewCases(vectors), ...excerptCases(directory, signers)];
}

function validCases({ valid }: NoteVectors): ConformanceCase[] {
  return valid.flatMap(({ vkey, note }, i) => [
    { name: `note/valid/${String(i)}`, expected: 'accepted', given: () => accepts(() => openNote(Buffer.from(note), [parseVerifierKey(vkey)])) },
    { name: `note/valid/${String(i)} changed`, expected: 'refused', given: () => accepts(() => openNote(changed(note), [parseVerifierKey(vkey)])) },
  ]);
}

function keyCases({ badVkeys, keys }: NoteVectors): ConformanceCase[] {
  return [
    ...badVkeys.map((vkey, i) => ({ name: `note/badVkeys/${String(i)}`, expected: 'refused', given: () => accepts(() => parseVerifierKey(vkey)) })),
    ...keys.map(({ vkey }, i) => ({ name: `note/keys/${String(i)} vkey`, expected: vkey, given: () => formatVerifierKey(parseVerifierKey(vkey)) })),
    ...keys.flatMap(({ skey, vkey }, i) =>
      skey === undefined ? [] : [{ name: `note/keys/${String(i)} skey`, expected: vkey, given: () => formatVerifierKey(parseSigningKey(skey)) }],
    ),
  ];
}

/** Both notes verify, and each is a checkpoint: a split view shows only by a consistency proof. */
function splitViewCases({ splitView }: NoteVectors): ConformanceCase[] {
  const key = (): ReturnType<typeof parseVerifierKey> => parseVerifierKey(splitView.vkey);
  return (['old', 'new'] as const).map((side) => ({
    name: `note/splitView/${side}`,
    expected: splitView[side].split('\n').slice(0, 3).join(' '),
    given: () => {
      const { origin, size, root } = parseCheckpoint(openNote(Buffer.from(splitView[side]), [key()]).text);
      return `${origin} ${String(size)} ${Buffer.from(root, 'latin1').toString('base64')}`;
    },
  }));
}

/** Signed notes quoted in Go's own test: Ed25519 is deterministic, so signing the text again gives the same note. */
function excerptCases(directory: string, signers: readonly SignerKey[]): ConformanceCase[] {
  const file = join(directory, 'note', 'golang-note_test-excerpt.txt');
  if (!existsSync(file)) return [];
  const quoted = [...readFileSync(file, 'utf8').matchAll(/`([^`]*\n\n\u2014 [^`]*\n)`/gu)].map((match) => match[1] ?? '');
  return quoted.flatMap((note, i) => {
    const signer = signers.find(({ name }) => note.includes(`\n\u2014 ${name} `));
    if (signer === undefined) return [];
    return [{ name: `note/excerpt/${String(i)}`, expected: note, given: () => signNote(openNote(Buffer.from(note), [signer]).text, signer) }];
  });
}
