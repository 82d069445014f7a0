import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LogWriter } from '../../src/ledger/log-writer.ts';
import { readEntries } from '../../src/ledger/reader.ts';
import { signNote } from '../../src/ledger/verify/note.ts';
import { formatVerifierKey } from '../../src/ledger/verify/note-key.ts';
import type { SignerKey } from '../../src/ledger/verify/note-key.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { verifyLog } from '../../src/ledger/verify/verify-log.ts';
import { entryTexts, frameOf, makeLog, newSigner, temporaryFolder, walFiles, writeGroup } from './support.ts';

interface Made {
  readonly folder: string;
  readonly directory: string;
  readonly key: SignerKey;
}

async function made(size: number): Promise<Made> {
  const folder = temporaryFolder();
  const directory = join(folder, 'log');
  return { folder, directory, key: await makeLog(directory, size) };
}

function open({ directory, key }: Made): Promise<LogWriter> {
  return LogWriter.open({ directory, key });
}

function lastSegment(directory: string): string {
  return join(directory, 'entries.wal', walFiles(directory).at(-1) ?? '');
}

/** Everything in a folder, to see that a refusal changes nothing. */
function snapshot(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map((file) => [join(file.parentPath, file.name), readFileSync(join(file.parentPath, file.name), 'latin1')]));
}

async function expectRefused(log: Made, detail: RegExp): Promise<void> {
  const before = snapshot(log.directory);
  await expect(open(log)).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION', message: expect.stringMatching(detail) as string });
  expect(snapshot(log.directory)).toEqual(before);
}

async function expectWhole(log: Made, size: number): Promise<void> {
  const result = await verifyLog({ source: directorySource(log.directory), vkey: formatVerifierKey(log.key) });
  expect(result).toMatchObject({ verified: true, size });
  let index = 0;
  for await (const { bytes } of readEntries(log.directory)) {
    expect(bytes.toString()).toBe(`entry ${String(index)}`);
    index += 1;
  }
  expect(index).toBe(size);
}

/** Appends entries that are durable but not signed, as after a crash before the next checkpoint. */
async function appendUnsigned(log: Made, count: number): Promise<void> {
  const writer = await open(log);
  writeGroup(writer, entryTexts(writer.size, writer.size + count));
  writer.close();
}

function flip(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 4;
  writeFileSync(file, bytes);
}

describe('a log is not opened for writing', () => {
  test('when its last segment is shorter than the checkpoint', async () => {
    const log = await made(700);
    truncateSync(lastSegment(log.directory), 100);
    await expectRefused(log, /holds 0 entries, but 700 are signed/);
  });

  test('when a frame in the middle of a segment is damaged', async () => {
    const log = await made(3000);
    flip(lastSegment(log.directory), 500);
    await expectRefused(log, /damaged at byte 0/);
  });

  test('when a segment is missing', async () => {
    const log = await made(700);
    await appendUnsigned(log, 10);
    await appendUnsigned(log, 10);
    rmSync(join(log.directory, 'entries.wal', walFiles(log.directory)[1] ?? ''));
    await expectRefused(log, /ends before entry 700, the next segment begins with 710/);
  });

  test('when an earlier segment is torn', async () => {
    const log = await made(700);
    const first = lastSegment(log.directory);
    await appendUnsigned(log, 10);
    truncateSync(first, readFileSync(first).length - 1);
    await expectRefused(log, /damaged at byte/);
  });

  test('when the WAL is gone', async () => {
    const log = await made(700);
    rmSync(join(log.directory, 'entries.wal'), { recursive: true });
    await expectRefused(log, /entries\.wal is missing/);
  });

  test('when the checkpoint is gone', async () => {
    const log = await made(700);
    rmSync(join(log.directory, 'checkpoint'));
    await expectRefused(log, /checkpoint is missing/);
  });

  test('when the checkpoint is empty, or of another key', async () => {
    const log = await made(700);
    writeFileSync(join(log.directory, 'checkpoint'), '');
    await expectRefused(log, /checkpoint: no signature block/);
    writeFileSync(join(log.directory, 'checkpoint'), signNote('x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n', newSigner()));
    await expectRefused(log, /no signature of a known key/);
  });

  test('when its key is another one', async () => {
    const log = await made(700);
    await expectRefused({ ...log, key: newSigner() }, /vkey does not belong/);
  });

  test('when its entries hash to another root than the signed one', async () => {
    const log = await made(700);
    const other = await made(0);
    const writer = await open(other);
    writeGroup(writer, [...entryTexts(0, 699), 'another entry']);
    writer.close();
    cpSync(join(other.directory, 'entries.wal'), join(log.directory, 'entries.wal'), { recursive: true });
    for (const path of ['tile/entries/002.p', 'tile/0/002.p', 'tile/1']) rmSync(join(log.directory, path), { recursive: true });
    await expectRefused(log, /the first 700 entries do not hash to the signed root/);
  });

  test.each(['tile/0/001', 'tile/entries/001', 'tile/0/002.p/188', 'tile/entries/002.p/188', 'tile/1/000.p/2'])('when %s was changed', async (path) => {
    const log = await made(700);
    flip(join(log.directory, path), 20);
    await expectRefused(log, new RegExp(`${path.replaceAll('.', '\\.')} is damaged`));
  });

  test('when a file before the WAL was changed', async () => {
    const log = await retired();
    flip(join(log.directory, 'tile/entries/100'), 20);
    await expectRefused(log, /tile\/entries\/100: entry 25601 does not hash to its leaf/);
    flip(join(log.directory, 'tile/entries/100'), 20);
    flip(join(log.directory, 'tile/0/007'), 20);
    await expectRefused(log, /tile\/0\/007: does not hash to what the tile above it says/);
    flip(join(log.directory, 'tile/0/007'), 20);
    await expectOpens(log, 67_100);
  });

  test('when the tiles were rolled back behind the WAL', async () => {
    const log = await made(1000);
    cpSync(join(log.directory, 'tile'), join(log.folder, 'old-tile'), { recursive: true });
    cpSync(join(log.directory, 'checkpoint'), join(log.folder, 'old-checkpoint'));
    await retire(log);
    rmSync(join(log.directory, 'tile'), { recursive: true });
    renameSync(join(log.folder, 'old-tile'), join(log.directory, 'tile'));
    renameSync(join(log.folder, 'old-checkpoint'), join(log.directory, 'checkpoint'));
    await expectRefused(log, /tile\/.* is missing/);
  });

  test('when the WAL was rolled back behind the checkpoint', async () => {
    const log = await made(300);
    cpSync(join(log.directory, 'entries.wal'), join(log.folder, 'old-wal'), { recursive: true });
    const writer = await open(log);
    writeGroup(writer, entryTexts(300, 400));
    writer.publish();
    writer.close();
    rmSync(join(log.directory, 'entries.wal'), { recursive: true });
    renameSync(join(log.folder, 'old-wal'), join(log.directory, 'entries.wal'));
    await expectRefused(log, /holds 300 entries, but 400 are signed/);
  });
});

