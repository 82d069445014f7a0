import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanSegment } from '../../src/ledger/wal-segment.ts';
import { entryTexts, frameOf } from './support.ts';

const FIRST = 1000;
const GROUPS = [entryTexts(1000, 1001), entryTexts(1001, 1050), entryTexts(1050, 1060)];
const FRAMES = GROUPS.reduce<{ frames: Buffer[]; next: number }>(
  ({ frames, next }, texts) => ({ frames: [...frames, frameOf(texts, next).frame], next: next + texts.length }),
  { frames: [], next: FIRST },
).frames;
const SEGMENT = Buffer.concat(FRAMES);

function textsIn(bytes: Buffer): { texts: string[]; rest: string; nextIndex: number } {
  const { frames, rest, nextIndex } = scanSegment(bytes, FIRST);
  const texts = frames.flatMap(({ records, ends }) => ends.map((end, i) => records.toString('utf8', (ends[i - 1] ?? 0) + 2, end)));
  return { texts, rest, nextIndex };
}

describe('a segment', () => {
  test('that was cut off anywhere gives its whole frames, and the rest is torn', () => {
    const bounds = FRAMES.map((_, i) => Buffer.concat(FRAMES.slice(0, i + 1)).length);
    for (let length = 0; length <= SEGMENT.length; length += 1) {
      const whole = bounds.filter((bound) => bound <= length).length;
      const { texts, rest, nextIndex } = textsIn(SEGMENT.subarray(0, length));
      expect(texts).toEqual(GROUPS.slice(0, whole).flat());
      expect(nextIndex).toBe(FIRST + texts.length);
      expect(rest).toBe(length === 0 || bounds.includes(length) ? 'none' : 'torn');
    }
  });

  test('with a changed bit gives nothing that was not written, and shows the damage', () => {
    fc.assert(
      fc.property(fc.nat({ max: SEGMENT.length * 8 - 1 }), (bit) => {
        const bytes = Buffer.from(SEGMENT);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const { texts, rest } = textsIn(bytes);
        expect(GROUPS.flat().slice(0, texts.length)).toEqual(texts);
        expect(rest).toBe(bit >> 3 < SEGMENT.length - (FRAMES[2]?.length ?? 0) ? 'corrupt' : 'torn');
      }),
      { numRuns: 500 },
    );
  });

  test('of which a frame is missing or comes twice is corrupt', () => {
    const [a = SEGMENT, b = SEGMENT, c = SEGMENT] = FRAMES;
    expect(textsIn(Buffer.concat([a, c])).rest).toBe('corrupt');
    expect(textsIn(Buffer.concat([a, b, b, c])).rest).toBe('corrupt');
    expect(textsIn(Buffer.concat([b, c])).rest).toBe('corrupt');
  });

  test('with a frame that says more or fewer entries than it has is torn there', () => {
    for (const count of [0, 9, 11]) {
      const frame = Buffer.from(frameOf(entryTexts(1000, 1010), FIRST).frame);
      frame.writeUInt32BE(count, 12);
      expect(textsIn(frame)).toEqual({ texts: [], rest: 'torn', nextIndex: FIRST });
    }
  });

  test('followed by zeros ends before them', () => {
    expect(textsIn(Buffer.concat([SEGMENT, Buffer.alloc(5000)]))).toEqual({ texts: GROUPS.flat(), rest: 'torn', nextIndex: 1060 });
  });
});
