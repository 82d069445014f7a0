import { generateKeyPairSync } from 'node:crypto';
import { cpSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { signerKey } from '../../../src/ledger/verify/note-key.ts';
import { directorySource } from '../../../src/ledger/verify/tile-source.ts';
import type { TileSource } from '../../../src/ledger/verify/tile-source.ts';
import { demandContinuation, lookAtLog } from '../../../src/services/witness/witness-log.ts';
import type { WitnessedLog } from '../../../src/services/witness/witnessed-log.ts';
import { indexLog } from '../../../src/services/witness/index-log.ts';
import { searchLedgerIndex } from '../../../src/store/ledger-index-rows.ts';
import { findLogHead } from '../../../src/store/log-head-rows.ts';
import type { Database } from '../../../src/store/database.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import { logOptions, openTestLog, temporaryFolder, testEntry } from '../../ledger/support.ts';

const key = signerKey('test.example/witness', 4, generateKeyPairSync('ed25519').privateKey);

let database: Database;
let drop: () => Promise<void>;
let count = 0;
let name: string;

beforeAll(async () => {
  ({ database, drop } = await migratedDatabase());
}, 120_000);
afterAll(async () => {
  await drop();
}, 60_000);
beforeEach(() => {
  count += 1;
  name = `gw-test-${String(count)}`;
});

function witnessed(source: TileSource): WitnessedLog {
  return { name, source, independent: false };
}

async function written(entries: number): Promise<{ readonly directory: string; readonly append: (id: string) => Promise<unknown> }> {
  const options = logOptions(temporaryFolder());
  const log = await openTestLog(options);
  for (let i = 0; i < entries; i += 1) await log.appendSigned(testEntry(`req_${String(i)}`));
  return { directory: options.directory, append: (id) => log.appendSigned(testEntry(id)) };
}

describe('a witness', () => {
  test('cosigns what grows and remembers it', async () => {
    const { directory, append } = await written(3);
    const log = witnessed(directorySource(directory));
    const first = await lookAtLog(database, log, key);
    expect(first).toMatchObject({ outcome: 'cosigned', head: { size: 3 }, cosignature: expect.stringContaining('test.example/witness') as string });
    expect(await lookAtLog(database, log, key)).toEqual({ outcome: 'unchanged' });
    await append('req_more');
    expect(await lookAtLog(database, log, key)).toMatchObject({ outcome: 'cosigned', head: { size: 4 } });
    expect(await findLogHead(database, name)).toMatchObject({ size: 4, refused: false });
  });

  test('refuses a log that was rolled back, and trusts it again when its newest copy is put back', async () => {
    const { directory, append } = await written(3);
    const old = `${temporaryFolder()}/old`;
    cpSync(directory, old, { recursive: true });
    await append('req_more');
    await lookAtLog(database, witnessed(directorySource(directory)), key);
    const back = await lookAtLog(database, witnessed(directorySource(old)), key);
    expect(back).toMatchObject({ outcome: 'refused', reason: 'behind', newly: true });
    expect(await findLogHead(database, name)).toMatchObject({ size: 4, refused: true });
    await expect(demandContinuation(database, witnessed(directorySource(old)), key)).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION' });
    expect(await lookAtLog(database, witnessed(directorySource(directory)), key)).toEqual({ outcome: 'unchanged' });
    expect(await findLogHead(database, name)).toMatchObject({ size: 4, refused: false });
  });

  test('refuses the same entries under another key', async () => {
    const [mine, other] = [await written(2), await written(2)];
    await lookAtLog(database, witnessed(directorySource(mine.directory)), key);
    expect(await lookAtLog(database, witnessed(directorySource(other.directory)), key)).toMatchObject({ outcome: 'refused', reason: 'bad-signature' });
  });

  test('is patient with tiles that it cannot read now, three times', async () => {
    const { directory, append } = await written(2);
    const source = directorySource(directory);
    expect(await lookAtLog(database, witnessed(source), key)).toMatchObject({ outcome: 'cosigned' });
    await append('req_more');
    const withoutTiles = witnessed({ read: (path) => (path.startsWith('tile/') ? Promise.resolve(undefined) : source.read(path)) });
    expect(await lookAtLog(database, withoutTiles, key, 1)).toMatchObject({ outcome: 'unproven' });
    expect(await lookAtLog(database, withoutTiles, key, 2)).toMatchObject({ outcome: 'unproven' });
    expect(await findLogHead(database, name)).toMatchObject({ refused: false });
    expect(await lookAtLog(database, withoutTiles, key, 3)).toMatchObject({ outcome: 'refused', reason: 'unproven' });
  });

  test('knows nothing of a log that does not exist yet', async () => {
    expect(await lookAtLog(database, witnessed(directorySource(temporaryFolder())), key)).toEqual({ outcome: 'absent' });
  });

  test('keeps the search table up to the checkpoint, without doubles', async () => {
    const { directory, append } = await written(3);
    const log = witnessed(directorySource(directory));
    await indexLog(database, log);
    await append('req_last');
    await indexLog(database, log);
    await indexLog(database, log);
    const rows = await searchLedgerIndex(database, { log: name, limit: 10 });
    expect(rows.map((row) => row.index).sort()).toEqual([0, 1, 2, 3]);
    expect(rows.find((row) => row.index === 3)).toMatchObject({ requestId: 'req_last' });
  });
});
