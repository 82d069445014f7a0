import type { ByteSource } from '../bytes/byte-source.ts';
import { decodeValues } from './decode-values.ts';

/** Elements of a block, whatever the type. */
const BLOCK = 32;
const SCALE_BYTES = 2;
const FLOAT_BYTES = 4;

interface BlockType {
  readonly bytes: number;
  /** Value of one element of a block without its scale. */
  readonly value: (blocks: Buffer, start: number, element: number) => number;
}

/** Blocks of ggml: a scale as F16, then the numbers (ggml-common.h, `block_q8_0` and `block_q4_0`). */
const TYPES: ReadonlyMap<string, BlockType> = new Map([
  ['Q8_0', { bytes: 34, value: (blocks, start, element) => blocks.readInt8(start + SCALE_BYTES + element) }],
  [
    'Q4_0',
    {
      bytes: 18,
      // The first half of the elements lies in the low four bits.
      value: (blocks, start, element) => (((blocks[start + SCALE_BYTES + (element % 16)] ?? 0) >> (element < 16 ? 0 : 4)) & 15) - 8,
    },
  ],
]);

/** The numbers of a quantised tensor as F32, computed as they are read; undefined for types that are not computed with. */
export function dequantized(type: string, source: ByteSource): ByteSource | undefined {
  const block = TYPES.get(type);
  if (block === undefined) return undefined;
  const size = Math.floor(source.size / block.bytes) * BLOCK * FLOAT_BYTES;
  return {
    size,
    read: (offset, length) => {
      const end = Math.min(offset + length, size);
      if (offset >= end) return Buffer.alloc(0);
      const first = Math.floor(offset / (BLOCK * FLOAT_BYTES));
      const count = Math.ceil(end / (BLOCK * FLOAT_BYTES)) - first;
      const floats = numbersOf(block, source.read(first * block.bytes, count * block.bytes));
      const start = offset - first * BLOCK * FLOAT_BYTES;
      return Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength).subarray(start, start + end - offset);
    },
  };
}

function numbersOf({ bytes, value }: BlockType, blocks: Buffer): Float32Array {
  const count = Math.floor(blocks.length / bytes);
  const numbers = new Float32Array(count * BLOCK);
  const scales = Buffer.alloc(count * SCALE_BYTES);
  for (let i = 0; i < count; i++) blocks.copy(scales, i * SCALE_BYTES, i * bytes, i * bytes + SCALE_BYTES);
  const scaleOf = decodeValues('F16', scales) ?? new Float64Array(0);
  for (let i = 0; i < count; i++) {
    for (let element = 0; element < BLOCK; element++) numbers[i * BLOCK + element] = (scaleOf[i] ?? 0) * value(blocks, i * bytes, element);
  }
  return numbers;
}
