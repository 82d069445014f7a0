import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { begin, call, CHAT, codeOf, dataOf, readAll, startHarness, until } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';
import { MemoryLog } from './fixtures/memory-log.ts';
import { chunk, COMPLETION, DONE, endless, json, stream } from './fixtures/scripted-upstream.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(async () => {
  await harness.close();
});

const STREAM = { body: { ...CHAT, stream: true } };

/** Whether a promise has settled by now, after everything that could settle it had its chance. */
async function settledAfter(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setTimeout(resolve, ms));
  return settled;
}

describe('nothing is served that is not recorded', () => {
  test('a plain head waits until the entry is durable', async () => {
    harness.log.hold();
    const head = begin(harness);
    await until(() => harness.log.pending() === 1);
    expect(await settledAfter(head, 100)).toBe(false);
    expect(harness.log.entries).toHaveLength(0);
    harness.log.release();
    const reply = await readAll(await head);
    expect(reply.status).toBe(200);
    expect(harness.log.of(String(reply.headers['x-request-id']))).toHaveLength(1);
  });

  test("a stream's head waits until request.open is durable, and no event is lost", async () => {
    harness.upstream.script = stream([chunk('a'), chunk('', 'stop'), DONE]);
    harness.log.hold();
    const head = begin(harness, STREAM);
    await until(() => harness.upstream.seen.length === 1 && harness.log.pending() === 1);
    expect(await settledAfter(head, 100)).toBe(false);
    harness.log.release();
    expect((await readAll(await head)).text).toBe(chunk('a') + chunk('', 'stop') + DONE);
  });

  test('so does a refusal of somebody known, and a session token', async () => {
    harness.log.hold();
    const refusal = begin(harness, { body: {} });
    const session = begin(harness, { path: '/v1/sessions', body: {} });
    expect(await settledAfter(Promise.race([refusal, session]), 100)).toBe(false);
    harness.log.release();
    expect((await readAll(await refusal)).status).toBe(400);
    expect((await readAll(await session)).status).toBe(201);
    expect(harness.log.entries.map((entry) => entry.kind).sort()).toEqual(['request.done', 'request.done', 'session.issued']);
  });

  test('a log that fails closes the gateway and cuts what runs', async () => {
    harness.upstream.script = endless();
    const running = await begin(harness, STREAM);
    const rest = readAll(running);
    harness.log.break();
    const started = performance.now();
    expect(codeOf(await call(harness))).toBe('LEDGER_UNAVAILABLE');
    const cut = await rest;
    expect(cut.text).toContain('LEDGER_UNAVAILABLE');
    expect(cut.broken).toBe(false);
    expect(performance.now() - started).toBeLessThan(5_000);
    await until(() => harness.upstream.seen.every((seen) => seen.aborted));
    expect((await call(harness, { method: 'GET', path: '/health', key: null })).status).toBe(503);
  });

  test('an append that fails while the answer waits withholds the answer', async () => {
    harness.log.hold();
    const head = begin(harness);
    await until(() => harness.log.pending() === 1);
    harness.log.break();
    const reply = await readAll(await head);
    expect(codeOf(reply)).toBe('LEDGER_UNAVAILABLE');
    expect(reply.text).not.toContain('hello');
  });

  test('a disk that does not answer is a log that failed, until it answers', async () => {
    const slow = await startHarness({ settings: { ledgerStallMs: 200 } });
    slow.log.hold();
    const waiting = call(slow);
    const stream_ = call(slow, STREAM);
    expect(codeOf(await waiting)).toBe('LEDGER_UNAVAILABLE');
    expect(codeOf(await stream_)).toBe('LEDGER_UNAVAILABLE');
    expect(codeOf(await call(slow))).toBe('LEDGER_UNAVAILABLE');
    slow.log.release();
    await until(() => slow.log.pending() === 0);
    expect((await call(slow)).status).toBe(200);
    await slow.close();
  });

  test('a log that is behind what its witness saw, or was refused by it, serves nothing', async () => {
    harness.posture.see({ log: 'gw-test-0', size: 1_000, root: '', refused: false });
    expect(codeOf(await call(harness))).toBe('LEDGER_UNTRUSTED');
    harness.posture.see({ log: 'gw-test-0', size: 0, root: '', refused: true });
    expect(codeOf(await call(harness))).toBe('LEDGER_UNTRUSTED');
    harness.posture.see({ log: 'gw-other-0', size: 1_000, root: '', refused: true });
    expect((await call(harness)).status).toBe(200);
  });

  test('an isolation that comes while the entry waits withholds the answer and corrects the record', async () => {
    harness.log.hold();
    const head = begin(harness);
    await until(() => harness.log.pending() === 1);
    harness.posture.isolate('all', null);
    await new Promise((resolve) => setTimeout(resolve, 20));
    harness.log.release();
    const reply = await readAll(await head);
    expect(codeOf(reply)).toBe('ISOLATED');
    await until(() => harness.log.pending() === 0);
    expect(harness.log.of(String(reply.headers['x-request-id'])).map((entry) => [entry.kind, entry.outcome])).toEqual([
      ['request.done', 'ok'],
      ['request.close', 'cut'],
    ]);
  });
});

