import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LogWriter } from '../../src/ledger/log-writer.ts';
import { followLog, openLogReader, parseEntry, readEntries } from '../../src/ledger/reader.ts';
import type { StoredEntry } from '../../src/ledger/reader.ts';
import { hashLeaf } from '../../src/ledger/verify/digest.ts';
import { formatVerifierKey } from '../../src/ledger/verify/note-key.ts';
import { verifyConsistency } from '../../src/ledger/verify/proof.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { verifyTlogProof } from '../../src/ledger/verify/tlog-proof.ts';
import { entryTexts, makeLog, newSigner, temporaryFolder, testEntry, writeGroup } from './support.ts';

async function directoryOf(size: number): Promise<string> {
  const directory = join(temporaryFolder(), 'log');
  await makeLog(directory, size);
  return directory;
}

async function textsOf(entries: AsyncIterable<StoredEntry>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { bytes } of entries) texts.push(bytes.toString());
  return texts;
}

describe('reading is refused', () => {
  test('where there is no log', async () => {
    await expect(openLogReader(directorySource(temporaryFolder()))).rejects.toMatchObject({ code: 'LOG_UNREADABLE' });
    const directory = await directoryOf(5);
    await expect(openLogReader(directorySource(directory), 'no key')).rejects.toMatchObject({ code: 'LOG_UNREADABLE' });
  });

  test('with another key', async () => {
    const directory = await directoryOf(5);
    await expect(openLogReader(directorySource(directory), formatVerifierKey(newSigner()))).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION' });
  });

  test('at an entry that was changed, after those that were not', async () => {
    const directory = await directoryOf(600);
    const file = join(directory, 'tile/entries/001');
    const bytes = readFileSync(file);
    bytes[4] = (bytes[4] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { index } of readEntries(directory, { from: 200 })) seen.push(index);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION', message: expect.stringContaining('tile/entries/001: entry 256') as string });
    expect(seen.at(-1)).toBe(255);
  });

  test.each([
    [-1, 5],
    [0, 601],
    [7, 6],
    [0.5, 2],
  ])('from %d to %d of 600', async (from, to) => {
    await expect(textsOf(readEntries(await directoryOf(600), { from, to }))).rejects.toMatchObject({ code: 'FIELD_INVALID' });
  });

  test.each(['{', '[]', 'null', '{"v":2,"kind":"heartbeat"}', '{"v":1}'])('%s is no entry', (text) => {
    expect(() => parseEntry({ index: 7, bytes: Buffer.from(text) })).toThrow(
      expect.objectContaining({ code: 'LOG_UNREADABLE', message: expect.stringContaining('entry 7') as string }) as Error,
    );
  });
});

describe('entries', () => {
  test.each([
    [0, 600],
    [0, 0],
    [255, 257],
    [256, 512],
    [599, 600],
    [600, 600],
  ])('%d to %d', async (from, to) => {
    expect(await textsOf(readEntries(await directoryOf(600), { from, to }))).toEqual(entryTexts(from, to));
  });

  test('are parsed', () => {
    expect(parseEntry({ index: 0, bytes: Buffer.from(JSON.stringify(testEntry('a'))) })).toEqual(testEntry('a'));
  });

  test('are read while the log goes on, from the files of the checkpoint that was read', async () => {
    const directory = join(temporaryFolder(), 'log');
    const key = await makeLog(directory, 200);
    const reader = await openLogReader(directorySource(directory));
    const writer = await LogWriter.open({ directory, key });
    for (const size of [300, 400, 500]) {
      writeGroup(writer, entryTexts(writer.size, size));
      writer.publish();
    }
    writer.close();
    expect(await textsOf(reader.entries(0))).toEqual(entryTexts(0, 200));
  });
});

describe('proofs', () => {
  test('of inclusion and consistency verify', async () => {
    const directory = await directoryOf(600);
    const reader = await openLogReader(directorySource(directory));
    const key = await openLogReader(directorySource(directory)).then(({ vkey }) => vkey);
    const { parseVerifierKey } = await import('../../src/ledger/verify/note-key.ts');
    expect(verifyTlogProof(await reader.proveInclusion(300), Buffer.from('entry 300'), parseVerifierKey(key)).size).toBe(600n);
    const proof = await reader.proveConsistency(300);
    expect(verifyConsistency(300n, 600n, await reader.rootAt(300), reader.root, proof)).toBe(true);
    expect(await reader.rootAt(1)).toBe(hashLeaf(Buffer.from('entry 0')));
  });

  test('outside of the log are refused', async () => {
    const reader = await openLogReader(directorySource(await directoryOf(600)));
    await expect(reader.proveInclusion(600)).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    await expect(reader.proveConsistency(601)).rejects.toMatchObject({ code: 'FIELD_INVALID' });
    await expect(reader.rootAt(0)).rejects.toMatchObject({ code: 'FIELD_INVALID' });
  });
});

describe('following', () => {
  test('gives what is there and then what comes, until it is stopped', async () => {
    const directory = join(temporaryFolder(), 'log');
    const key = await makeLog(directory, 300);
    const stop = new AbortController();
    const texts: string[] = [];
    for await (const { bytes } of followLog(directorySource(directory), { from: 290, intervalMs: 5, signal: stop.signal })) {
      texts.push(bytes.toString());
      if (texts.length === 10) await extend(directory, key, 310);
      if (texts.length === 20) stop.abort();
    }
    expect(texts).toEqual(entryTexts(290, 310));
  });

  test('stops at a log that shrinks or forks', async () => {
    const directory = join(temporaryFolder(), 'log');
    const key = await makeLog(directory, 300);
    for (const size of [200, 400]) {
      const stop = new AbortController();
      const following = (async () => {
        for await (const { index } of followLog(directorySource(directory), { from: 0, intervalMs: 5, signal: stop.signal })) {
          if (index === 299) await replaceByFork(directory, key, size);
        }
      })();
      await expect(following).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION', message: expect.stringMatching(/shrank|forked/) as string });
      rmSync(directory, { recursive: true });
      await makeLog(directory, 300, key);
    }
  });
});

async function extend(directory: string, key: Parameters<typeof makeLog>[2], size: number): Promise<void> {
  await makeLog(directory, size, key);
}

async function replaceByFork(directory: string, key: Parameters<typeof makeLog>[2], size: number): Promise<void> {
  rmSync(directory, { recursive: true });
  const writer = await LogWriter.open({ directory, key: key ?? newSigner() });
  writeGroup(writer, ['another entry', ...entryTexts(1, size)]);
  writer.publish();
  writer.close();
}
