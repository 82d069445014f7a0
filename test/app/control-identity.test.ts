import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { controlLogPlace, demandOwnName, demandSharedKeys, identityOf } from '../../src/app/control-identity.ts';
import { wallAt } from '../../src/core/clock.ts';
import { homeAt, prepareHome } from '../../src/core/home.ts';
import type { Home } from '../../src/core/home.ts';
import { openLog } from '../../src/ledger/open-log.ts';
import { createPostureService } from '../../src/services/posture/posture-service.ts';
import type { LeaderRow } from '../../src/store/leader-rows.ts';
import { saveCosignedHead } from '../../src/store/log-head-rows.ts';
import { shareKeys } from '../fixtures/control-plane.ts';
import { migratedDatabase } from '../store/migrated-database.ts';
import type { TestDatabase } from '../store/migrated-database.ts';

let store: TestDatabase;
let installationId: string;
let homes: Home[];
let own: Home;
let other: Home;

function newHome(): Home {
  const home = homeAt(mkdtempSync(join(tmpdir(), 'elulmc-identity-')));
  prepareHome(home);
  homes.push(home);
  return home;
}

/** The row that a leader of this home and name has left. */
function ledBy(home: Home, name: string): LeaderRow {
  return { epoch: 3, holder: 'x', url: null, renewedAt: null, ...identityOf(home, name) };
}

/** Begins the control log of a home and lets the witness remember it. */
async function beginLog(home: Home, name: string): Promise<void> {
  const { name: log, directory, keyFile } = controlLogPlace(home, name);
  const opened = await openLog({ directory, name: log, origin: `${installationId}/${log}`, keyFile });
  await saveCosignedHead(store.database, { log, size: 0, root: opened.head().root, vkey: opened.vkey, cosignedAt: wallAt(), note: '' });
  await opened.close();
}

beforeAll(async () => {
  store = await migratedDatabase();
  const posture = await createPostureService(store.database, { subjectMasterKey: Buffer.alloc(32), sessionPublicKey: 'key' });
  ({ installationId } = await posture.read());
});

afterAll(async () => {
  await store.drop();
});

beforeEach(() => {
  homes = [];
  own = newHome();
  other = newHome();
});

afterEach(async () => {
  for (const home of homes) rmSync(home.root, { recursive: true, force: true });
  await store.database.transaction(({ connection }) => connection.query({ text: 'delete from log_head' }));
});

describe('keys that all homes share', () => {
  test('without another leader every home is as good as its own keys, and no key is made to look', () => {
    demandSharedKeys(own, 'local', undefined);
    demandSharedKeys(own, 'local', { ...ledBy(other, 'local'), name: null });
    demandSharedKeys(own, 'local', ledBy(other, 'local'));
    expect(readdirSync(own.keys)).toEqual([]);
  });

  test('missing keys are named and not made', () => {
    expect(() => {
      demandSharedKeys(own, 'b', ledBy(other, 'local'));
    }).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/"local".*session\.key and .*subject\.key/) as string }) as Error,
    );
    expect(readdirSync(own.keys)).toEqual([]);
  });

  test.each(['session.key', 'subject.key'])('another %s is named, and nothing else', (file) => {
    const row = ledBy(other, 'local');
    shareKeys(other, own);
    demandSharedKeys(own, 'b', row);
    rmSync(join(own.keys, file));
    identityOf(own, 'b');
    const wrong = join(own.keys, file);
    expect(() => {
      demandSharedKeys(own, 'b', row);
    }).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(`copy ${wrong} from`) as string }) as Error);
  });
});

describe('the name of a control plane', () => {
  test('a log of our own is no matter, whatever size it has: that is for the witness to judge', async () => {
    await demandOwnName(store.database, own, 'local');
    await beginLog(own, 'local');
    await demandOwnName(store.database, own, 'local');
    rmSync(controlLogPlace(own, 'local').directory, { recursive: true });
    await demandOwnName(store.database, own, 'local');
  });

  test.each(['with a key of its own', 'without any key'])('a second home of the same name, %s', async (key) => {
    await beginLog(own, 'local');
    if (key.startsWith('with ')) await openLogOf(other);
    await expect(demandOwnName(store.database, other, 'local')).rejects.toMatchObject({ code: 'CONFIG_INVALID', field: 'control.name' });
    rmSync(other.ledger, { recursive: true });
    mkdirSync(other.ledger);
    await demandOwnName(store.database, other, 'b');
  });

  test('a home that is given another name keeps its log', async () => {
    await beginLog(own, 'local');
    const renamed = demandOwnName(store.database, own, 'east');
    await expect(renamed).rejects.toMatchObject({ code: 'CONFIG_INVALID', field: 'control.name', message: expect.stringContaining('/control-east') as string });
  });

  /** Only the key and the folder: the witness has never seen it. */
  async function openLogOf(home: Home): Promise<void> {
    const { name, directory, keyFile } = controlLogPlace(home, 'local');
    await (await openLog({ directory, name, origin: `${installationId}/${name}`, keyFile })).close();
  }
});
