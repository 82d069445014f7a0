import { expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { decodeValues } from '../../../src/artifacts/weights/decode-values.ts';
import { dequantized } from '../../../src/artifacts/weights/dequantized.ts';

const TWO = Buffer.from([0x00, 0x40]);
const HALF = Buffer.from([0x00, 0x38]);

function all(type: string, bytes: Buffer): number[] {
  const source = dequantized(type, bytesSource(bytes));
  return [...(decodeValues('F32', source?.read(0, source.size) ?? Buffer.alloc(0)) ?? [])];
}

it('reads blocks of eight bits', () => {
  const block = Buffer.concat([TWO, Buffer.from(Array.from({ length: 32 }, (_, i) => (i - 16) & 0xff)), HALF, Buffer.alloc(32, 0x7f)]);
  const numbers = all('Q8_0', block);
  expect(numbers.slice(0, 32)).toEqual(Array.from({ length: 32 }, (_, i) => 2 * (i - 16)));
  expect(numbers.slice(32)).toEqual(Array.from({ length: 32 }, () => 63.5));
});

it('reads blocks of four bits, the second half of the elements in the high ones', () => {
  const numbers = all('Q4_0', Buffer.concat([TWO, Buffer.from(Array.from({ length: 16 }, (_, i) => i | ((15 - i) << 4)))]));
  expect(numbers).toEqual(Array.from({ length: 32 }, (_, i) => 2 * ((i < 16 ? i : 31 - i) - 8)));
});

it('reads from the middle of a block to the middle of another, and nothing behind the end', () => {
  const block = Buffer.concat([TWO, Buffer.alloc(32, 1), HALF, Buffer.alloc(32, 2)]);
  const source = dequantized('Q8_0', bytesSource(block));
  expect([...(decodeValues('F32', source?.read(31 * 4, 8) ?? Buffer.alloc(0)) ?? [])]).toEqual([2, 1]);
  expect(source?.read(64 * 4, 8).length).toBe(0);
  expect(dequantized('Q8_0', bytesSource(block.subarray(0, 40)))?.size).toBe(128);
});

it('does not know the others', () => {
  expect(dequantized('Q4_K', bytesSource(Buffer.alloc(144)))).toBeUndefined();
});
