import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COUNTER, createRing, RingAppender, RingTaker } from '../../src/ledger/ring.ts';

function ringOf(size: number): { appender: RingAppender; taker: RingTaker; counters: Int32Array } {
  const memory = createRing(size);
  return { appender: new RingAppender(memory), taker: new RingTaker(memory), counters: new Int32Array(memory.counters) };
}

function takeTexts(taker: RingTaker, target = Buffer.alloc(4096), limit = 100): string[] {
  const ends = new Int32Array(limit);
  const count = taker.take(target, 8, ends);
  return Array.from({ length: count }, (_, i) => {
    const start = 8 + (i === 0 ? 0 : (ends[i - 1] ?? 0));
    const end = 8 + (ends[i] ?? 0);
    expect(target.readUInt16BE(start)).toBe(end - start - 2);
    return target.toString('utf8', start + 2, end);
  });
}

describe('a ring', () => {
  test('refuses what it has no room for, and takes it when there is room again', () => {
    const { appender, taker } = ringOf(64);
    expect(appender.append('x'.repeat(40), 40)).toBe(40);
    expect(appender.append('y'.repeat(40), 40)).toBe(0);
    expect(appender.append('z'.repeat(63), 63)).toBe(0);
    appender.flush();
    expect(takeTexts(taker)).toEqual(['x'.repeat(40)]);
    expect(appender.append('y'.repeat(20), 20)).toBe(20);
  });

  test('shows nothing before it is flushed', () => {
    const { appender, taker, counters } = ringOf(64);
    appender.append('a', 3);
    expect(takeTexts(taker)).toEqual([]);
    appender.flush();
    expect(counters[COUNTER.wake]).toBe(1);
    expect(takeTexts(taker)).toEqual(['a']);
  });

  test('gives as much as the target or the limit allows, and the rest later', () => {
    const { appender, taker } = ringOf(256);
    for (const text of ['aaaa', 'bbbb', 'cccc', 'dddd']) appender.append(text, 4);
    appender.flush();
    expect(takeTexts(taker, Buffer.alloc(8 + 13))).toEqual(['aaaa', 'bbbb']);
    expect(takeTexts(taker, undefined, 1)).toEqual(['cccc']);
    expect(takeTexts(taker)).toEqual(['dddd']);
  });

  test('loses and changes nothing, whatever the sizes and the turns', () => {
    const step = fc.oneof(fc.string({ minLength: 1, maxLength: 30, unit: 'binary' }), fc.constant('take'), fc.constant('take one'));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { appender, taker } = ringOf(256);
        const taken: string[] = [];
        const given: string[] = [];
        for (const text of steps) {
          if (text.startsWith('take')) taken.push(...takeTexts(taker, undefined, text === 'take' ? 100 : 1));
          else if (appender.append(text, Buffer.byteLength(text)) > 0) given.push(text);
          appender.flush();
        }
        for (let more = takeTexts(taker); more.length > 0; more = takeTexts(taker)) taken.push(...more);
        expect(taken).toEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  test('goes on when its counters pass 2^31 and 2^32', () => {
    const { appender, taker } = ringOf(1 << 20);
    const text = 'x'.repeat(60_000);
    const target = Buffer.alloc(1 << 20);
    const ends = new Int32Array(100);
    for (let bytes = 0; bytes < 2 ** 32 + 2 ** 21; bytes += 16 * 60_002) {
      for (let i = 0; i < 16; i += 1) if (appender.append(text, 60_000) === 0) expect.fail('no room');
      appender.flush();
      if (taker.take(target, 0, ends) !== 16) expect.fail(`a record is missing after ${String(bytes)} bytes`);
    }
  });
});
