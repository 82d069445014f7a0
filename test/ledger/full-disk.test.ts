import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLog } from '../../src/ledger/open-log.ts';
import { parseEntry, readEntries } from '../../src/ledger/reader.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { verifyLog } from '../../src/ledger/verify/verify-log.ts';
import { logOptions, temporaryFolder, testEntry } from './support.ts';

/** Mounts a file system of 4 MiB, or says why it cannot. */
function mountSmallDisk(folder: string): string | undefined {
  mkdirSync(folder);
  const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { encoding: 'utf8' });
  if (status !== 0) return error?.message ?? stderr.trim();
  onTestFinished(() => {
    spawnSync('umount', ['-l', folder]);
  });
  return undefined;
}

test('a full disk loses nothing acknowledged, says so once, and the log goes on when there is room', { timeout: 120_000 }, async (context) => {
  const disk = join(temporaryFolder(), 'disk');
  const reason = mountSmallDisk(disk);
  context.skip(reason !== undefined, `a tmpfs cannot be mounted here: ${reason ?? ''}`);
  const ballast = join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(1024 * 1024));
  const options = logOptions(disk, { checkpointIntervalMs: 20 });
  const failures: Error[] = [];
  const log = await openLog({ ...options, onFailure: (error) => failures.push(error) });
  const acknowledged: string[] = [];
  for (let i = 0; log.healthy() && i < 100_000; i += 50) {
    const names = Array.from({ length: 50 }, (_, k) => String(i + k));
    const answers = await Promise.allSettled(names.map((name) => log.append(testEntry(name, 'x'.repeat(200)))));
    names.forEach((name, k) => {
      const answer = answers[k];
      if (answer?.status === 'fulfilled') acknowledged.push(name);
      else expect(answer?.reason).toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    });
  }
  expect(log.healthy()).toBe(false);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ code: 'LEDGER_UNAVAILABLE', message: expect.stringMatching(/ENOSPC/) as string });
  await expect(log.append(testEntry('late'))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
  await log.close();

  rmSync(ballast);
  const again = await openLog(options);
  await again.append(testEntry('after'));
  await again.close();
  expect(failures).toHaveLength(1);
  expect(await verifyLog({ source: directorySource(options.directory), vkey: again.vkey })).toMatchObject({ verified: true });
  const stored: string[] = [];
  for await (const entry of readEntries(options.directory)) stored.push(parseEntry(entry).id);
  expect(stored.slice(0, acknowledged.length)).toEqual(acknowledged);
  expect(stored.at(-1)).toBe('after');
});
