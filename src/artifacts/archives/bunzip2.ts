import type { ByteSource } from '../bytes/byte-source.ts';
import { chunksOf } from '../bytes/chunks-of.ts';

const BLOCK_MARK = 0x314159265359;
const END_MARK = 0x177245385090;
const MAX_CODE_BITS = 20;
const GROUP = 50;
const OUT = 256 * 1024;

/** What a broken place throws. */
class Broken extends Error {}

/** Bits, the highest of a byte first. */
class Bits {
  readonly #chunks: Iterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #bits = 0;
  #count = 0;

  constructor(source: ByteSource) {
    this.#chunks = chunksOf(source);
  }

  /** Up to 24 bits. */
  read(count: number): number {
    while (this.#count < count) {
      this.#bits = ((this.#bits << 8) | this.#byte()) >>> 0;
      this.#count += 8;
    }
    this.#count -= count;
    const value = this.#bits >>> this.#count;
    this.#bits &= (1 << this.#count) - 1;
    return value;
  }

  /** 48 bits. */
  mark(): number {
    return this.read(24) * 0x1000000 + this.read(24);
  }

  align(): void {
    this.#count -= this.#count % 8;
    this.#bits &= (1 << this.#count) - 1;
  }

  ended(): boolean {
    return this.#count < 8 && !this.#more();
  }

  #more(): boolean {
    if (this.#at < this.#chunk.length) return true;
    const next = this.#chunks.next();
    if (next.done === true) return false;
    this.#chunk = next.value;
    this.#at = 0;
    return this.#chunk.length > 0;
  }

  #byte(): number {
    if (!this.#more()) throw new Broken('bzip2: the stream ends early');
    return this.#chunk[this.#at++] ?? 0;
  }
}

/**
 * Unpacks bzip2 streams that follow each other. Output comes in small pieces, whatever a block expands to; checksums are not looked at.
 * Throws at a broken place, after everything in front of it. (Format: bzip2 1.0.8; Node has no decoder, and those on npm collect blocks.)
 */
export function* bunzip2(source: ByteSource): Generator<Buffer> {
  const bits = new Bits(source);
  for (let stream = 0; stream === 0 || !bits.ended(); stream++) {
    if (bits.read(24) !== 0x425a68) {
      if (stream > 0) return;
      throw new Broken('bzip2: no header');
    }
    const level = bits.read(8) - 0x30;
    if (level < 1 || level > 9) throw new Broken('bzip2: unknown block size');
    const table = new Int32Array(level * 100_000);
    for (;;) {
      const mark = bits.mark();
      if (mark === END_MARK) break;
      if (mark !== BLOCK_MARK) throw new Broken('bzip2: no block');
      yield* block(bits, table);
    }
    bits.read(16);
    bits.read(16);
    bits.align();
  }
}

function* block(bits: Bits, table: Int32Array): Generator<Buffer> {
  bits.read(16);
  bits.read(16);
  if (bits.read(1) === 1) throw new Broken('bzip2: randomised block');
  const origin = bits.read(24);
  const symbols = usedSymbols(bits);
  const counts = new Int32Array(257);
  const length = readMoveToFront(bits, table, symbols, counts);
  if (origin >= length) throw new Broken('bzip2: origin outside of the block');
  for (let i = 0, sum = 0; i < 257; i++) {
    const count = counts[i] ?? 0;
    counts[i] = sum;
    sum += count;
  }
  for (let i = 0; i < length; i++) {
    const symbol = (table[i] ?? 0) & 0xff;
    const at = counts[symbol] ?? 0;
    counts[symbol] = at + 1;
    table[at] = (table[at] ?? 0) | (i << 8);
  }
  yield* runs(table, origin, length);
}

function usedSymbols(bits: Bits): number[] {
  const groups = bits.read(16);
  const symbols: number[] = [];
  for (let group = 0; group < 16; group++) {
    if ((groups & (0x8000 >> group)) === 0) continue;
    const used = bits.read(16);
    for (let i = 0; i < 16; i++) if ((used & (0x8000 >> i)) !== 0) symbols.push(group * 16 + i);
  }
  if (symbols.length === 0) throw new Broken('bzip2: no symbols');
  return symbols;
}

/** Canonical Huffman code: for each length the last code, and what to subtract to get the position in `order`. */
interface Code {
  readonly limit: Int32Array;
  readonly base: Int32Array;
  readonly order: Uint16Array;
}

