import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ElulmcError } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import { catalogue as realCatalogue } from '../../src/operations/catalogue.ts';
import type { OperationDeclaration } from '../../src/operations/declaration.ts';
import type { OperationCall } from '../../src/operations/report.ts';
import type { Actor } from '../../src/services/people/service.ts';
import { LOCAL_USER, personWith } from '../fixtures/operation-services.ts';
import { DoorBench, callOf, codeOf } from './door-bench.ts';

let bench: DoorBench;

beforeEach(() => {
  bench = new DoorBench();
});

afterEach(() => {
  bench.services.remove();
});

describe('what the door refuses', () => {
  test.each<[string, Partial<OperationCall>, string, RegExp]>([
    ['an unknown operation', { name: 'nothing' }, 'OPERATION_UNKNOWN', /audits nothing/],
    ['an unknown field', { input: { colour: 'red' } }, 'FIELD_INVALID', /colour/],
    ['a wrong type', { input: { target: 7 } }, 'FIELD_INVALID', /target/],
    ['no number', { input: { count: 'many' } }, 'FIELD_INVALID', /count/],
    ['no object', { input: 'target' }, 'FIELD_INVALID', /input/],
    ['an array', { input: [] }, 'FIELD_INVALID', /input/],
    ['a run id of another kind', { runId: newId('key') }, 'FIELD_INVALID', /run id/],
    ['a run id with a path in it', { runId: '../../etc/passwd' }, 'FIELD_INVALID', /run id/],
  ])('%s: nothing is planned or recorded', async (_what, changes, code, detail) => {
    const promise = bench.door(bench.probe()).call(callOf(changes));
    await expect(promise).rejects.toThrow(detail);
    expect(await codeOf(promise)).toBe(code);
    expect(bench.events).toEqual([]);
  });

  test.each<[string, Actor, string]>([
    ['a local user', LOCAL_USER, 'NOT_SIGNED_IN'],
    ['a viewer', personWith('viewer'), 'NOT_ALLOWED'],
    ['an approver', personWith('approver'), 'NOT_ALLOWED'],
  ])('%s who may not: the refusal is recorded, nothing else happens', async (_who, actor, code) => {
    expect(await codeOf(bench.door(bench.probe()).call(callOf({ actor })))).toBe(code);
    expect(bench.events).toEqual(['operation.done refused']);
    expect(bench.log.entries[0]).toMatchObject({ actor: actor.id, action: 'audits probe', data: { code } });
  });

  test('a refusal is an answer even when the log is broken', async () => {
    bench.log.fail();
    expect(await codeOf(bench.door(bench.probe()).call(callOf({ actor: LOCAL_USER })))).toBe('NOT_SIGNED_IN');
    expect(readdirSync(bench.services.home.spool)).toEqual([]);
  });

  test('an operation that needs approvals', async () => {
    const promise = bench.door(bench.probe({ approvals: 2 })).call(callOf());
    expect(await codeOf(promise)).toBe('APPROVAL_MISSING');
    expect(bench.events).toEqual(['plan', 'operation.done refused']);
    const error: unknown = await promise.catch((thrown: unknown) => thrown);
    expect((error as ElulmcError).row.exit).toBe(4);
  });

  test('a plan that cannot be made is recorded as failed', async () => {
    const plan = (): Promise<never> => Promise.reject(new ElulmcError('NOT_FOUND', 'there is no such model'));
    expect(await codeOf(bench.door(bench.probe({ plan })).call(callOf()))).toBe('NOT_FOUND');
    expect(bench.events).toEqual(['operation.done failed']);
  });
});

describe('who may do what of the catalogue', () => {
  const changing = realCatalogue.filter((entry) => entry.risk !== 'read');
  test('a local user may read, and of all changes only isolate in an emergency', async () => {
    const allowed: string[] = [];
    for (const entry of changing) {
      // Fields are looked at before people are; here it is about people.
      const declaration = { ...(await entry.load()), input: z.strictObject({}) } as OperationDeclaration;
      const door = bench.door({ ...entry, load: () => Promise.resolve(declaration) });
      const code = await codeOf(door.call(callOf({ room: entry.room, name: entry.name, actor: LOCAL_USER, dryRun: true })));
      if (code !== 'NOT_SIGNED_IN') allowed.push(entry.name);
    }
    expect(allowed).toEqual(['emergency-isolation']);
  });
});

