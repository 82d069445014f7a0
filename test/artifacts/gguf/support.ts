/** Values of GGUF with their type, as a writer puts them down. */
export interface GgufValue {
  readonly type: number;
  readonly bytes: Buffer;
}

export interface MadeInfo {
  readonly name: string;
  readonly dims: readonly bigint[];
  readonly type: number;
  readonly offset: bigint;
}

export interface MadeGguf {
  readonly version?: number;
  readonly keys?: readonly (readonly [string, GgufValue])[];
  readonly infos?: readonly MadeInfo[];
  readonly alignment?: number;
  readonly data?: Buffer;
  /** Counts other than the true ones. */
  readonly keyCount?: bigint;
  readonly tensorCount?: bigint;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

export function lengthed(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([u64(BigInt(bytes.length)), bytes]);
}

export function text(value: string): GgufValue {
  return { type: 8, bytes: lengthed(value) };
}

export function uint32(value: number): GgufValue {
  return { type: 4, bytes: u32(value) };
}

export function array(type: number, count: bigint, bytes: Buffer): GgufValue {
  return { type: 9, bytes: Buffer.concat([u32(type), u64(count), bytes]) };
}

export function texts(...values: readonly string[]): GgufValue {
  return array(8, BigInt(values.length), Buffer.concat(values.map(lengthed)));
}

/** One tensor of 32 values of F32, with its data. */
export const PLAIN: MadeGguf = {
  keys: [
    ['general.architecture', text('llama')],
    ['tokenizer.ggml.tokens', texts('<s>', '<0x0A>', 'hello')],
    ['general.file_type', uint32(1)],
  ],
  infos: [{ name: 'blk.0.attn_q.weight', dims: [8n, 4n], type: 0, offset: 0n }],
  data: Buffer.alloc(128),
};

export function makeGguf({ version = 3, keys = [], infos = [], alignment = 32, data = Buffer.alloc(0), keyCount, tensorCount }: MadeGguf): Buffer {
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(tensorCount ?? BigInt(infos.length)),
    u64(keyCount ?? BigInt(keys.length)),
    ...keys.flatMap(([key, { type, bytes }]) => [lengthed(key), u32(type), bytes]),
    ...infos.flatMap(({ name, dims, type, offset }) => [lengthed(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset)]),
  ]);
  return Buffer.concat([head, Buffer.alloc((alignment - (head.length % alignment)) % alignment), data]);
}
