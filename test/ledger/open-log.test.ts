import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { MAX_ENTRY_BYTES } from '../../src/ledger/entry.ts';
import { openLog } from '../../src/ledger/open-log.ts';
import { parseEntry, readEntries } from '../../src/ledger/reader.ts';
import { openCheckpoint } from '../../src/ledger/verify/checkpoint.ts';
import { digestToBase64 } from '../../src/ledger/verify/digest.ts';
import { parseVerifierKey } from '../../src/ledger/verify/note-key.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { verifyLog } from '../../src/ledger/verify/verify-log.ts';
import { logOptions, openTestLog, ORIGIN, temporaryFolder, testEntry } from './support.ts';

async function storedIds(directory: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const stored of readEntries(directory)) ids.push(parseEntry(stored).id);
  return ids;
}

/** An entry whose JSON has exactly this many bytes. */
function entryOfBytes(id: string, bytes: number): LedgerEntry {
  const empty = JSON.stringify(testEntry(id, '')).length;
  return testEntry(id, 'x'.repeat(bytes - empty));
}

describe('opening is refused', () => {
  test.each([0o644, 0o640, 0o604, 0o660])('for a key file of mode %o', async (mode) => {
    const options = logOptions(temporaryFolder());
    await (await openLog(options)).close();
    chmodSync(options.keyFile, mode);
    await expect(openLog(options)).rejects.toMatchObject({ code: 'KEY_FILE_UNSAFE', message: expect.stringContaining(options.keyFile) as string });
    expect(existsSync(join(options.directory, 'lock'))).toBe(false);
  });

  test('for a key file that is damaged, without showing it', async () => {
    const options = logOptions(temporaryFolder());
    mkdirSync(join(options.keyFile, '..'), { recursive: true });
    writeFileSync(options.keyFile, '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n', { mode: 0o600 });
    await expect(openLog(options)).rejects.toMatchObject({ code: 'KEY_FILE_UNSAFE', message: expect.not.stringContaining('c2VjcmV0') as string });
  });

  test('for a log whose key is gone, and no new key is made', async () => {
    const options = logOptions(temporaryFolder());
    await (await openLog(options)).close();
    rmSync(options.keyFile);
    await expect(openLog(options)).rejects.toMatchObject({ code: 'KEY_FILE_UNSAFE' });
    expect(existsSync(options.keyFile)).toBe(false);
  });

  test('while another writes, naming the process', async () => {
    const options = logOptions(temporaryFolder());
    const log = await openTestLog(options);
    await expect(openLog(options)).rejects.toMatchObject({ code: 'LEDGER_LOCKED', message: expect.stringContaining(String(process.pid)) as string });
    await log.append(testEntry('still-works'));
  });

  test('for an origin that cannot name a key', async () => {
    await expect(openLog(logOptions(temporaryFolder(), { origin: 'a b' }))).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'origin' });
  });

  test('for a log that was changed, and the lock is free again', async () => {
    const options = logOptions(temporaryFolder());
    const log = await openLog(options);
    await log.append(testEntry('a'));
    await log.close();
    rmSync(join(options.directory, 'entries.wal'), { recursive: true });
    await expect(openLog(options)).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION' });
    expect(existsSync(join(options.directory, 'lock'))).toBe(false);
  });
});

