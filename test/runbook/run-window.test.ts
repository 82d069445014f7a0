import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWindowService } from '../../src/services/windows/window-service.ts';
import type { WindowDefinition } from '../../src/services/windows/window-service.ts';
import { personWith } from '../fixtures/operation-services.ts';
import { probe } from './probe-catalogue.ts';
import { closingFixtures, document, trustedIn, waits } from './run-fixture.ts';

const fixture = closingFixtures();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-window-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A blackout that is always open. */
const FREEZE: WindowDefinition = { name: 'freeze', kind: 'blackout', cron: '0 0 * * *', duration: 2 * 86_400_000, timezone: 'UTC', systems: null };

test('a process waits while a blackout is open, does nothing meanwhile, and goes on by itself after it', async () => {
  const frozen = await fixture({ trusted: trustedIn(folder), policy: { change: 0 } });
  frozen.services.windows = createWindowService([FREEZE]);
  const file = join(folder, 'done');
  const { id } = await frozen.start(document(`touch ${file}`));
  const held = await frozen.until(id, waits('window'));
  expect(held).toMatchObject({ state: 'pending', waitsFor: { text: expect.stringContaining('the blackout freeze about everything') as string } });
  expect(existsSync(file)).toBe(false);
  expect(JSON.stringify(frozen.log.entries)).not.toContain('runbook step');
  frozen.services.windows = createWindowService([]);
  expect((await (await frozen.restart()).ended(id)).steps[0]).toMatchObject({ state: 'succeeded' });
  expect(existsSync(file)).toBe(true);
});

test('a process keeps out of the time of a change about everything, unless the run carries it out', async () => {
  const { services, start, until, run, runs } = await fixture({ trusted: trustedIn(folder), policy: { change: 0 } });
  const words = { title: 't', description: '', risk: 'change', systems: [], operation: null, planSha256: null, changes: [], rollback: 'r' } as const;
  const change = await services.changes.submit({ ...words, requester: 'per_a' }, 'run_1');
  await services.changes.review(change.id, { by: 'per_b', decision: 'approved', note: '' });
  const [startsAt, endsAt] = [-1, 1].map((hours) => new Date(Date.now() + hours * 3_600_000).toISOString()) as [string, string];
  await services.changes.schedule(change.id, { by: 'per_a', startsAt, endsAt });
  const { id } = await start(document('true'));
  expect((await until(id, waits('window'))).waitsFor?.text).toContain(`${change.id} has everything until ${endsAt}`);
  expect((await runs.abort(id, { undo: false, reason: 'not now' }, { kind: 'system', id: 'system' })).id).toBe(id);
  expect(await run(document('true'), { change: change.id })).toMatchObject({ state: 'succeeded', change: change.id });
});

test('an operation waits while a blackout is open, is aborted there, and goes on by itself where it is over', async () => {
  const catalogue = [probe({ room: 'deployment', name: 'change', risk: 'change', permission: 'operate' })];
  const frozen = await fixture({ catalogue, policy: { change: 0 } });
  frozen.services.windows = createWindowService([FREEZE]);
  const actor = personWith('operator');
  const [first, second] = [
    await frozen.start(document('./deployment/change.sh'), {}, actor),
    await frozen.start(document('./deployment/change.sh'), {}, actor),
  ];
  await frozen.until(second.id, waits('window'));
  const held = await frozen.until(first.id, waits('window'));
  expect(held).toMatchObject({ state: 'pending', waitsFor: { help: expect.stringContaining('waiting alone does not help') as string } });
  await frozen.runs.abort(first.id, { undo: true, reason: 'x' }, actor);
  expect(await frozen.ended(first.id)).toMatchObject({ state: 'aborted', steps: [{ state: 'skipped', startedAt: null, undone: null }] });
  frozen.services.windows = createWindowService([]);
  const after = await frozen.restart();
  expect(await after.ended(second.id)).toMatchObject({ state: 'succeeded', attempt: 1 });
});
