import { describe, expect, test } from 'vitest';
import { LimitBank } from '../../../src/gateway/limits/limit-bank.ts';
import { bankInProcess, LimitSlices } from '../../../src/gateway/limits/limit-slices.ts';
import { monotonicMs } from '../../../src/core/clock.ts';
import type { ApiKey, KeyLimits } from '../../../src/services/posture/snapshot.ts';
import { begin, call, CHAT, codeOf, readAll, startHarness, until } from '../fixtures/harness.ts';
import { endless } from '../fixtures/scripted-upstream.ts';

function keyWith(limits: Partial<KeyLimits>): ApiKey {
  return {
    id: 'key_1',
    sha256: '',
    name: '',
    subject: '',
    generation: 1,
    revokedAt: null,
    models: null,
    limits: { concurrency: null, requestsPerMinute: null, tokensPerMinute: null, ...limits },
  };
}

const claimant = { limitAnswered: (): void => undefined };
const NONE = { window: -1, slots: 0, requests: 0, tokens: 0 };

/** Takes with alternating workers until both are refused; returns how many were granted. */
function exhaust(workers: readonly LimitSlices[], key: ApiKey, tokens = 0): number {
  let granted = 0;
  for (let refused = 0; refused < workers.length;) {
    refused = 0;
    for (const worker of workers) {
      const verdict = worker.take(key, tokens, claimant);
      if (verdict !== 'pending' && verdict.granted) granted += 1;
      else refused += 1;
    }
  }
  return granted;
}

function twoWorkers(): { readonly bank: LimitBank; readonly workers: readonly LimitSlices[] } {
  const bank = new LimitBank(2);
  return { bank, workers: [0, 1].map((slot) => new LimitSlices(bankInProcess(bank, slot))) };
}

describe('limits over two workers', () => {
  test.each([1, 2, 3, 5, 60, 1_000])('%i requests a minute are never exceeded, and all can be used', (limit) => {
    const { workers } = twoWorkers();
    const granted = exhaust(workers, keyWith({ requestsPerMinute: limit }));
    expect(granted).toBeLessThanOrEqual(limit);
    // What one worker holds idle comes back with the tick.
    let all = granted;
    for (let i = 0; i < 20 && all < limit; i++) {
      for (const worker of workers) worker.tick();
      all += exhaust(workers, keyWith({ requestsPerMinute: limit }));
    }
    expect(all).toBe(limit);
  });

  test.each([1, 2, 3, 40])('%i running requests are never exceeded; an ended one makes room', (limit) => {
    const { workers } = twoWorkers();
    const key = keyWith({ concurrency: limit });
    for (const worker of workers) worker.tick();
    let running = exhaust(workers, key);
    for (let i = 0; i < 20; i++) {
      for (const worker of workers) worker.tick();
      running += exhaust(workers, key);
    }
    expect(running).toBe(limit);
    workers[0]?.release(key, monotonicMs(), 0, 0);
    workers[0]?.tick();
    expect(exhaust(workers, key)).toBe(1);
  });

  test('an exact limit gives a slot back at once, to the other worker', () => {
    const { workers } = twoWorkers();
    const key = keyWith({ concurrency: 1 });
    expect(workers[0]?.take(key, 0, claimant)).toMatchObject({ granted: true });
    expect(workers[1]?.take(key, 0, claimant)).toMatchObject({ granted: false, code: 'CONCURRENCY_LIMITED' });
    workers[0]?.release(key, monotonicMs(), 0, 0);
    expect(workers[1]?.take(key, 0, claimant)).toMatchObject({ granted: true });
  });

  test('tokens are reserved and settled: unused ones can be used, surplus ones are counted', () => {
    const { workers } = twoWorkers();
    const [worker] = workers;
    const key = keyWith({ tokensPerMinute: 100 });
    const taken = monotonicMs();
    expect(worker?.take(key, 100, claimant)).toMatchObject({ granted: true });
    expect(worker?.take(key, 1, claimant)).toMatchObject({ code: 'TOKENS_LIMITED' });
    worker?.release(key, taken, 100, 30);
    worker?.tick();
    expect(worker?.take(key, 71, claimant)).toMatchObject({ code: 'TOKENS_LIMITED' });
    expect(worker?.take(key, 10, claimant)).toMatchObject({ granted: true });
    worker?.release(key, taken, 10, 65);
    worker?.tick();
    expect(worker?.take(key, 10, claimant)).toMatchObject({ code: 'TOKENS_LIMITED' });
  });

  test('a worker that dies frees what it ran', () => {
    const { bank, workers } = twoWorkers();
    const key = keyWith({ concurrency: 2 });
    expect(exhaust(workers, key)).toBe(2);
    bank.forget(0);
    expect(bank.ask(1, { keyId: key.id, limits: key.limits, tokens: 0 })).toMatchObject({ credit: { slots: 1 } });
    bank.giveBack(1, 'key_unknown', NONE);
    bank.sweep();
  });

  test('a key without limits is never asked about', () => {
    const slices = new LimitSlices({
      ask: () => {
        throw new Error('asked');
      },
      giveBack: () => {
        throw new Error('told');
      },
    });
    expect(slices.take(keyWith({}), 5, claimant)).toEqual({ granted: true });
    slices.release(keyWith({}), 0, 5, 5);
    slices.tick();
  });
});

