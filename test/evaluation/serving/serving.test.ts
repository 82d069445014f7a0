import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createModelClient } from '../../../src/evaluation/client/model-client.ts';
import { poissonArrivals } from '../../../src/evaluation/serving/arrivals.ts';
import { compareServing } from '../../../src/evaluation/serving/compare-serving.ts';
import { driveLoad } from '../../../src/evaluation/serving/drive-load.ts';
import { latenciesOf } from '../../../src/evaluation/serving/served-request.ts';
import type { ServedRequest } from '../../../src/evaluation/serving/served-request.ts';
import { meetsObjectives, summarizeLatencies, summarizeServing } from '../../../src/evaluation/serving/serving-summary.ts';
import { seededGenerator } from '../../../src/evaluation/statistics/seeded-generator.ts';
import { erroring } from '../../fixtures/scripted-servers/erroring.ts';
import { startScriptedServer } from '../../fixtures/scripted-servers/scripted-server.ts';
import { slow } from '../../fixtures/scripted-servers/slow.ts';

const served = (dueMs: number, eventMs: number[], endedMs: number, error: ServedRequest['error'] = null): ServedRequest => ({
  dueMs,
  eventMs,
  endedMs,
  outputTokens: eventMs.length,
  error,
});

describe('arrivals', () => {
  test('the same for the same seed, in order, and as many as the rate says', () => {
    const times = poissonArrivals(50, 100_000, 3);
    expect(times).toEqual(poissonArrivals(50, 100_000, 3));
    expect(times).not.toEqual(poissonArrivals(50, 100_000, 4));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    // 5,000 expected, standard deviation 71.
    expect(Math.abs(times.length - 5_000)).toBeLessThan(300);
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    const average = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - average) ** 2, 0) / gaps.length);
    // Exponential gaps: mean and standard deviation are equal.
    expect(deviation / average).toBeCloseTo(1, 1);
  });

  test('refuse numbers that make no sense', () => {
    for (const rate of [0, -1, NaN, Infinity]) expect(() => poissonArrivals(rate, 1_000, 1)).toThrow(RangeError);
    for (const duration of [0, -5, NaN, 1.5]) expect(() => poissonArrivals(1, duration, 1)).toThrow(RangeError);
    expect(() => poissonArrivals(1e6, 1e9, 1)).toThrow(/expected requests/);
  });
});

describe('latencies of one request', () => {
  test('by the definitions of vLLM', () => {
    expect(latenciesOf(served(100, [150, 170, 200], 210))).toEqual({ ttftMs: 50, tpotMs: 30, itlMs: [20, 30], e2elMs: 110 });
    // Tokens that came together in one event still count.
    expect(latenciesOf({ ...served(0, [10, 20], 40), outputTokens: 4 }).tpotMs).toBe(10);
  });

  test('what does not exist is null', () => {
    expect(latenciesOf(served(0, [], 30))).toEqual({ ttftMs: null, tpotMs: null, itlMs: [], e2elMs: 30 });
    expect(latenciesOf(served(0, [10], 30)).tpotMs).toBeNull();
  });
});

