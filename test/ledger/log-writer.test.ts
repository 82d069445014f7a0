import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createKeyFile } from '../../src/core/ed25519-file.ts';
import { LogWriter } from '../../src/ledger/log-writer.ts';
import type { WriterStep } from '../../src/ledger/log-writer.ts';
import { readEntries } from '../../src/ledger/reader.ts';
import { formatVerifierKey, signerKey } from '../../src/ledger/verify/note-key.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { verifyLog } from '../../src/ledger/verify/verify-log.ts';
import { logOptions, ORIGIN, temporaryFolder } from './support.ts';

const CHILD = join(import.meta.dirname, 'crashing-child.ts');

/** Each step, and how often it comes before the crash. `segment-begun` comes after 66 groups. */
const CRASHES: readonly [WriterStep, number][] = [
  ['group-durable', 1],
  ['group-derived', 2],
  ['partials-written', 3],
  ['checkpoint-published', 2],
  ['superseded-removed', 4],
  ['segment-begun', 1],
  ['segment-retired', 1],
];

test.each(CRASHES)('a crash at "%s" (time %d) loses nothing that was durable', { timeout: 120_000 }, async (step, times) => {
  const { directory, keyFile } = logOptions(temporaryFolder());
  const key = signerKey(ORIGIN, 1, createKeyFile(keyFile));
  const child = spawnSync(process.execPath, [CHILD, directory, keyFile, step, String(times)], { encoding: 'utf8' });
  expect(child.signal).toBe('SIGKILL');
  const durable = Number(child.stdout.trim().split('\n').at(-1));
  const writer = await LogWriter.open({ directory, key });
  writer.close();
  expect(writer.size).toBe(durable);
  expect(await verifyLog({ source: directorySource(directory), vkey: formatVerifierKey(key) })).toMatchObject({ verified: true, size: durable });
  let index = 0;
  for await (const { bytes } of readEntries(directory)) {
    if (bytes.toString() !== `entry ${String(index)}`) expect.fail(`entry ${String(index)} is ${bytes.toString()}`);
    index += 1;
  }
  expect(index).toBe(durable);
});
