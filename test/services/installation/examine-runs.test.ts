import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { homeAt } from '../../../src/core/home.ts';
import { examineInstallation } from '../../../src/services/installation/examine.ts';
import { ENGINE_VERSION } from '../../../src/services/runs/engine-version.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let own: TestDatabase;
let root: string;

beforeAll(async () => {
  own = await migratedDatabase();
  root = mkdtempSync(join(tmpdir(), 'elulmc-examine-'));
});
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  await own.drop();
});

const ask = (text: string): Promise<unknown> => own.database.transaction(({ connection }) => connection.query({ text }));

async function runs(): Promise<unknown> {
  return (await examineInstallation(homeAt(root), root, own.url)).find(({ what }) => what === 'runs');
}

test('runs that another version of the engine has left are a problem, and those of this version and ended ones are none', async () => {
  // Before the engine ran for the first time it has no tables.
  expect(await runs()).toBeUndefined();
  await ask('create schema dbos; create table dbos.workflow_status (workflow_uuid text, status text, application_version text)');
  const rows = [`('run_a.1', 'PENDING', '${ENGINE_VERSION}')`, "('run_b.1', 'SUCCESS', '0')"];
  await ask(`insert into dbos.workflow_status values ${rows.join(', ')}`);
  expect(await runs()).toBeUndefined();
  await ask("insert into dbos.workflow_status values ('run_c.2', 'PENDING', '0')");
  expect(await runs()).toMatchObject({ verdict: 'problem', found: expect.stringContaining('run_c.2') as string });
});