describe('an entry that cannot be taken fails alone', () => {
  test('when it is too large', async () => {
    const log = await openTestLog(logOptions(temporaryFolder()));
    const answers = await Promise.allSettled([
      log.append(entryOfBytes('fits', MAX_ENTRY_BYTES)),
      log.append(entryOfBytes('large', MAX_ENTRY_BYTES + 1)),
      log.append(testEntry('umlauts', 'ü'.repeat(MAX_ENTRY_BYTES / 2))),
      log.append(testEntry('after')),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(answers[1]).toMatchObject({ reason: { code: 'ENTRY_TOO_LARGE', message: expect.stringContaining('65536 bytes') as string } });
    expect(log.size()).toBe(2);
  });

  test('when it is not JSON', async () => {
    const log = await openTestLog(logOptions(temporaryFolder()));
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const answers = await Promise.allSettled([log.append(testEntry('bad', circular as LedgerEntry['data'])), log.append(testEntry('good'))]);
    expect(answers).toMatchObject([{ status: 'rejected', reason: { code: 'FIELD_INVALID' } }, { status: 'fulfilled' }]);
  });

  test('when too many wait', async () => {
    const log = await openTestLog(logOptions(temporaryFolder(), { maxPending: 100 }));
    const answers = await Promise.allSettled(Array.from({ length: 150 }, (_, i) => log.append(testEntry(String(i)))));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
    expect(answers[100]).toMatchObject({ status: 'rejected', reason: { code: 'LEDGER_FULL' } });
    expect(await log.append(testEntry('room again'))).toEqual({ log: 'log', index: 100 });
  });

  test('when the waiting ones fill the buffer', async () => {
    const log = await openTestLog(logOptions(temporaryFolder()));
    const answers = await Promise.allSettled(Array.from({ length: 600 }, (_, i) => log.append(entryOfBytes(String(i), MAX_ENTRY_BYTES))));
    const taken = answers.filter(({ status }) => status === 'fulfilled').length;
    expect(taken).toBeGreaterThan(100);
    expect(answers.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'LEDGER_FULL' } });
    expect(log.size()).toBe(taken);
  });

  test('when the log is closed', async () => {
    const log = await openLog(logOptions(temporaryFolder()));
    await log.close();
    await expect(log.append(testEntry('late'))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(log.healthy()).toBe(false);
  });
});

describe('a log', () => {
  test('is made with a key that only its owner can read', async () => {
    const options = logOptions(temporaryFolder());
    const log = await openTestLog(options);
    expect(statSync(options.keyFile).mode & 0o777).toBe(0o600);
    expect(statSync(options.directory).mode & 0o777).toBe(0o700);
    expect(log.head()).toEqual({ size: 0, root: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' });
    expect(readFileSync(join(options.directory, 'vkey'), 'utf8')).toBe(`${log.vkey}\n`);
    expect([log.name, log.origin, log.size(), log.pending(), log.lagMs(), log.healthy()]).toEqual(['log', ORIGIN, 0, 0, 0, true]);
  });

  test('keeps the order of appends, calls back once, and never before append returns', async () => {
    const options = logOptions(temporaryFolder());
    const log = await openTestLog(options);
    const seen: [string, number][] = [];
    await new Promise<void>((resolve) => {
      for (let i = 0; i < 5000; i += 1) {
        log.appendThen(testEntry(String(i)), (error, index) => {
          expect(error).toBeNull();
          seen.push([String(i), index]);
          if (index === 4999) resolve();
        });
        expect(log.pending()).toBe(i + 1);
      }
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => [String(i), i]));
    expect([log.pending(), log.lagMs(), log.size()]).toEqual([0, 0, 5000]);
    await log.close();
    expect(await storedIds(options.directory)).toEqual(Array.from({ length: 5000 }, (_, i) => String(i)));
  });

  test('stores the bytes of JSON.stringify', async () => {
    const options = logOptions(temporaryFolder());
    const log = await openTestLog(options);
    const entry = testEntry('ü\ud800€', { list: [1, 2.5, null, true], nested: { text: '\u2028"\\' } });
    await log.append(entry);
    await log.close();
    for await (const { bytes } of readEntries(options.directory)) expect(bytes.toString()).toBe(JSON.stringify(entry));
  });

  test('tells how long the oldest entry waits', async () => {
    const log = await openTestLog(logOptions(temporaryFolder()));
    const answer = log.append(testEntry('a'));
    const until = performance.now() + 5;
    while (performance.now() < until);
    expect(log.lagMs()).toBeGreaterThanOrEqual(4);
    await answer;
    expect(log.lagMs()).toBe(0);
  });

  test('acknowledges the others when a callback throws', async () => {
    const log = await openTestLog(logOptions(temporaryFolder()));
    const thrown = new Promise((resolve) => {
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of listeners) process.on('uncaughtException', listener);
        resolve(error);
      });
    });
    log.appendThen(testEntry('a'), () => {
      throw new Error('of the caller');
    });
    expect(await log.append(testEntry('b'))).toEqual({ log: 'log', index: 1 });
    expect(await thrown).toMatchObject({ message: 'of the caller' });
  });

  test('publishes a checkpoint that covers a signed entry at once', async () => {
    const options = logOptions(temporaryFolder(), { checkpointIntervalMs: 3_600_000 });
    const log = await openTestLog(options);
    await log.append(testEntry('first'));
    await log.append(testEntry('plain'));
    const signed = await Promise.all([log.appendSigned(testEntry('a')), log.appendSigned(testEntry('b'))]);
    expect(signed.map(({ index }) => index)).toEqual([2, 3]);
    expect(log.head().size).toBe(4);
    const { size, root } = openCheckpoint(readFileSync(join(options.directory, 'checkpoint')), parseVerifierKey(log.vkey));
    expect({ size: Number(size), root: digestToBase64(root) }).toEqual(log.head());
  });

  test('publishes what is durable within the interval', async () => {
    const log = await openTestLog(logOptions(temporaryFolder(), { checkpointIntervalMs: 50 }));
    for (let i = 1; i <= 3; i += 1) {
      await log.append(testEntry(String(i)));
      await expect.poll(() => log.head().size, { timeout: 20_000 }).toBe(i);
    }
  });

  test('publishes the rest when it is closed, and goes on when it is opened again', async () => {
    const options = logOptions(temporaryFolder(), { checkpointIntervalMs: 3_600_000 });
    const ids: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const log = await openLog(options);
      expect(log.size()).toBe(ids.length);
      const names = Array.from({ length: 300 }, (_, i) => `${String(round)}-${String(i)}`);
      const appended = names.map((name) => log.append(testEntry(name)));
      await Promise.all([...appended, log.close(), log.close()]);
      ids.push(...names);
      expect(log.head().size).toBe(ids.length);
      expect(await verifyLog({ source: directorySource(options.directory), vkey: log.vkey })).toMatchObject({ verified: true, size: ids.length });
    }
    expect(await storedIds(options.directory)).toEqual(ids);
  });

  test('stops when its lock is taken away', async () => {
    const options = logOptions(temporaryFolder(), { checkpointIntervalMs: 3_600_000 });
    const failures: Error[] = [];
    const log = await openTestLog({ ...options, onFailure: (error) => failures.push(error) });
    await log.append(testEntry('first'));
    rmSync(join(options.directory, 'lock'));
    await expect(log.appendSigned(testEntry('a'))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await expect(log.append(testEntry('b'))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(failures).toHaveLength(1);
    expect(log.healthy()).toBe(false);
  });
});