describe('the order', () => {
  test('row, durable intent, perform, durable result', async () => {
    const report = await bench.door(bench.probe()).call(callOf({ ref: 'run_of_a_runbook', input: { target: 'demo' } }));
    expect(bench.events).toEqual(['plan', 'row', 'operation.intent open', 'perform', 'operation.done ok']);
    expect(report).toMatchObject({
      operation: 'audits probe',
      verdict: 'ok',
      exit: 0,
      dryRun: false,
      output: { done: true },
      plan: { changes: ['turn the probe'] },
      recorded: 'ledger',
      entries: { intent: { log: 'control', index: 0 }, done: { log: 'control', index: 1 } },
    });
    expect(bench.log.entries[0]).toMatchObject({
      id: report.runId,
      target: 'demo',
      ref: 'run_of_a_runbook',
      data: { changes: ['turn the probe'], planSha256: report.planSha256 },
    });
    expect(bench.log.entries[1]).toMatchObject({ id: report.runId, outcome: 'ok', data: { summary: 'Turned.', planSha256: report.planSha256 } });
    expect(await bench.runs.openRuns()).toEqual([]);
  });

  test('nothing is performed until the intent is durable', async () => {
    bench.log.hang();
    const promise = bench.door(bench.probe()).call(callOf());
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(bench.events).toEqual(['plan', 'row']);
    bench.log.release();
    await promise;
    expect(bench.events.slice(2)).toEqual(['operation.intent open', 'perform', 'operation.done ok']);
  });

  test('without a ledger nothing is performed', async () => {
    bench.log.fail();
    expect(await codeOf(bench.door(bench.probe()).call(callOf()))).toBe('LEDGER_UNAVAILABLE');
    expect(bench.events).not.toContain('perform');
  });

  test('without a database nothing is performed', async () => {
    bench.runs.failure = new ElulmcError('DATABASE_UNAVAILABLE', 'gone');
    expect(await codeOf(bench.door(bench.probe()).call(callOf()))).toBe('DATABASE_UNAVAILABLE');
    expect(bench.events).not.toContain('perform');
  });

  test('without a database a read is still performed and recorded', async () => {
    bench.runs.failure = new ElulmcError('DATABASE_UNAVAILABLE', 'gone');
    const report = await bench.door(bench.probe({ risk: 'read' })).call(callOf({ runId: newId('run') }));
    expect(report).toMatchObject({ exit: 0, recorded: 'ledger' });
    expect(bench.events).toEqual(['plan', 'row', 'operation.intent open', 'perform', 'operation.done ok']);
  });

  test.each<['finding' | 'inconclusive', number]>([
    ['finding', 3],
    ['inconclusive', 8],
  ])('a %s is a report with exit %i', async (verdict, exit) => {
    const perform = () => Promise.resolve({ output: { done: false }, verdict, summary: 'Looked.' });
    expect(await bench.door(bench.probe({ perform })).call(callOf())).toMatchObject({ verdict, exit });
    expect(bench.events.at(-1)).toBe(`operation.done ${verdict}`);
  });

  test.each<[string, Error, string]>([
    ['its own error', new ElulmcError('CONFLICT', 'the state changed'), 'CONFLICT'],
    ['an unexpected error', new TypeError('x is undefined'), 'OPERATION_FAILED'],
  ])('%s of an operation is recorded as failed, with the id that the caller gets', async (_what, thrown, code) => {
    const promise = bench.door(bench.probe({ perform: () => Promise.reject(thrown) })).call(callOf());
    const error = (await promise.catch((each: unknown) => each)) as ElulmcError;
    expect(error.code).toBe(code);
    expect(bench.log.entries.at(-1)).toMatchObject({ outcome: 'failed', data: { code, errorId: error.id } });
    expect(await bench.runs.openRuns()).toEqual([]);
  });

  test('an interrupted call says so', async () => {
    const controller = new AbortController();
    const perform = (): Promise<never> => {
      controller.abort(new Error('stop'));
      controller.signal.throwIfAborted();
      throw new Error('not reached');
    };
    const promise = bench.door(bench.probe({ perform })).call(callOf({ signal: controller.signal }));
    expect(await codeOf(promise)).toBe('INTERRUPTED');
    expect(bench.events.at(-1)).toBe('operation.done cancelled');
  });
});

describe('dry run', () => {
  test('plans, records that it was planned, performs nothing', async () => {
    const report = await bench.door(bench.probe()).call(callOf({ dryRun: true }));
    expect(report).toMatchObject({
      dryRun: true,
      output: null,
      exit: 0,
      plan: { changes: ['turn the probe'], notes: ['it is a probe'] },
      entries: { intent: null, done: { index: 0 } },
    });
    expect(bench.events).toEqual(['plan', 'operation.done planned']);
  });

  test('has the plan digest of the real run', async () => {
    const door = bench.door(bench.probe());
    const input = { target: 'demo' };
    expect((await door.call(callOf({ input, dryRun: true }))).planSha256).toBe((await door.call(callOf({ input }))).planSha256);
    expect((await door.call(callOf({ input: { target: 'other' }, dryRun: true }))).planSha256).not.toBe(
      (await door.call(callOf({ input, dryRun: true }))).planSha256,
    );
  });

  test('that cannot be recorded is refused', async () => {
    bench.log.fail();
    expect(await codeOf(bench.door(bench.probe()).call(callOf({ dryRun: true })))).toBe('LEDGER_UNAVAILABLE');
  });
});