describe('summary', () => {
  const requests = [
    served(0, [500], 600),
    served(1_000, [1_010, 1_020, 1_030], 1_030),
    served(1_500, [1_540, 1_600, 1_640], 1_640),
    served(2_000, [], 2_100, 'UPSTREAM_UNAVAILABLE'),
    served(2_500, [2_600, 2_700], 3_000),
  ];

  test('drops the warm-up, counts errors, and takes goodput over all requests', () => {
    const summary = summarizeServing(requests, { ttftMs: 50, tpotMs: 50 }, 1_000);
    expect(summary).toMatchObject({
      completed: 3,
      failed: 1,
      errorShare: 0.25,
      errors: { UPSTREAM_UNAVAILABLE: 1 },
      durationMs: 2_000,
      requestsPerSecond: 1.5,
      outputTokensPerSecond: 4,
      goodput: 1,
      goodShare: 0.5,
    });
    expect(summary.ttft).toMatchObject({ count: 3, mean: 50, p50: 40 });
    expect(summary.ttft?.p95).toBeCloseTo(94, 9);
    expect(summary.tpot).toMatchObject({ count: 3, mean: (10 + 50 + 400) / 3 });
    expect(summary.itl).toMatchObject({ count: 5, p50: 40 });
    expect(summary.e2el).toMatchObject({ count: 3, p50: 140 });
  });

  test('of nothing is null, not zero', () => {
    const nothing = summarizeServing([], { ttftMs: 1 });
    expect(nothing).toMatchObject({
      completed: 0,
      failed: 0,
      errorShare: null,
      goodput: null,
      goodShare: null,
      requestsPerSecond: null,
      ttft: null,
      e2el: null,
    });
    expect(summarizeServing([served(0, [], 0, 'UPSTREAM_TIMEOUT')])).toMatchObject({ completed: 0, errorShare: 1, ttft: null });
    expect(summarizeLatencies([7])).toEqual({ count: 1, mean: 7, standardDeviation: null, p50: 7, p90: 7, p95: 7, p99: 7 });
    expect(() => summarizeServing([], {}, -1)).toThrow(RangeError);
    expect(() => summarizeLatencies([1, NaN])).toThrow(RangeError);
  });

  test('objectives: an answer without a token meets no TTFT, one of one token every TPOT', () => {
    expect(meetsObjectives(served(0, [], 5), { ttftMs: 50 })).toBe(false);
    expect(meetsObjectives(served(0, [], 5), { e2elMs: 50 })).toBe(true);
    expect(meetsObjectives(served(0, [9], 5), { tpotMs: 0.1 })).toBe(true);
    expect(meetsObjectives(served(0, [9], 50, 'UPSTREAM_TIMEOUT'), {})).toBe(false);
  });

  test('percentiles are ordered and lie between the extremes', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const summary = summarizeLatencies(values);
        const points = [Math.min(...values), summary?.p50 ?? NaN, summary?.p90 ?? NaN, summary?.p95 ?? NaN, summary?.p99 ?? NaN, Math.max(...values)];
        points.slice(1).forEach((point, i) => {
          expect(point).toBeGreaterThanOrEqual((points[i] ?? NaN) - 1e-6);
        });
      }),
    );
  });
});

/** Requests whose latencies are `factor` times those of a seeded exponential. */
function load(seed: number, factor: number, count = 400): ServedRequest[] {
  const random = seededGenerator(seed, 'test-load');
  return Array.from({ length: count }, (_, i) => {
    const first = factor * (20 - 10 * Math.log1p(-random.uniform()));
    const gap = factor * (5 - Math.log1p(-random.uniform()));
    return served(i * 10, [i * 10 + first, i * 10 + first + gap, i * 10 + first + 2 * gap], i * 10 + first + 2 * gap);
  });
}

