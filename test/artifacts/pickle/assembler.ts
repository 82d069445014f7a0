/** A little assembler of pickles: every function gives the bytes of an opcode, `pickle` puts them together. */
type Part = Buffer | string | readonly Part[];

function bytesOf(part: Part): Buffer {
  if (typeof part === 'string') return Buffer.from(part, 'latin1');
  return Buffer.isBuffer(part) ? part : Buffer.concat(part.map(bytesOf));
}

/** The parts one after another. Texts are opcodes and their lines, in Latin-1. */
export function code(...parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map(bytesOf));
}

/** A stream of protocol 4 that ends in STOP. */
export function pickle(...parts: readonly Part[]): Buffer {
  return code(proto(4), ...parts, '.');
}

export const proto = (version: number): Buffer => Buffer.from([0x80, version]);
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
export const frame = (length: number): Buffer => code(Buffer.from([0x95]), u64(BigInt(length)));
/** SHORT_BINUNICODE, or BINUNICODE when it is long. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return bytes.length < 256 ? code(Buffer.from([0x8c, bytes.length]), bytes) : code('X', u32(bytes.length), bytes);
}
export const bytes = (value: Buffer): Buffer => code('B', u32(value.length), value);
export const int = (value: number): Buffer => {
  const argument = Buffer.alloc(4);
  argument.writeInt32LE(value);
  return code('J', argument);
};
export const MEMOIZE = Buffer.from([0x94]);
export const TUPLE1 = Buffer.from([0x85]);
export const TRUE = Buffer.from([0x88]);
export const FALSE = Buffer.from([0x89]);
export const NEWOBJ = Buffer.from([0x81]);
export const STACK_GLOBAL = Buffer.from([0x93]);
/** A tuple of any length. */
export const tuple = (...items: readonly Part[]): Buffer => code('(', ...items, 't');
/** GLOBAL. */
export const global = (module: string, name: string): Buffer => code(`c${module}\n${name}\n`);
/** STACK_GLOBAL with its texts. */
export const stackGlobal = (module: string, name: string): Buffer => code(text(module), text(name), STACK_GLOBAL);
/** REDUCE of a global. */
export const call = (module: string, name: string, ...args: readonly Part[]): Buffer => code(stackGlobal(module, name), tuple(...args), 'R');
/** `os.system` with a harmless command. */
export const SYSTEM = call('os', 'system', text('echo test'));
/** The same in protocol 0. */
export const SYSTEM_0 = code("cos\nsystem\n(S'echo test'\ntR");
/** A persistent id as torch writes it. */
export const storage = (type: string, key: string, elements: number, legacy = false): Buffer =>
  code(tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(elements), ...(legacy ? ['N'] : [])), 'Q');
export const orderedDict = (): Buffer => code(global('collections', 'OrderedDict'), ')R');
/** A tensor over a storage. */
export const tensor = (from: Buffer, offset: number, size: readonly number[], stride: readonly number[]): Buffer =>
  code(global('torch._utils', '_rebuild_tensor_v2'), tuple(from, int(offset), tuple(...size.map(int)), tuple(...stride.map(int)), FALSE, orderedDict()), 'R');
