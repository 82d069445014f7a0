import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ElulmcError } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import type { OperationDeclaration } from '../../src/operations/declaration.ts';
import type { OperationCall } from '../../src/operations/report.ts';
import { personWith } from '../fixtures/operation-services.ts';
import { DoorBench, callOf, codeOf } from './door-bench.ts';

let bench: DoorBench;

beforeEach(() => {
  bench = new DoorBench();
});

afterEach(() => {
  bench.services.remove();
});

describe('the same run id', () => {
  test('is the same call: performed once, the same report again', async () => {
    const door = bench.door(bench.probe());
    const same = callOf({ runId: newId('run') });
    const first = await door.call(same);
    expect(await door.call(same)).toEqual(first);
    expect(bench.events.filter((event) => event === 'perform')).toHaveLength(1);
  });

  test('at the same time is one call', async () => {
    const door = bench.door(bench.probe());
    const same = callOf({ runId: newId('run') });
    const [first, second] = await Promise.all([door.call(same), door.call(same)]);
    expect(second).toEqual(first);
    expect(bench.events.filter((event) => event === 'perform')).toHaveLength(1);
  });

  test.each<[string, Partial<OperationCall>]>([
    ['another input', { input: { count: 2 } }],
    ['another caller', { actor: personWith('operator') }],
  ])('with %s is refused, before and after', async (_what, changes) => {
    const door = bench.door(bench.probe());
    const first = callOf({ runId: newId('run') });
    const results = await Promise.allSettled([door.call(first), door.call({ ...first, ...changes })]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
    expect(await codeOf(door.call({ ...first, ...changes }))).toBe('CONFLICT');
  });

  test('a refused stranger does not touch the report of the owner', async () => {
    const door = bench.door(bench.probe());
    const first = callOf({ runId: newId('run') });
    const report = await door.call(first);
    expect(await codeOf(door.call({ ...first, actor: personWith('viewer') }))).toBe('NOT_ALLOWED');
    expect(await door.call(first)).toEqual(report);
  });

  test('after a failure tries again', async () => {
    let attempts = 0;
    const perform = () =>
      ++attempts === 1 ? Promise.reject(new Error('first')) : Promise.resolve({ output: { done: true }, verdict: 'ok' as const, summary: 'Second.' });
    const door = bench.door(bench.probe({ perform }));
    const same = callOf({ runId: newId('run') });
    expect(await codeOf(door.call(same))).toBe('OPERATION_FAILED');
    expect(await door.call(same)).toMatchObject({ summary: 'Second.' });
  });

  test('of an operation whose output is shown once gives nothing again', async () => {
    const door = bench.door(bench.probe({ shownOnce: ['done'] }));
    const same = callOf({ runId: newId('run') });
    await door.call(same);
    expect(await codeOf(door.call(same))).toBe('CONFLICT');
    expect(JSON.stringify([...bench.runs.rows.values()])).not.toContain('"done":true');
  });
});

describe('effect first', () => {
  const effectFirst = { effectFirst: true } as const;

  test('the effect comes before any entry', async () => {
    await bench.door(bench.probe(effectFirst)).call(callOf());
    expect(bench.events).toEqual(['plan', 'row', 'perform', 'operation.intent open', 'operation.done ok']);
  });

  test('a broken log delays nothing: the record goes to the spool', async () => {
    bench.log.fail();
    const report = await bench.door(bench.probe(effectFirst)).call(callOf());
    expect(report).toMatchObject({ exit: 0, recorded: 'spool', entries: { intent: null, done: null } });
    const spooled = JSON.parse(readFileSync(join(bench.services.home.spool, `${report.runId}.json`), 'utf8')) as { entries: { kind: string }[] };
    expect(spooled.entries.map((entry) => entry.kind)).toEqual(['operation.intent', 'operation.done']);
  });

  test('a broken database for rows delays nothing', async () => {
    bench.runs.failure = new ElulmcError('DATABASE_UNAVAILABLE', 'gone');
    expect(await bench.door(bench.probe(effectFirst)).call(callOf())).toMatchObject({ exit: 0, recorded: 'ledger' });
  });

  test('with neither log nor spool the effect still stands, the report says so, and the row stays open', async () => {
    bench.log.fail();
    rmSync(bench.services.home.spool, { recursive: true });
    writeFileSync(bench.services.home.spool, 'not a folder');
    const report = await bench.door(bench.probe(effectFirst)).call(callOf());
    expect(report).toMatchObject({ exit: 0, recorded: 'none' });
    expect((await bench.runs.openRuns()).map((run) => run.runId)).toEqual([report.runId]);
  });
});

describe('a result that cannot be recorded', () => {
  test('of any other operation goes to the spool too', async () => {
    const perform = () => {
      bench.log.fail();
      return Promise.resolve({ output: { done: true }, verdict: 'ok' as const, summary: 'Turned.' });
    };
    const report = await bench.door(bench.probe({ perform })).call(callOf());
    expect(report).toMatchObject({ recorded: 'spool', entries: { intent: { index: 0 }, done: null } });
  });

  test('and cannot be spooled either: LEDGER_UNAVAILABLE, and the row stays open for the next start', async () => {
    const perform = () => {
      bench.log.fail();
      rmSync(bench.services.home.spool, { recursive: true });
      writeFileSync(bench.services.home.spool, 'not a folder');
      return Promise.resolve({ output: { done: true }, verdict: 'ok' as const, summary: 'Turned.' });
    };
    expect(await codeOf(bench.door(bench.probe({ perform })).call(callOf()))).toBe('LEDGER_UNAVAILABLE');
    expect(await bench.runs.openRuns()).toHaveLength(1);
  });
});

describe('secrets', () => {
  const input = { password: 'hunter2-hunter2', who: 'Alice Example' };

  test.each<[string, Partial<OperationDeclaration>]>([
    ['performed', {}],
    ['performed effect first', { effectFirst: true }],
    ['failed with the secret in its message', { perform: () => Promise.reject(new Error('no user Alice Example with hunter2-hunter2')) }],
  ])('secret and personal fields of a call that was %s reach neither log nor rows nor spool', async (_what, changes) => {
    await bench
      .door(bench.probe(changes))
      .call(callOf({ input }))
      .catch(() => undefined);
    bench.log.fail();
    await bench
      .door(bench.probe({ ...changes, effectFirst: true }))
      .call(callOf({ input }))
      .catch(() => undefined);
    const spool = readdirSync(bench.services.home.spool).map((name) => readFileSync(join(bench.services.home.spool, name), 'utf8'));
    const everything = JSON.stringify([bench.log.entries, [...bench.runs.rows.values()], spool]);
    expect(bench.log.entries.length).toBeGreaterThan(0);
    expect(spool).toHaveLength(1);
    expect(everything).not.toContain('hunter2');
    expect(everything).not.toContain('Alice');
  });

  test('an input of any size fits an entry', async () => {
    await bench.door(bench.probe()).call(callOf({ input: { target: 'x'.repeat(200_000) } }));
    for (const entry of bench.log.entries) expect(Buffer.byteLength(JSON.stringify(entry))).toBeLessThan(65_535);
    expect(bench.log.entries[0]).toMatchObject({ data: { input: { bytes: 200_023 } } });
  });
});

describe('sign-in', () => {
  const publicKey = 'MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

  test('is recorded as intent and result, with who made the link, without name and secret', async () => {
    const { secret } = await bench.services.people.invite('operator', 'per_inviter');
    const { person } = await bench.door().signIn({ secret, name: 'Alice Example', publicKey });
    expect(bench.log.entries.map((entry) => [entry.kind, entry.actor, entry.action])).toEqual([
      ['operation.intent', 'system', 'sign-in'],
      ['operation.done', person.id, 'sign-in'],
    ]);
    expect(bench.log.entries[0]).toMatchObject({ data: { input: { invitedBy: 'per_inviter' } } });
    expect(JSON.stringify(bench.log.entries)).not.toMatch(new RegExp(`Alice|${secret}`));
  });

  test('with a used link writes nothing', async () => {
    const { secret } = await bench.services.people.invite('operator');
    await bench.door().signIn({ secret, name: 'A', publicKey });
    expect(await codeOf(bench.door().signIn({ secret, name: 'B', publicKey }))).toBe('INVITATION_INVALID');
    expect(bench.log.entries).toHaveLength(2);
  });

  test('without a ledger consumes nothing', async () => {
    const { secret } = await bench.services.people.invite('operator');
    bench.log.fail();
    expect(await codeOf(bench.door().signIn({ secret, name: 'A', publicKey }))).toBe('LEDGER_UNAVAILABLE');
    expect(await bench.services.people.inviterOf(secret)).toBeDefined();
  });
});