describe('comparison with a baseline', () => {
  const options = { seed: 1, objectives: { ttftMs: 60, tpotMs: 10 } };

  test('the same load passes, a slower one fails, and the same seed gives the same figures', () => {
    const base = load(1, 1);
    const same = compareServing(base, base, options);
    expect(same.parts.map(({ name, estimate }) => [name, estimate])).toEqual([
      ['ttft-p95-ratio', 1],
      ['tpot-p95-ratio', 1],
      ['goodput-ratio', 1],
    ]);
    expect(compareServing(base, load(2, 0.8), options).verdict).toBe('PASS');
    const slower = compareServing(base, load(2, 2), options);
    expect(slower.parts.map(({ verdict }) => verdict)).toEqual(['FAIL', 'FAIL', 'FAIL']);
    expect(compareServing(base, load(2, 2), options)).toEqual(slower);
  });

  test('few requests decide nothing', () => {
    expect(compareServing(load(1, 1, 12), load(2, 1.1, 12), options).verdict).toBe('INCONCLUSIVE');
    for (const count of [0, 1]) expect(compareServing(load(1, 1, count), load(2, 1, count), options).verdict).toBe('INCONCLUSIVE');
    expect(compareServing(null, load(1, 1), { seed: 1 })).toEqual({ verdict: 'INCONCLUSIVE', parts: [] });
  });

  test('a candidate that never meets the objectives fails', () => {
    const part = compareServing(load(1, 1), load(1, 50), options).parts.find(({ name }) => name === 'goodput-ratio');
    expect(part).toMatchObject({ verdict: 'FAIL', estimate: null });
  });

  test('a budget needs no baseline', () => {
    const failing = load(3, 1).map((request, i) => (i % 5 === 0 ? { ...request, error: 'UPSTREAM_TIMEOUT' as const } : request));
    const budget = { ttftP95Ms: 200, tpotP95Ms: 1, errorShare: 0.05 };
    const { verdict, parts } = compareServing(null, failing, { seed: 1, budget });
    expect(verdict).toBe('FAIL');
    expect(parts.map(({ name, verdict: word }) => [name, word])).toEqual([
      ['ttft-p95-budget', 'PASS'],
      ['tpot-p95-budget', 'FAIL'],
      ['error-share-budget', 'FAIL'],
    ]);
    expect(parts[2]?.estimate).toBe(0.2);
  });

  test('bad numbers are refused', () => {
    expect(() => compareServing([], [], { seed: -1 })).toThrow(RangeError);
    expect(() => compareServing([], [], { seed: 1, maxRatio: 0 })).toThrow(RangeError);
    expect(() => compareServing([], [], { seed: 1, warmUpMs: NaN })).toThrow(RangeError);
  });
});

describe('a load on a server', () => {
  const generation = { maxTokens: 5 };

  test('is sent as planned, whether or not answers have come', async () => {
    const server = await startScriptedServer(slow({ firstMs: 60, eachMs: 1 }));
    const client = createModelClient({ upstream: { name: 's', url: server.url, token: null }, model: 'slow', concurrency: 1_000, retries: 0 });
    const steps: number[] = [];
    const requests = await driveLoad({
      client,
      prompts: ['a', 'b', 'c'],
      generation,
      perSecond: 200,
      durationMs: 200,
      seed: 5,
      onProgress: (done) => steps.push(done),
    });
    await server.close();
    expect(requests.map(({ dueMs }) => dueMs)).toEqual(poissonArrivals(200, 200, 5));
    expect(requests.every(({ error, eventMs, outputTokens }) => error === null && eventMs.length === 5 && outputTokens === 5)).toBe(true);
    // A closed loop would never have more than it has workers; here all that came within 60 ms are open together.
    expect(server.mostAtOnce).toBeGreaterThan(3);
    expect(new Set(server.requests.map(({ messages }) => messages[0]?.content))).toEqual(new Set(['a', 'b', 'c']));
    expect(steps.at(-1)).toBe(requests.length);
    expect(summarizeServing(requests)).toMatchObject({ failed: 0, completed: requests.length });
  });

  test('errors are recorded, and a signal ends it', async () => {
    const server = await startScriptedServer(erroring('failing'));
    const client = createModelClient({ upstream: { name: 's', url: server.url, token: null }, model: 'm', concurrency: 100, retries: 0 });
    const failed = await driveLoad({ client, prompts: ['a'], generation, perSecond: 100, durationMs: 100, seed: 1 });
    expect(new Set(failed.map(({ error }) => error))).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    const controller = new AbortController();
    const load = driveLoad({ client, prompts: ['a'], generation, perSecond: 1, durationMs: 1e6, seed: 1, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(load).rejects.toThrow('enough');
    await expect(driveLoad({ client, prompts: [], generation, perSecond: 1, durationMs: 10, seed: 1 })).rejects.toThrow(RangeError);
    await server.close();
  });
});
