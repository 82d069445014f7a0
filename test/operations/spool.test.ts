import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { doneEntry, intentEntry } from '../../src/operations/entries.ts';
import type { RecordedRun } from '../../src/operations/entries.ts';
import { openRecorder } from '../../src/operations/recorder.ts';
import { drainSpool, spoolEntries } from '../../src/operations/spool.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { memoryServices } from '../fixtures/operation-services.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';

let services: MemoryServices;
let log: MemoryLedger;
let spool: string;

function runOf(runId = newId('run')): RecordedRun {
  return {
    runId,
    actor: 'local:1000',
    operation: 'security emergency-isolation',
    ref: null,
    input: { all: true },
    plan: { changes: ['isolate'], notes: [] },
    planSha256: 'ab',
  };
}

const OK = { outcome: 'ok', summary: 'Isolated.', tookMs: 1 } as const;

function entriesOf(run: RecordedRun) {
  return [intentEntry(run), doneEntry(run, OK)];
}

beforeEach(() => {
  services = memoryServices();
  log = new MemoryLedger();
  spool = services.home.spool;
});

afterEach(() => {
  services.remove();
});

describe('files that are not records', () => {
  const runId = newId('run');
  const sound = { v: 1, from: null, entries: entriesOf(runOf(runId)) };
  test.each<[string, string]>([
    ['empty', ''],
    ['half a record', JSON.stringify(sound).slice(0, 100)],
    ['no object', '[]'],
    ['no entries', JSON.stringify({ ...sound, entries: [] })],
    ['another version', JSON.stringify({ ...sound, v: 2 })],
    ['a negative size', JSON.stringify({ ...sound, from: -1 })],
    ['entries of another run', JSON.stringify({ ...sound, entries: entriesOf(runOf()) })],
    ['an entry of another kind', JSON.stringify({ ...sound, entries: [{ ...intentEntry(runOf(runId)), kind: 'request.done' }] })],
    ['an entry without an actor', JSON.stringify({ ...sound, entries: [{ ...intentEntry(runOf(runId)), actor: undefined }] })],
  ])('%s: set aside, nothing appended, the rest goes on', async (_what, content) => {
    const other = runOf();
    writeFileSync(join(spool, `${runId}.json`), content);
    spoolEntries(spool, other.runId, entriesOf(other));
    const drained = await drainSpool(spool, log, log.recordedSince);
    expect(drained).toEqual({ appended: [other.runId], rejected: [`${runId}.json`] });
    expect(readFileSync(join(spool, `${runId}.json.rejected`), 'utf8')).toBe(content);
    expect(log.entries.every((entry) => entry.id === other.runId)).toBe(true);
  });

  test('foreign names are left alone', async () => {
    writeFileSync(join(spool, 'notes.txt'), 'mine');
    writeFileSync(join(spool, `${newId('run')}.json.12-0.tmp`), '{');
    expect(await drainSpool(spool, log, log.recordedSince)).toEqual({ appended: [], rejected: [] });
    expect(readdirSync(spool)).toHaveLength(2);
  });
});

describe('draining', () => {
  test('appends in order, marks the entries, leaves nothing', async () => {
    const run = runOf();
    spoolEntries(spool, run.runId, entriesOf(run));
    expect(statSync(join(spool, `${run.runId}.json`)).mode & 0o777).toBe(0o600);
    await drainSpool(spool, log, log.recordedSince);
    expect(log.entries.map((entry) => [entry.kind, entry.data])).toMatchObject([
      ['operation.intent', { spooled: true, planSha256: 'ab' }],
      ['operation.done', { spooled: true, summary: 'Isolated.' }],
    ]);
    expect(readdirSync(spool)).toEqual([]);
  });

  test('a home without a spool', async () => {
    expect(await drainSpool(join(spool, 'none'), log, log.recordedSince)).toEqual({ appended: [], rejected: [] });
  });

  test.each([0, 1, 2])('a crash after %i of 2 entries: each is recorded once in the end', async (appended) => {
    const run = runOf();
    spoolEntries(spool, run.runId, entriesOf(run));
    let count = 0;
    const crash = new Error('crash');
    log.onAppend = () => {
      if (++count === appended) log.fail(crash);
    };
    if (appended === 0) log.fail(crash);
    // The last file operation of a drain that got through is lost with the crash as well.
    const before = (): string => readFileSync(join(spool, `${run.runId}.json`), 'utf8');
    let content = before();
    await drainSpool(spool, log, (id, from) => {
      content = before();
      return log.recordedSince(id, from);
    }).catch(() => {
      content = before();
    });
    if (appended === 2) writeFileSync(join(spool, `${run.runId}.json`), content.replace('"from":null', '"from":0'));
    log.mend();
    log.onAppend = () => undefined;
    await drainSpool(spool, log, log.recordedSince);
    expect(log.entries.map((entry) => entry.kind)).toEqual(['operation.intent', 'operation.done']);
    expect(readdirSync(spool)).toEqual([]);
  });
});

describe('a log that is only slow', () => {
  test('the record waits in the spool, and is taken back when the log has it', async () => {
    const recorder = openRecorder(log, spool, 20);
    const run = runOf();
    log.hang();
    expect(await recorder.both(run, OK)).toEqual({ where: 'spool', intent: null, done: null });
    expect(readdirSync(spool)).toEqual([`${run.runId}.json`]);
    log.release();
    await expect.poll(() => readdirSync(spool)).toEqual([]);
    expect(log.entries).toHaveLength(2);
  });

  test('a crash before that records the run once', async () => {
    const recorder = openRecorder(log, spool, 20);
    const run = runOf();
    log.hang();
    await recorder.both(run, OK);
    const content = readFileSync(join(spool, `${run.runId}.json`), 'utf8');
    log.release();
    await expect.poll(() => readdirSync(spool)).toEqual([]);
    writeFileSync(join(spool, `${run.runId}.json`), content);
    await drainSpool(spool, log, log.recordedSince);
    expect(log.entries).toHaveLength(2);
  });
});
