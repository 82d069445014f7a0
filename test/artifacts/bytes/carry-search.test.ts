import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carriesIn, passMemory, type Carry } from '../../../src/artifacts/bytes/carry-search.ts';

/** The exponent of half precision, four times. */
const HALF: Carry = { mask: 0x7c00_7c00_7c00_7c00n, lowest: 0x0400_0400_0400_0400n, sign: 0x8000_8000_8000_8000n };
const isBad = (bytes: Buffer): boolean => {
  for (let at = 0; at + 2 <= bytes.length; at += 2) if ((bytes.readUInt16LE(at) & 0x7c00) === 0x7c00) return true;
  return false;
};
/** Half precision without NaN and infinity, and one of them in some. */
const halves = fc.tuple(fc.uint8Array({ maxLength: 3000 }), fc.option(fc.nat(1499))).map(([random, odd]) => {
  const bytes = Buffer.from(random.subarray(0, random.length - (random.length % 2))).map((byte, at) => (at % 2 === 1 ? byte & 0xbf : byte));
  if (odd !== null && odd * 2 + 2 <= bytes.length) bytes.set([0, 0x7c], odd * 2);
  return Buffer.from(bytes);
});

describe('the search for a pattern in bytes', () => {
  it('agrees with a look at every element, for bytes of anywhere', () => {
    fc.assert(
      fc.property(halves, (bytes) => {
        expect(carriesIn(bytes, HALF)).toBe(isBad(bytes));
      }),
    );
  });

  it('agrees for bytes in the memory of the pass, at any place in it', () => {
    const memory = passMemory();
    fc.assert(
      fc.property(halves, fc.nat(5000), (bytes, at) => {
        const place = memory.subarray(at, at + bytes.length);
        place.set(bytes);
        expect(carriesIn(place, HALF)).toBe(isBad(bytes));
        expect(place.equals(bytes)).toBe(true);
      }),
    );
  });

  it('looks at all of many bytes, and at none that are not asked for', () => {
    const bytes = Buffer.alloc(300_000);
    expect(carriesIn(bytes, HALF)).toBe(false);
    bytes.writeUInt16LE(0x7c00, bytes.length - 2);
    expect(carriesIn(bytes, HALF)).toBe(true);
    expect(carriesIn(bytes.subarray(0, -2), HALF)).toBe(false);
    expect(carriesIn(Buffer.alloc(0), HALF)).toBe(false);
    const memory = passMemory();
    memory.fill(0xff);
    expect(carriesIn(memory.fill(0, 64, 100).subarray(64, 100), HALF)).toBe(false);
  });
});
