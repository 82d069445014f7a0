import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NonFiniteSearch } from '../../../src/artifacts/safetensors/non-finite.ts';
import type { FloatType } from '../../../src/artifacts/safetensors/non-finite.ts';
import { ValuePass } from '../../../src/artifacts/safetensors/value-pass.ts';

function search(type: FloatType, bytes: Buffer, cuts: readonly number[] = []): number | undefined {
  const found = new NonFiniteSearch(type);
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    found.update(bytes.subarray(from, Math.max(from, cut)));
    from = Math.max(from, cut);
  }
  found.update(bytes.subarray(from));
  return found.first;
}

function element(type: FloatType, code: number): Buffer {
  const bytes = Buffer.alloc(type === 'F64' ? 8 : type === 'F32' || type === 'C64' ? 4 : type === 'F16' || type === 'BF16' ? 2 : 1);
  if (type === 'F64') bytes.writeUInt32LE(code, 4);
  else bytes.writeUIntLE(code, 0, bytes.length);
  return bytes;
}

describe('NonFiniteSearch', () => {
  it.each<[FloatType, readonly number[], readonly number[]]>([
    ['F64', [0x7ff00000, 0xfff80000], [0x7fe00000, 0xffefffff, 0]],
    ['F32', [0x7f800000, 0xff800000, 0x7fc00001], [0x7f7fffff, 0xff7fffff, 0x3f800000]],
    ['C64', [0x7f800000], [0x7f7fffff]],
    ['F16', [0x7c00, 0xfc00, 0x7e01], [0x7bff, 0xfbff]],
    ['BF16', [0x7f80, 0xff80, 0x7fc0], [0x7f7f, 0xff7f]],
    ['F8_E5M2', [0x7c, 0xfc, 0x7f], [0x7b, 0xfb]],
    ['F8_E4M3', [0x7f, 0xff], [0x7e, 0xfe, 0x80]],
    ['F8_E8M0', [0xff], [0xfe, 0x7f]],
    ['F8_E4M3FNUZ', [0x80], [0x7f, 0xff, 0]],
    ['F8_E5M2FNUZ', [0x80], [0x7f, 0xff, 0]],
  ])('tells NaN and infinity of %s from the numbers next to them', (type, bad, good) => {
    const plain = Buffer.concat(good.map((code) => element(type, code)));
    expect(search(type, plain)).toBeUndefined();
    for (const code of bad) expect(search(type, Buffer.concat([plain, element(type, code)]))).toBe(plain.length);
  });

  it('finds the first one wherever it is and however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<FloatType>('F32', 'F16', 'F64', 'F8_E4M3'),
        fc.nat(9000),
        fc.nat(9000),
        fc.array(fc.nat(72_000), { maxLength: 6 }),
        (type, before, after, cuts) => {
          const size = element(type, 0).length;
          const bad = element(type, type === 'F64' ? 0x7ff00000 : type === 'F32' ? 0x7f800000 : type === 'F16' ? 0x7c00 : 0x7f);
          const bytes = Buffer.concat([Buffer.alloc(before * size, 0x11), bad, Buffer.alloc(after * size, 0x11)]);
          expect(search(type, bytes, cuts)).toBe(before * size);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('needs no alignment', () => {
    const bytes = Buffer.concat([Buffer.from([0]), element('F32', 1), element('F32', 0x7f800000)]);
    expect(search('F32', bytes.subarray(1))).toBe(4);
  });
});

describe('ValuePass', () => {
  const bytes = Buffer.concat([Buffer.alloc(3), element('F32', 1), element('F32', 0x7f800000), Buffer.alloc(5, 0xff), element('F16', 0x7c00), Buffer.alloc(9)]);
  const regions = [
    { name: 'halves', dtype: 'F16', offset: 16, length: 2 },
    { name: 'floats', dtype: 'F32', offset: 3, length: 8 },
    { name: 'bytes', dtype: 'U8', offset: 11, length: 5 },
  ];

  it('finds them in a file that goes by in pieces of any size', () => {
    for (let size = 1; size <= bytes.length; size++) {
      const pass = new ValuePass(regions);
      for (let at = 0; at < bytes.length; at += size) pass.update(bytes.subarray(at, at + size));
      expect(pass.found).toEqual([
        { name: 'floats', offset: 7 },
        { name: 'halves', offset: 16 },
      ]);
    }
  });

  it('goes on behind regions that overlap', () => {
    const pass = new ValuePass([{ name: 'first', dtype: 'F32', offset: 0, length: 8 }, { name: 'inside', dtype: 'F32', offset: 4, length: 4 }, ...regions]);
    pass.update(bytes);
    expect(pass.found.map(({ name }) => name)).toContain('halves');
  });
});
