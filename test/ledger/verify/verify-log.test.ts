import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { signNote } from '../../../src/ledger/verify/note.ts';
import { formatVerifierKey } from '../../../src/ledger/verify/note-key.ts';
import type { SignerKey } from '../../../src/ledger/verify/note-key.ts';
import { directorySource } from '../../../src/ledger/verify/tile-source.ts';
import { verifyLog } from '../../../src/ledger/verify/verify-log.ts';
import type { VerifyLogResult } from '../../../src/ledger/verify/verify-log.ts';
import { makeLog, MemoryTiles, newSigner, ORIGIN, temporaryFolder } from '../support.ts';

const SIZE = 1000;

async function smallLog(): Promise<{
  directory: string;
  key: SignerKey;
  vkey: string;
  verify: (range?: { from?: number; to?: number }) => Promise<VerifyLogResult>;
}> {
  const directory = join(temporaryFolder(), 'log');
  const key = await makeLog(directory, SIZE);
  const vkey = formatVerifierKey(key);
  return { directory, key, vkey, verify: (range = {}) => verifyLog({ source: directorySource(directory), vkey, ...range }) };
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

describe('a log that was changed is not verified, and the place is named', () => {
  test.each([
    ['checkpoint', 1],
    ['tile/0/000', 17],
    ['tile/0/003.p/232', 0],
    ['tile/1/000.p/3', 40],
    ['tile/entries/000', 0],
    ['tile/entries/001', 2000],
    ['tile/entries/003.p/232', 100],
  ])('%s, byte %d', async (path, offset) => {
    const { directory, verify } = await smallLog();
    flip(join(directory, path), offset);
    const result = await verify();
    expect(result.verified).toBe(false);
    // A changed tile at the right edge shows as a root that does not come out.
    if (!result.verified) expect([path, 'checkpoint']).toContain(result.place);
  });

  test.each(['checkpoint', 'tile/0/002', 'tile/entries/002', 'tile/0/003.p/232', 'tile/entries/003.p/232'])('%s missing', async (path) => {
    const { directory, verify } = await smallLog();
    rmSync(join(directory, path));
    expect(await verify()).toEqual({ verified: false, place: path, reason: 'is missing' });
  });

  test.each(['tile/0/002', 'tile/entries/002', 'tile/0/003.p/232', 'tile/entries/003.p/232'])('%s cut short', async (path) => {
    const { directory, verify } = await smallLog();
    truncateSync(join(directory, path), readFileSync(join(directory, path)).length - 1);
    expect(await verify()).toMatchObject({ verified: false, place: path });
  });

  test('a bundle with one entry too few', async () => {
    const { directory, verify } = await smallLog();
    const file = join(directory, 'tile/entries/001');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(2 + bytes.readUInt16BE(0)));
    expect(await verify()).toEqual({ verified: false, place: 'tile/entries/001', reason: 'has 255 entries instead of 256' });
  });

  test('two entries that changed places', async () => {
    const { directory, verify } = await smallLog();
    const file = join(directory, 'tile/entries/000');
    const bytes = readFileSync(file);
    const length = 2 + bytes.readUInt16BE(0);
    writeFileSync(file, Buffer.concat([bytes.subarray(length, 2 * length), bytes.subarray(0, length), bytes.subarray(2 * length)]));
    expect(await verify()).toEqual({ verified: false, place: 'tile/entries/000', reason: 'entry 0 does not hash to its leaf' });
  });

  test('a checkpoint of another key', async () => {
    const { directory, verify } = await smallLog();
    const text = readFileSync(join(directory, 'checkpoint'), 'utf8').split('\n\n')[0] ?? '';
    writeFileSync(join(directory, 'checkpoint'), signNote(`${text}\n`, newSigner(ORIGIN)));
    expect(await verify()).toEqual({ verified: false, place: 'checkpoint', reason: 'no signature of a known key' });
  });
});

describe('a log', () => {
  test('verifies whole and in ranges', async () => {
    const { verify } = await smallLog();
    expect(await verify()).toMatchObject({ verified: true, origin: ORIGIN, size: SIZE, from: 0, to: SIZE });
    expect(await verify({ from: 300, to: 301 })).toMatchObject({ verified: true, from: 300, to: 301 });
    expect(await verify({ from: SIZE })).toMatchObject({ verified: true, from: SIZE, to: SIZE });
  });

  test('a range outside of it is an error', async () => {
    const { verify } = await smallLog();
    await expect(verify({ from: -1 })).rejects.toThrow(RangeError);
    await expect(verify({ to: SIZE + 1 })).rejects.toThrow(RangeError);
    await expect(verify({ from: 6, to: 5 })).rejects.toThrow(RangeError);
    await expect(verify({ from: 0.5 })).rejects.toThrow(RangeError);
  });

  test('damage outside a range does not touch it', async () => {
    const { directory, verify } = await smallLog();
    flip(join(directory, 'tile/entries/000'), 5);
    expect(await verify({ from: 256 })).toMatchObject({ verified: true });
    expect(await verify({ from: 255 })).toMatchObject({ verified: false, place: 'tile/entries/000' });
  });

  test('without a file but its checkpoint verifies when it is empty', async () => {
    const directory = join(temporaryFolder(), 'log');
    const key = await makeLog(directory, 0);
    expect(await verifyLog({ source: directorySource(directory), vkey: formatVerifierKey(key) })).toMatchObject({ verified: true, size: 0 });
  });

  test('that names an impossible size is refused', async () => {
    const key = newSigner();
    const source = new MemoryTiles();
    source.files.set('checkpoint', Buffer.from(signNote(`${ORIGIN}\n${String(2n ** 64n - 1n)}\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`, key)));
    expect(await verifyLog({ source, vkey: formatVerifierKey(key) })).toMatchObject({ verified: false, place: 'checkpoint' });
  });
});

describe('at sizes around the edges of tiles', () => {
  test.each([1, 255, 256, 257, 65_535, 65_536, 65_537])('%d entries', { timeout: 120_000 }, async (size) => {
    const directory = join(temporaryFolder(), 'log');
    const key = await makeLog(directory, size);
    const progress: [number, number][] = [];
    const result = await verifyLog({
      source: directorySource(directory),
      vkey: formatVerifierKey(key),
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(result).toMatchObject({ verified: true, size });
    expect(progress.at(-1)).toEqual([size, size]);
  });
});