function readCode(bits: Bits, size: number): Code {
  const lengths = new Uint8Array(size);
  let length = bits.read(5);
  for (let i = 0; i < size; i++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw new Broken('bzip2: code length');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[i] = length;
  }
  const limit = new Int32Array(MAX_CODE_BITS + 2).fill(-1);
  const base = new Int32Array(MAX_CODE_BITS + 2);
  const order = new Uint16Array(size);
  for (let bit = 1, code = 0, at = 0; bit <= MAX_CODE_BITS; bit++, code <<= 1) {
    base[bit] = code - at;
    for (let i = 0; i < size; i++) {
      if (lengths[i] !== bit) continue;
      order[at++] = i;
      code++;
    }
    limit[bit] = code - 1;
  }
  return { limit, base, order };
}

function readCodes(bits: Bits, size: number): { codes: Code[]; selectors: Uint8Array } {
  const count = bits.read(3);
  const selectorCount = bits.read(15);
  if (count < 2 || count > 6 || selectorCount === 0) throw new Broken('bzip2: code tables');
  const front = [...Array(count).keys()];
  const selectors = new Uint8Array(selectorCount);
  for (let i = 0; i < selectorCount; i++) {
    let at = 0;
    while (bits.read(1) === 1) if (++at >= count) throw new Broken('bzip2: selector');
    const [chosen = 0] = front.splice(at, 1);
    front.unshift(chosen);
    selectors[i] = chosen;
  }
  return { codes: Array.from({ length: count }, () => readCode(bits, size)), selectors };
}

function* huffman(bits: Bits, size: number): Generator<number, void> {
  const { codes, selectors } = readCodes(bits, size);
  for (const selector of selectors) {
    const code = codes[selector];
    if (code === undefined) throw new Broken('bzip2: selector');
    for (let i = 0; i < GROUP; i++) yield symbolOf(bits, code);
  }
  throw new Broken('bzip2: no end of block');
}

function symbolOf(bits: Bits, { limit, base, order }: Code): number {
  let value = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    value = (value << 1) | bits.read(1);
    if (value > (limit[length] ?? -1)) continue;
    const symbol = order[value - (base[length] ?? 0)];
    if (symbol !== undefined) return symbol;
  }
  throw new Broken('bzip2: unknown code');
}

/** Undoes run lengths and move to front; fills `table` and counts every symbol. Returns how many there are. */
function readMoveToFront(bits: Bits, table: Int32Array, front: number[], counts: Int32Array): number {
  const end = front.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  const flush = (): void => {
    const [symbol = 0] = front;
    if (length + run > table.length) throw new Broken('bzip2: block too large');
    table.fill(symbol, length, length + run);
    counts[symbol] = (counts[symbol] ?? 0) + run;
    length += run;
    run = 0;
    weight = 1;
  };
  for (const code of huffman(bits, front.length + 2)) {
    if (code <= 1) {
      run += weight << code;
      weight *= 2;
      if (run > table.length) throw new Broken('bzip2: run too long');
      continue;
    }
    flush();
    if (code === end) return length;
    const [symbol = 0] = front.splice(code - 1, 1);
    front.unshift(symbol);
    if (length >= table.length) throw new Broken('bzip2: block too large');
    table[length++] = symbol;
    counts[symbol] = (counts[symbol] ?? 0) + 1;
  }
  return length;
}

/** Follows the transform and writes runs: four equal bytes are followed by how many more there are. */
function* runs(table: Int32Array, origin: number, length: number): Generator<Buffer> {
  let out = Buffer.allocUnsafe(OUT);
  let size = 0;
  let next = (table[origin] ?? 0) >>> 8;
  let last = -1;
  let same = 0;
  for (let i = 0; i < length; i++) {
    const entry = table[next] ?? 0;
    const symbol = entry & 0xff;
    next = entry >>> 8;
    const repeat = same === 4 ? symbol : 1;
    if (size + repeat > OUT) {
      yield out.subarray(0, size);
      out = Buffer.allocUnsafe(OUT);
      size = 0;
    }
    if (same === 4) {
      out.fill(last, size, size + repeat);
      size += repeat;
      same = 0;
      last = -1;
    } else {
      same = symbol === last ? same + 1 : 1;
      last = symbol;
      out[size++] = symbol;
    }
  }
  if (size > 0) yield out.subarray(0, size);
}