describe('entries', () => {
  test('every exchange that passes authentication has one group; the ids that clients saw are the ids in the log', async () => {
    harness.posture.addPassThrough({ path: '/tokenize', upstream: 'a' });
    const plain = await Promise.all(Array.from({ length: 20 }, () => call(harness)));
    const others = await Promise.all([
      call(harness, { method: 'GET', path: '/v1/models' }),
      call(harness, { body: {} }),
      call(harness, { body: { model: 'nope' } }),
      call(harness, { path: '/v1/sessions', body: {} }),
      call(harness, { path: '/tokenize', body: { x: 1 } }),
      call(harness, { path: '/v1/embeddings' }),
    ]);
    harness.upstream.script = stream([chunk('a'), chunk('', 'stop'), DONE]);
    const streams = await Promise.all(Array.from({ length: 10 }, () => call(harness, STREAM)));
    await call(harness, { key: null });
    await until(() => harness.worker.status().activeRequests === 0 && harness.log.pending() === 0);
    const seen = [...plain, ...others, ...streams].map((reply) => String(reply.headers['x-request-id']));
    const groups = harness.log.entries.filter((entry) => entry.kind.startsWith('request.'));
    expect(new Set(groups.map((entry) => entry.id))).toEqual(new Set(seen));
    expect(groups).toHaveLength(20 + 6 + 2 * 10);
  });

  test('a pass-through takes every stage, keeps its query, and is closed to keys that are limited to models', async () => {
    harness.posture.addPassThrough({ path: '/tokenize', upstream: 'a' });
    const reply = await call(harness, { path: '/tokenize/x?a=1', body: { prompt: 'x' } });
    expect(reply.status).toBe(200);
    expect(harness.upstream.seen[0]).toMatchObject({ url: '/tokenize/x?a=1', body: '{"prompt":"x"}' });
    expect(harness.log.of(String(reply.headers['x-request-id']))[0]).toMatchObject({ action: 'POST /tokenize/x', target: 'a', outcome: 'ok' });
    expect(codeOf(await call(harness, { path: '/tokenize', key: null }))).toBe('KEY_MISSING');
    expect(codeOf(await call(harness, { path: '/tokenize', key: harness.posture.addKey({ models: ['m'] }).text }))).toBe('MODEL_NOT_ALLOWED');
    harness.posture.isolate('model', 'm');
    expect(codeOf(await call(harness, { path: '/tokenize' }))).toBe('ISOLATED');
  });

  test('a subject whose key was destroyed is not served: it cannot be recorded', async () => {
    const { key, text } = harness.posture.addKey();
    harness.posture.patch({ subjects: new Map([...harness.posture.posture.subjects, [key.subject, { id: key.subject, wrappedKey: null }]]) });
    expect(codeOf(await call(harness, { key: text }))).toBe('LEDGER_UNAVAILABLE');
  });

  test('posture changes and the kill switch are noted with what they ended', async () => {
    harness.upstream.script = endless();
    const answers = await Promise.all([begin(harness, STREAM), begin(harness, STREAM)]);
    harness.posture.isolate('all', null);
    await Promise.all(answers.map(readAll));
    harness.posture.setKillSwitch(true);
    harness.posture.setKillSwitch(false);
    await until(() => harness.log.ofKind('killswitch.observed').length === 2);
    expect(dataOf(harness.log.ofKind('posture.applied').at(-1))).toEqual({ version: harness.posture.posture.version, cut: 2 });
    expect(harness.worker.status()).toMatchObject({ postureVersion: harness.posture.posture.version, activeStreams: 0, killSwitch: false });
  });

  test('a quiet log gets a heartbeat', async () => {
    const quiet = await startHarness({ settings: { heartbeatMs: 50 }, backlog: new MemoryLog('gw-quiet-0') });
    await until(() => quiet.log.ofKind('heartbeat').length > 1);
    await quiet.close();
  });

  test('a client that leaves is on record as cancelled, before and inside a stream', async () => {
    harness.upstream.script = () => undefined;
    const early = begin(harness, STREAM).catch(() => undefined);
    await until(() => harness.upstream.seen.length === 1);
    const other = harness;
    harness.upstream.script = endless();
    const inside = await begin(other, STREAM);
    inside.once('data', () => inside.destroy());
    await until(() => harness.log.ofKind('request.close').length === 1);
    expect(harness.log.ofKind('request.close')[0]).toMatchObject({ outcome: 'cancelled' });
    await harness.worker.close();
    await early;
    await until(() => harness.log.ofKind('request.close').length === 2);
    harness.upstream.script = json(COMPLETION);
  });
});
