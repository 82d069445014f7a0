import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { createRunStore } from '../../../src/services/runs/run-store.ts';
import { migratedDatabase } from '../../store/migrated-database.ts';
import type { TestDatabase } from '../../store/migrated-database.ts';

let own: TestDatabase;
beforeAll(async () => {
  own = await migratedDatabase();
  await own.database.transaction(({ connection }) => connection.query({ text: 'update leader set epoch = 1' }));
});
afterAll(() => own.drop());

/** Runs a child until it says this, and kills it there. */
async function killAt(text: string, id: string, what: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'run-child.ts'), own.url, id, what], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const exit = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (line === text) child.kill('SIGKILL');
  });
  await exit;
  return lines;
}

test('a run whose process is killed between its row and the engine, and again between its steps, is gone through once', { timeout: 240_000 }, async () => {
  const id = newId('run');
  const store = createRunStore<unknown, unknown>(own.database);
  expect(await killAt('committed', id, 'begin')).toEqual(['committed']);
  expect((await store.find(id))?.run).toMatchObject({ state: 'pending', attempt: 1, endedAt: null });
  const { rows } = await own.database.run(({ connection }) => connection.query({ text: 'select workflow_uuid from dbos.workflow_status' }));
  expect(rows).toEqual([]);
  expect(await killAt('one answered', id, 'one')).toEqual(['waits one', 'one answered']);
  expect((await store.find(id))?.steps.map(({ state }) => state)).toEqual(['succeeded', 'pending']);
  expect(await killAt('succeeded', id, 'rest')).toEqual(['waits two', 'succeeded']);
  expect(await store.find(id)).toMatchObject({ run: { state: 'succeeded', attempt: 1 }, steps: [{ state: 'succeeded' }, { state: 'succeeded' }] });
});
