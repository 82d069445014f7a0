/** Bytes of the memory that passes read into: what is in there is searched where it is. */
const PASS = 256 * 1024;
const SCRATCH = 32 * 1024;
const PAGE = 64 * 1024;
const STEP = 64;

/** Pattern of eight bytes, little-endian. A byte run carries where `((word & mask) + lowest) & sign` is not 0 in any word of 32 bits. */
export interface Carry {
  readonly mask: bigint;
  readonly lowest: bigint;
  readonly sign: bigint;
}

interface Machine {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** [from, to) of the memory, a multiple of 64 bytes and more than none. */
  readonly search: (from: number, to: number, mask: bigint, lowest: bigint, sign: bigint) => number;
}

/** The part of WebAssembly that is used: the types of Node leave it to those of browsers. */
interface Assembler {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Machine };
}

let machine: Machine | undefined;

/** Memory for whoever reads a file in one pass, 256 KiB, one for each thread: only for as long as nothing else can run. */
export function passMemory(): Buffer {
  return Buffer.from((machine ??= build()).memory.buffer, 0, PASS);
}

/** Whether the pattern carries anywhere in the bytes: sixteen of them at once, which is faster than memory gives them. */
export function carriesIn(bytes: Buffer, { mask, lowest, sign }: Carry): boolean {
  const { memory, search } = (machine ??= build());
  const whole = bytes.length - (bytes.length % STEP);
  if (bytes.buffer === memory.buffer) {
    if (whole > 0 && search(bytes.byteOffset, bytes.byteOffset + whole, mask, lowest, sign) !== 0) return true;
    return whole < bytes.length && inScratch(bytes.subarray(whole));
  }
  for (let at = 0; at < bytes.length; at += SCRATCH) if (inScratch(bytes.subarray(at, at + SCRATCH))) return true;
  return false;

  /** What is too short or lies elsewhere is copied; the rest of the last step is zeros, which never carry. */
  function inScratch(piece: Buffer): boolean {
    const scratch = new Uint8Array(memory.buffer, PASS, SCRATCH);
    const end = Math.ceil(piece.length / STEP) * STEP;
    scratch.set(piece);
    scratch.fill(0, piece.length, end);
    return search(PASS, PASS + end, mask, lowest, sign) !== 0;
  }
}

function build(): Machine {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Assembler };
  return new WebAssembly.Instance(new WebAssembly.Module(assemble())).exports;
}

// Opcodes of WebAssembly 2.0 (core specification, chapter 5).
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const splat = [0xfd, 0x12];
const and = [0xfd, 0x4e];
const add = [0xfd, 0xae, 0x01];
const or = [0xfd, 0x50];
const anyTrue = [0xfd, 0x53];
/** Any alignment, at this many bytes behind the address on the stack. */
const load = (offset: number): number[] => [0xfd, 0x00, 0x00, offset];
const section = (id: number, content: readonly number[]): number[] => [id, content.length, ...content];
const [I32, I64, V128] = [0x7f, 0x7e, 0x7b];

/** One memory and one function: `search` of Machine. Locals 0 to 4 are its parameters, 5 what was found, 6 and 7 mask and lowest as vectors. */
function assemble(): Uint8Array {
  const sixteen = (offset: number): number[] => [...get(0), ...load(offset), ...get(6), ...and, ...get(7), ...add, ...or];
  const loop = [
    ...[0x03, 0x40],
    ...get(5),
    ...[0, 16, 32, 48].flatMap(sixteen),
    ...set(5),
    // from += 64, and again while it is below `to`.
    ...[...get(0), 0x41, 0xc0, 0x00, 0x6a, 0x22, 0, ...get(1), 0x49, 0x0d, 0x00],
    0x0b,
  ];
  const code = [
    ...[1, 3, V128],
    ...[...get(2), ...splat, ...set(6), ...get(3), ...splat, ...set(7)],
    ...loop,
    ...[...get(5), ...get(4), ...splat, ...and, ...anyTrue],
    0x0b,
  ];
  const pages = Math.ceil((PASS + SCRATCH) / PAGE);
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 5, I32, I32, I64, I64, I64, 1, I32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 1, pages, pages]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('search'), 0, 0]),
    ...section(10, [1, code.length, ...code]),
  ]);
}
