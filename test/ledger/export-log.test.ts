import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exportLog } from '../../src/ledger/export-log.ts';
import { LogWriter } from '../../src/ledger/log-writer.ts';
import { formatVerifierKey } from '../../src/ledger/verify/note-key.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { verifyLog } from '../../src/ledger/verify/verify-log.ts';
import { entryTexts, makeLog, temporaryFolder, writeGroup } from './support.ts';

test('a target that is not empty is refused and left alone', async () => {
  const folder = temporaryFolder();
  await makeLog(join(folder, 'log'), 10);
  writeFileSync(join(folder, 'file'), 'mine');
  await expect(exportLog(join(folder, 'log'), folder)).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'target' });
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine');
});

test('a log that does not hold is not exported as if it did', async () => {
  const folder = temporaryFolder();
  await makeLog(join(folder, 'log'), 600);
  const file = join(folder, 'log', 'tile/entries/001');
  const bytes = readFileSync(file);
  bytes[4] = (bytes[4] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  await expect(exportLog(join(folder, 'log'), join(folder, 'a'))).rejects.toMatchObject({
    code: 'INTEGRITY_VIOLATION',
    message: expect.stringContaining('tile/entries/001') as string,
  });
  rmSync(file);
  await expect(exportLog(join(folder, 'log'), join(folder, 'b'))).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION' });
});

test.each([0, 1, 256, 700])('a log of %d entries is exported with what its checkpoint needs', async (size) => {
  const folder = temporaryFolder();
  const directory = join(folder, 'log');
  const key = await makeLog(directory, size);
  const target = join(folder, 'static', 'tree');
  expect(await exportLog(directory, target)).toMatchObject({ size });
  expect(await verifyLog({ source: directorySource(target), vkey: formatVerifierKey(key) })).toMatchObject({ verified: true, size });
  expect(readFileSync(join(target, 'vkey'), 'utf8')).toBe(`${formatVerifierKey(key)}\n`);
  expect(['lock', 'entries.wal'].some((name) => existsSync(join(target, name)))).toBe(false);
});

test('partial files that gave way to full ones are cut from these', async () => {
  const folder = temporaryFolder();
  const directory = join(folder, 'log');
  const key = await makeLog(directory, 200);
  const old = readFileSync(join(directory, 'checkpoint'));
  const writer = await LogWriter.open({ directory, key });
  for (const size of [300, 400]) {
    writeGroup(writer, entryTexts(writer.size, size));
    writer.publish();
  }
  writer.close();
  writeFileSync(join(directory, 'checkpoint'), old);
  expect(existsSync(join(directory, 'tile/0/000.p'))).toBe(false);
  expect(await exportLog(directory, join(folder, 'out'))).toMatchObject({ size: 200 });
  expect(existsSync(join(folder, 'out/tile/0/000.p/200'))).toBe(true);
});
