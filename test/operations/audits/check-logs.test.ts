import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wallMs } from '../../../src/core/clock.ts';
import { checkLogs } from '../../../src/operations/audits/check-logs.ts';
import { byName } from '../../../src/operations/catalogue.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { runLocally } from '../../../src/operations/run-locally.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';
import { entryWith, writeLog } from '../../fixtures/written-log.ts';

let services: MemoryServices;
const HOUR = 3_600_000;
const NOW = wallMs();
const ago = (ms: number): string => new Date(NOW - ms).toISOString();

beforeAll(async () => {
  services = memoryServices();
  const gateway = Array.from({ length: 700 }, (_, i) => entryWith({ id: `req_${String(i)}`, at: ago(2 * HOUR - i) }));
  await writeLog(services.home, 'gw-local-0', [
    ...gateway,
    entryWith({ kind: 'request.close', at: ago(5_000), outcome: 'cut', data: { code: 'ISOLATED' } }),
    entryWith({ kind: 'request.done', at: ago(4_000), outcome: 'refused', data: { code: 'ISOLATED' } }),
    entryWith({ kind: 'request.done', at: ago(3_000), outcome: 'refused', data: { code: 'ISOLATED' } }),
    entryWith({ kind: 'refusals.summary', at: ago(2_000), data: { KEY_UNKNOWN: 12, KEY_MISSING: 3 } }),
  ]);
  await writeLog(services.home, 'control', [
    entryWith({ kind: 'operation.intent', id: 'run_1', at: ago(6_000), outcome: 'open', action: 'security emergency-isolation', actor: 'per_a' }),
    entryWith({ kind: 'operation.done', id: 'run_1', at: ago(5_500), outcome: 'ok', action: 'security emergency-isolation', actor: 'per_a' }),
    entryWith({
      kind: 'operation.done',
      id: 'run_2',
      at: ago(1_000),
      outcome: 'refused',
      action: 'governance issue-key',
      actor: 'per_b',
      data: { code: 'NOT_ALLOWED' },
    }),
  ]);
  mkdirSync(join(services.home.ledger, 'no-log'));
});

afterAll(() => {
  services.remove();
});

function run(input: object = {}) {
  return checkLogs.perform(contextOf(services), parseFields(checkLogs.input, input));
}

describe('input that is refused', () => {
  test.each<[object, RegExp]>([
    [{ limit: 0 }, /^limit/],
    [{ limit: 'all' }, /^limit/],
    [{ since: 'yesterday' }, /^since/],
    [{ kind: '../x' }, /^kind/],
    [{ log: '../../etc' }, /^log/],
    [{ log: '..' }, /^log/],
  ])('%o', (input, detail) => {
    expect(() => parseFields(checkLogs.input, input)).toThrow(detail);
  });

  test('both ranges', async () => {
    await expect(run({ recent: true, since: ago(HOUR) })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('a log that is not there, with those that are', async () => {
    await expect(run({ log: 'gw-local-9' })).rejects.toThrow(/no log "gw-local-9".*control, gw-local-0/);
  });

  test('a home without a log', async () => {
    const empty = memoryServices();
    await expect(checkLogs.perform(contextOf(empty), parseFields(checkLogs.input, {}))).rejects.toMatchObject({ code: 'LOG_UNREADABLE' });
    empty.remove();
  });
});

test('the newest of all logs, newest first, and everything bad summed up', async () => {
  const { output, summary, verdict } = await run({ limit: 4 });
  expect(verdict).toBe('ok');
  expect(output.entries.map((entry) => [entry.log, entry.kind])).toEqual([
    ['control', 'operation.done'],
    ['gw-local-0', 'refusals.summary'],
    ['gw-local-0', 'request.done'],
    ['gw-local-0', 'request.done'],
  ]);
  expect(output.problems.map(({ action, outcome, code, count }) => [action, outcome, code, count])).toEqual([
    ['unauthenticated request', 'refused', 'KEY_UNKNOWN', 12],
    ['unauthenticated request', 'refused', 'KEY_MISSING', 3],
    ['POST /v1/chat/completions', 'refused', 'ISOLATED', 2],
    ['governance issue-key', 'refused', 'NOT_ALLOWED', 1],
    ['POST /v1/chat/completions', 'cut', 'ISOLATED', 1],
  ]);
  expect(output.logs).toMatchObject([
    { log: 'control', size: 3, scanned: 3, complete: true },
    { log: 'gw-local-0', size: 704, scanned: 704, complete: true },
  ]);
  expect(output.logs[0]?.newestAgeMs).toBeGreaterThanOrEqual(1_000);
  expect(summary).toBe('707 entries in 2 logs, 19 failures and refusals among them.');
  expect(checkLogs.output.parse(output)).toEqual(output);
});

test.each<[string, object, number]>([
  ['the last hour', { recent: true }, 7],
  ['since a time in another zone', { since: ago(HOUR).replace('Z', '+00:00') }, 7],
  ['one kind', { kind: 'operation.done' }, 2],
  ['the kinds of operations', { kind: 'operation' }, 3],
  ['one log', { log: 'control', limit: 1000 }, 3],
  ['everything', { limit: 10_000 }, 707],
])('%s', async (_what, input, count) => {
  expect((await run({ limit: 1000, ...input })).output.entries).toHaveLength(count);
});

test('one kind is counted alone', async () => {
  expect((await run({ kind: 'operation' })).output.problems.map((problem) => problem.action)).toEqual(['governance issue-key']);
});

test('without a control plane it reads the same', async () => {
  const entry = byName('audits', 'check-logs');
  if (entry === undefined) throw new Error('not in the catalogue');
  const report = await runLocally(entry, {
    home: services.home,
    input: { recent: true },
    uid: 1000,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  expect(report).toMatchObject({ operation: 'audits check-logs', exit: 0, recorded: 'local' });
  expect(checkLogs.render?.(checkLogs.output.parse(report.output)).join('\n')).toMatch(/gw-local-0: 704 entries/);
});

test('a changed entry is an integrity violation, not an entry', async () => {
  const damaged = memoryServices();
  const { directory } = await writeLog(damaged.home, 'control', [entryWith({ actor: 'per_guilty' })]);
  const bundles = readdirSync(join(directory, 'tile', 'entries'), { recursive: true, encoding: 'utf8' }).map((name) =>
    join(directory, 'tile', 'entries', name),
  );
  const bundle = bundles.find((path) => existsSync(path) && path.endsWith('/1')) ?? '';
  writeFileSync(bundle, readFileSync(bundle, 'utf8').replace('per_guilty', 'per_victim'));
  await expect(checkLogs.perform(contextOf(damaged), parseFields(checkLogs.input, {}))).rejects.toMatchObject({ code: 'INTEGRITY_VIOLATION' });
  damaged.remove();
});
