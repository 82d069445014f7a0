import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLogReader } from '../../../src/ledger/reader.ts';
import { NoteError } from '../../../src/ledger/verify/note-key.ts';
import type { SignerKey } from '../../../src/ledger/verify/note-key.ts';
import { directorySource } from '../../../src/ledger/verify/tile-source.ts';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from '../../../src/ledger/verify/tlog-proof.ts';
import { makeLog, newSigner, temporaryFolder } from '../support.ts';

async function receipt(index: number): Promise<{ key: SignerKey; text: string; entry: Buffer }> {
  const directory = join(temporaryFolder(), 'log');
  const key = await makeLog(directory, 700);
  const proof = await (await openLogReader(directorySource(directory))).proveInclusion(index);
  expect(proof.toString().endsWith(readFileSync(join(directory, 'checkpoint'), 'utf8'))).toBe(true);
  return { key, text: proof.toString(), entry: Buffer.from(`entry ${String(index)}`) };
}

describe('a receipt is refused', () => {
  test.each([
    ['another header', (text: string) => text.replace('@v1', '@v2')],
    ['no index', (text: string) => text.replace(/index .*\n/, '')],
    ['index with a leading zero', (text: string) => text.replace('index ', 'index 0')],
    ['another index', (text: string) => text.replace('index 300', 'index 301')],
    ['a hash less', (text: string) => text.replace(/(index .*\n).*\n/, '$1')],
    ['a hash that is not base64', (text: string) => text.replace(/(index .*\n)./, '$1!')],
    ['a changed checkpoint', (text: string) => text.replace('\n700\n', '\n701\n')],
    ['no blank line', (text: string) => text.replace('\n\n', '\n')],
    ['an extra line that is not base64', (text: string) => text.replace('index', 'extra !\nindex')],
    ['64 hashes', (text: string) => text.replace(/(index .*\n)(.*\n)/, (_all, index: string, hash: string) => index + hash.repeat(64))],
    ['nothing', () => ''],
  ])('%s', async (_name, change) => {
    const { key, text, entry } = await receipt(300);
    expect(() => verifyTlogProof(Buffer.from(change(text)), entry, key)).toThrow(NoteError);
  });

  test('for another entry, or another log', async () => {
    const { key, text, entry } = await receipt(300);
    expect(() => verifyTlogProof(Buffer.from(text), Buffer.from('entry 301'), key)).toThrow(NoteError);
    expect(() => verifyTlogProof(Buffer.from(text), entry, newSigner())).toThrow(NoteError);
  });
});

test.each([0, 255, 256, 699])('the receipt of entry %d verifies with the public key only', async (index) => {
  const { key, text, entry } = await receipt(index);
  expect(verifyTlogProof(Buffer.from(text), entry, key)).toMatchObject({ size: 700n, origin: key.name });
});

test('an extra line is kept', async () => {
  const { text } = await receipt(5);
  const proof = { ...parseTlogProof(Buffer.from(text)), extra: Buffer.from('not authenticated') };
  expect(parseTlogProof(formatTlogProof(proof))).toEqual(proof);
});
