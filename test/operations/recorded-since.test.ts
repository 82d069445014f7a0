import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { openLog } from '../../src/ledger/open-log.ts';
import { doneEntry, intentEntry } from '../../src/operations/entries.ts';
import { createRecordedSince } from '../../src/operations/recorded-since.ts';
import { drainSpool, spoolEntries } from '../../src/operations/spool.ts';
import { memoryServices } from '../fixtures/operation-services.ts';

test('a real log says what it has of a run, right after it was opened again', async () => {
  const services = memoryServices();
  const { home } = services;
  const options = { directory: join(home.ledger, 'control'), name: 'control', origin: 'elulmc.test/control', keyFile: join(home.keys, 'control.pem') };
  const runOf = () => ({ runId: newId('run'), actor: 'system', operation: 'x y', ref: null, input: {}, plan: { changes: [], notes: [] }, planSha256: '' });
  const [whole, half, spooled] = [runOf(), runOf(), runOf()];
  const ok = { outcome: 'ok', summary: 'Done.', tookMs: 1 } as const;
  const recordedSince = createRecordedSince(options.directory);

  let log = await openLog(options);
  for (const entry of [intentEntry(whole), doneEntry(whole, ok), intentEntry(half)]) await log.append(entry);
  await log.close();

  log = await openLog(options);
  expect(await recordedSince(whole.runId, 0)).toEqual({ intent: true, done: true });
  expect(await recordedSince(whole.runId, 1)).toEqual({ intent: false, done: true });
  expect(await recordedSince(half.runId, 0)).toEqual({ intent: true, done: false });
  expect(await recordedSince(half.runId, 99)).toEqual({ intent: false, done: false });
  // Half of a spooled run is in the log already: only the rest is appended.
  spoolEntries(home.spool, spooled.runId, [intentEntry(spooled), doneEntry(spooled, ok)], log.size());
  await log.appendSigned(intentEntry(spooled));
  await drainSpool(home.spool, log, recordedSince);
  expect(log.size()).toBe(5);
  expect(await recordedSince(spooled.runId, 3)).toEqual({ intent: true, done: true });
  await log.close();
  services.remove();
});
