import type { Random } from './random.ts';

/** Changes bytes in one way. The input is left as it is. */
export type Mutator = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

/** Longer inputs are cut: nothing is found by size that is not found by a stated size. */
export const LARGEST = 256 * 1024;

const EDGES = [
  0n,
  1n,
  2n,
  7n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
/** What formats begin with, end with or nest by. */
const TOKENS = [
  'PK\x03\x04',
  'PK\x01\x02',
  'PK\x05\x06',
  'PK\x06\x06',
  'PK\x07\x08',
  '7z\xbc\xaf\x27\x1c',
  '\x1f\x8b\x08',
  'BZh91AY&SY',
  '\xfd7zXZ\0',
  '\x28\xb5\x2f\xfd',
  '\x78\x9c',
  '\x04\x22\x4d\x18',
  'ustar\x0000',
  '\x93NUMPY\x01\0',
  '\x89HDF\r\n\x1a\n',
  'GGUF\x03\0\0\0',
  '\x7fELF\x02\x01\x01',
  'MZ',
  '#!/bin/sh\n',
  '\x80\x04',
  '\x80\x05\x95',
  'cos\nsystem\n',
  '(S"x"\ntR.',
  '\x93',
  '\x81',
  '\x92',
  'R',
  'b',
  'o',
  'i__main__\nX\n',
  '\x82\x01',
  'Q',
  '.',
  '\x94',
  'h\xff',
  'OHDR',
  'TREE',
  'SNOD',
  'HEAP',
  'FRHP',
  'BTHD',
  '{{',
  '}}',
  '{%',
  '%}',
  '{#',
  '(',
  '[',
  '{',
  ']',
  '<',
  '<!DOCTYPE a [<!ENTITY x "',
  '"',
  "'",
  '\\',
  '\\u0000',
  '\\x5f',
  '\0',
  '\n',
  '\xff\xfe',
  '\xed\xa0\x80',
  '&x;',
  '*x',
  '<<: *x',
  '!!python/name:os.system',
  '(a+)+$',
  '(?:',
  '"__metadata__":',
  '"auto_map":',
  '"class_name":"Lambda",',
  '__class__',
  'f"{',
  'lambda:',
].map((text) => Buffer.from(text, 'latin1'));
const NUMBERS = [
  '0',
  '-1',
  '1',
  '255',
  '65536',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '1e999',
  '-0',
  '0x10',
  'NaN',
  '1'.repeat(400),
];

interface Range {
  readonly from: number;
  readonly to: number;
}

function rangeIn(bytes: Buffer, random: Random): Range {
  const from = random.below(bytes.length);
  const longest = random.oneIn(3) ? bytes.length : 64;
  return { from, to: Math.min(bytes.length, from + 1 + random.below(longest)) };
}

function replaced(bytes: Buffer, { from, to }: Range, part: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, from), part, bytes.subarray(to)]);
}

const flipBits: Mutator = (bytes, random) => {
  const changed = Buffer.from(bytes);
  for (let i = 1 + random.below(8); i > 0 && changed.length > 0; i--) {
    const at = random.below(changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
  }
  return changed;
};

const setBytes: Mutator = (bytes, random) => {
  const changed = Buffer.from(bytes);
  for (let i = 1 + random.below(4); i > 0 && changed.length > 0; i--) changed[random.below(changed.length)] = random.below(256);
  return changed;
};

/** A number of 1, 2, 4 or 8 bytes, in either order, where one stands that could be a size, a count or an offset, or anywhere. */
const setNumber: Mutator = (bytes, random) => {
  const size = random.pick([1, 2, 4, 8]);
  if (bytes.length < size) return bytes;
  const changed = Buffer.from(bytes);
  let at = random.below(bytes.length - size + 1);
  for (let tries = 0; tries < 16 && size > 1 && !mayCount(bytes, at, size); tries++) at = random.below(bytes.length - size + 1);
  const near = BigInt(bytes.length - random.below(Math.min(bytes.length, 40)) + 8);
  const value = BigInt.asUintN(8 * size, random.oneIn(3) ? near : random.pick(EDGES) + BigInt(random.below(3)) - 1n);
  const digits = Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');
  if (!random.oneIn(5)) digits.reverse();
  digits.copy(changed, at);
  return changed;
};

/** Little-endian and not larger than a few times the file. */
function mayCount(bytes: Buffer, at: number, size: number): boolean {
  const value = bytes.readUIntLE(at, Math.min(size, 6));
  return value > 0 && value <= 4 * bytes.length;
}

const remove: Mutator = (bytes, random) => replaced(bytes, rangeIn(bytes, random), Buffer.alloc(0));

const duplicate: Mutator = (bytes, random) => {
  const range = rangeIn(bytes, random);
  const part = bytes.subarray(range.from, range.to);
  const at = random.oneIn(2) ? range.to : random.below(bytes.length + 1);
  return replaced(bytes, { from: at, to: at }, part);
};

const copyOver: Mutator = (bytes, random) => {
  const changed = Buffer.from(bytes);
  const { from, to } = rangeIn(bytes, random);
  bytes.copy(changed, random.below(bytes.length), from, to);
  return changed;
};

const truncate: Mutator = (bytes, random) =>
  bytes.subarray(0, random.oneIn(2) ? random.below(bytes.length + 1) : bytes.length - random.below(Math.min(bytes.length, 32)));

const splice: Mutator = (bytes, random, other) => {
  const { from, to } = rangeIn(other, random);
  const at = random.below(bytes.length + 1);
  return replaced(bytes, { from: at, to: random.oneIn(2) ? at : Math.min(bytes.length, at + to - from) }, other.subarray(from, to));
};

const append: Mutator = (bytes, random, other) => (random.oneIn(4) ? Buffer.concat([other, bytes]) : Buffer.concat([bytes, other]));

const insertToken: Mutator = (bytes, random) => {
  const at = random.oneIn(4) ? 0 : random.below(bytes.length + 1);
  const token = random.pick(TOKENS);
  return replaced(bytes, { from: at, to: random.oneIn(2) ? at : Math.min(bytes.length, at + token.length) }, token);
};

/** The same few bytes many times: depth, counts, expansion. */
const repeat: Mutator = (bytes, random) => {
  const { from } = rangeIn(bytes, random);
  const part = random.oneIn(2) ? random.pick(TOKENS) : bytes.subarray(from, from + 1 + random.below(24));
  const times = 1 + random.below(random.pick([10, 300, 20_000]));
  const at = random.below(bytes.length + 1);
  return replaced(bytes, { from: at, to: at }, Buffer.concat(Array<Buffer>(Math.min(times, Math.ceil(LARGEST / Math.max(1, part.length)))).fill(part)));
};

const setText: Mutator = (bytes, random) => {
  const numbers = [...bytes.toString('latin1').matchAll(/-?\d+/g)];
  if (numbers.length === 0) return setNumber(bytes, random, bytes);
  const found = random.pick(numbers);
  return replaced(bytes, { from: found.index, to: found.index + found[0].length }, Buffer.from(random.pick(NUMBERS)));
};

export const MUTATORS: readonly Mutator[] = [
  flipBits,
  setBytes,
  setNumber,
  setNumber,
  remove,
  duplicate,
  copyOver,
  truncate,
  splice,
  append,
  insertToken,
  insertToken,
  repeat,
  setText,
];