describe('requests', () => {
  test('a limited key gets 429 with a time to wait, and its slot back when a stream ends', async () => {
    const harness = await startHarness({ script: endless() });
    const limited = harness.posture.addKey({ limits: { concurrency: 1 } });
    const stream = { key: limited.text, body: { ...CHAT, stream: true } };
    const first = await begin(harness, stream);
    const reply = await call(harness, stream);
    expect([reply.status, codeOf(reply)]).toEqual([429, 'CONCURRENCY_LIMITED']);
    expect(reply.headers['retry-after']).toBe('1');
    first.destroy();
    await until(() => harness.worker.status().activeRequests === 0);
    const again = await begin(harness, stream);
    expect(again.statusCode).toBe(200);
    again.destroy();
    await harness.close();
  });

  test('requests and tokens of a minute', async () => {
    const harness = await startHarness();
    const few = harness.posture.addKey({ limits: { requestsPerMinute: 2 } });
    const codes = [];
    for (let i = 0; i < 3; i++) codes.push((await readAll(await begin(harness, { key: few.text }))).status);
    expect(codes).toEqual([200, 200, 429]);
    const tokens = harness.posture.addKey({ limits: { tokensPerMinute: 500 } });
    expect(codeOf(await call(harness, { key: tokens.text, body: { ...CHAT, max_tokens: 501 } }))).toBe('TOKENS_LIMITED');
    // Each answer spends 10 tokens of the 400 that were reserved.
    for (let i = 0; i < 3; i++) expect((await call(harness, { key: tokens.text, body: { ...CHAT, max_tokens: 400 } })).status).toBe(200);
    await harness.close();
  });

  test('a grant that arrives after the client left is given back, once', async () => {
    const bank = new LimitBank(2);
    const answers: (() => void)[] = [];
    const limits = new LimitSlices({
      ask: (ask, answered) => {
        answers.push(() => {
          answered(bank.ask(0, ask));
        });
      },
      giveBack: (keyId, credit) => {
        bank.giveBack(0, keyId, credit);
      },
    });
    const harness = await startHarness({ limits });
    const limited = harness.posture.addKey({ limits: { concurrency: 1 } });
    const lost = new AbortController();
    const gone = fetch(`${harness.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${limited.text}`, 'content-type': 'application/json' },
      body: JSON.stringify(CHAT),
      signal: lost.signal,
    }).catch(() => undefined);
    await until(() => answers.length > 0);
    lost.abort();
    await gone;
    await until(() => harness.worker.status().activeRequests === 0);
    answers.pop()?.();
    const ask = { keyId: limited.key.id, limits: limited.key.limits, tokens: 0 };
    expect(bank.ask(1, ask)).toMatchObject({ credit: { slots: 1 } });
    expect(bank.ask(1, ask)).toMatchObject({ refused: 'CONCURRENCY_LIMITED' });
    const waiting = call(harness, { key: limited.text });
    await until(() => answers.length > 0);
    answers.pop()?.();
    expect(codeOf(await waiting)).toBe('CONCURRENCY_LIMITED');
    expect(harness.upstream.seen).toHaveLength(0);
    await harness.close();
  });
});
