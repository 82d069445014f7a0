import { expect, test } from 'vitest';
import { openLogReader } from '../../src/ledger/reader.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { logOptions, openTestLog, temporaryFolder, testEntry } from './support.ts';

const ROUNDS = 150;
const BURST = 40;

test('who looks again and again while a log is written always finds what the checkpoint promises', { timeout: 120_000 }, async () => {
  const options = logOptions(temporaryFolder(), { checkpointIntervalMs: 1 });
  const log = await openTestLog(options);
  const source = directorySource(options.directory);
  let seen = 0;
  let looks = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const written = Promise.all(Array.from({ length: BURST }, (_, i) => log.append(testEntry(`${String(round)}-${String(i)}`))));
    for (let isWritten = false; !isWritten; looks += 1) {
      const reader = await openLogReader(source);
      expect(reader.size).toBeGreaterThanOrEqual(seen);
      seen = reader.size;
      isWritten = await Promise.race([written.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
    }
  }
  expect(log.size()).toBe(ROUNDS * BURST);
  expect(looks).toBeGreaterThan(ROUNDS);
});