/** Lets all but the last segment go. */
async function retire(log: Made): Promise<void> {
  const writer = await open(log);
  while (writer.size < 67_100) writeGroup(writer, entryTexts(writer.size, Math.min(67_100, writer.size + 1000)));
  writer.publish();
  while (writer.canRetire) writer.retire(50);
  writer.close();
}

async function retired(): Promise<Made> {
  const log = await made(1000);
  await retire(log);
  expect(walFiles(log.directory)[0]).toBe('0000000000067000.wal');
  return log;
}

async function expectOpens(log: Made, size: number): Promise<void> {
  const writer = await open(log);
  writer.close();
  expect(writer.size).toBe(size);
  expect(writer.head.size).toBe(size);
  await expectWhole(log, size);
}

describe('a log is mended', () => {
  test('when it has durable entries that were not signed', async () => {
    const log = await made(700);
    await appendUnsigned(log, 300);
    await expectOpens(log, 1000);
  });

  test.each([1, 23, 24, 200, 1500])('when the last write was cut off after %d bytes', async (bytes) => {
    const log = await made(700);
    await appendUnsigned(log, 10);
    const { frame } = frameOf(entryTexts(710, 900), 710);
    const file = lastSegment(log.directory);
    writeFileSync(file, Buffer.concat([readFileSync(file), frame.subarray(0, bytes)]));
    await expectOpens(log, 710);
  });

  test('when the pages of the last write reached the disk in another order', async () => {
    const log = await made(700);
    const { frame } = frameOf(entryTexts(700, 900), 700);
    frame.fill(0, 0, 100);
    writeFileSync(join(log.directory, 'entries.wal', '0000000000000700.wal'), frame);
    await expectOpens(log, 700);
  });

  test('when derived files are missing, short or zero', async () => {
    const log = await made(700);
    rmSync(join(log.directory, 'tile/0/000'));
    truncateSync(join(log.directory, 'tile/entries/001'), 100);
    writeFileSync(join(log.directory, 'tile/0/002.p/188'), Buffer.alloc(188 * 32));
    writeFileSync(join(log.directory, 'tile/1/000.p/2'), '');
    await expectOpens(log, 700);
  });

  test('when all derived files are missing', async () => {
    const log = await made(1000);
    rmSync(join(log.directory, 'tile'), { recursive: true });
    await expectOpens(log, 1000);
  });

  test('when an older checkpoint was put back', async () => {
    const log = await made(300);
    cpSync(join(log.directory, 'checkpoint'), join(log.folder, 'old-checkpoint'));
    await retire(log);
    renameSync(join(log.folder, 'old-checkpoint'), join(log.directory, 'checkpoint'));
    await expectOpens(log, 67_100);
  });

  test('when its vkey is missing', async () => {
    const log = await made(10);
    rmSync(join(log.directory, 'vkey'));
    await expectOpens(log, 10);
    expect(readFileSync(join(log.directory, 'vkey'), 'utf8')).toBe(`${formatVerifierKey(log.key)}\n`);
  });
});

test('a log whose first segments are gone goes on', { timeout: 120_000 }, async () => {
  const log = await retired();
  const writer = await open(log);
  writeGroup(writer, entryTexts(67_100, 67_400));
  writer.publish();
  writer.close();
  await expectOpens(log, 67_400);
});

test('partial files go when the full ones have been published for a while', async () => {
  const log = await made(200);
  const writer = await open(log);
  for (const size of [250, 300, 350]) {
    writeGroup(writer, entryTexts(writer.size, size));
    writer.publish();
    expect(existsSync(join(log.directory, 'tile/0/000.p'))).toBe(size < 350);
  }
  writer.close();
  expect(readdirSync(join(log.directory, 'tile/0/001.p')).sort()).toEqual(['44', '94']);
});
