import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

const BLOCK = 4 * 1024 * 1024;
/** Bits of each 16 that stay random: the top bit of the exponent is never set, so that no value is NaN or infinity. */
const FINITE = 0xbf;

/** A file that is written from its first byte to its last. */
class Output {
  readonly #fd: number;
  at = 0;

  constructor(path: string) {
    this.#fd = openSync(path, 'w');
  }

  write(bytes: Buffer): void {
    for (let written = 0; written < bytes.length;) written += writeSync(this.#fd, bytes, written);
    this.at += bytes.length;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The same random numbers for all files: half precision, single precision and bfloat16 are all finite in them. */
const WEIGHTS = ((): Buffer => {
  const block = randomFillSync(Buffer.alloc(BLOCK));
  for (let at = 1; at < block.length; at += 2) block[at] = (block[at] ?? 0) & FINITE;
  return block;
})();

function writeWeights(output: Output, bytes: number): number {
  let crc = 0;
  for (let left = bytes; left > 0; left -= BLOCK) {
    const part = WEIGHTS.subarray(0, Math.min(left, BLOCK));
    output.write(part);
    crc = crc32(part, crc);
  }
  return crc;
}

/** Sizes as a transformer of so many bytes has them, two bytes an element: a few large matrices and a small vector in each layer. */
function tensorBytes(total: number, tensors: number): number[] {
  const small = 8 * 1024;
  const large = Math.floor((total - Math.floor(tensors / 3) * small) / Math.ceil((tensors * 2) / 3) / 64) * 64;
  return Array.from({ length: tensors }, (_, index) => (index % 3 === 2 ? small : large));
}

const nameOf = (index: number): string => `model.layers.${String(Math.floor(index / 9))}.block.${String(index % 9)}.weight`;

/** BF16 tensors one behind the other. */
export function makeSafetensors(path: string, total: number, tensors: number): void {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const [index, bytes] of tensorBytes(total, tensors).entries()) {
    header[nameOf(index)] = { dtype: 'BF16', shape: [bytes / 64, 32], data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, 0x20)]);
  const output = new Output(path);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  output.write(length);
  output.write(padded);
  writeWeights(output, end);
  output.close();
}

/** A header of a million tensors without any data: what an attacker can have a scanner read. */
export function makeManyTensors(path: string, tensors: number): void {
  const entries = Array.from({ length: tensors }, (_, index) => `"t${String(index)}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`);
  const json = Buffer.from(`{${entries.join(',')}}`);
  const output = new Output(path);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  output.write(length);
  output.write(json);
  output.close();
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

/** GGUF version 3 with F16 tensors and a vocabulary. */
export function makeGguf(path: string, total: number, tensors: number): void {
  const vocabulary = Array.from({ length: 32_000 }, (_, index) => text(`token${String(index)}`));
  const keys = [
    Buffer.concat([text('general.architecture'), u32(8), text('llama')]),
    Buffer.concat([text('tokenizer.ggml.tokens'), u32(9), u32(8), u64(vocabulary.length), ...vocabulary]),
  ];
  let end = 0;
  const infos = tensorBytes(total, tensors).map((bytes, index) => {
    const info = Buffer.concat([text(nameOf(index)), u32(2), u64(32), u64(bytes / 64), u32(1), u64(end)]);
    end += bytes;
    return info;
  });
  const head = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(keys.length), ...keys, ...infos]);
  const output = new Output(path);
  output.write(head);
  output.write(Buffer.alloc((32 - (head.length % 32)) % 32));
  writeWeights(output, end);
  output.close();
}

/** data.pkl as torch.save writes a state dict: an OrderedDict of tensors over storages of their own (protocol 2). */
function stateDict(sizes: readonly number[]): Buffer {
  const word = (value: string): Buffer => Buffer.concat([Buffer.from('X'), u32(value.length), Buffer.from(value)]);
  const int = (value: number): Buffer => Buffer.concat([Buffer.from('J'), u32(value)]);
  const parts = sizes.flatMap((bytes, index) => [
    word(nameOf(index)),
    Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n((('.slice(0, -1)),
    word('storage'),
    Buffer.from('ctorch\nBFloat16Storage\n'),
    word(String(index)),
    word('cpu'),
    int(bytes / 2),
    Buffer.from('tQK\0'),
    int(bytes / 64),
    Buffer.from('K \x86K K\x01\x86\x89ccollections\nOrderedDict\n)RtR', 'latin1'),
  ]);
  return Buffer.concat([Buffer.from('\x80\x02ccollections\nOrderedDict\n)R(', 'latin1'), ...parts, Buffer.from('u.')]);
}

interface Entry {
  readonly name: Buffer;
  readonly at: number;
  readonly crc: number;
  readonly size: number;
}

/** A zip as torch writes it: stored, data on multiples of 64, sizes and checksum in a descriptor, a zip64 end record. */
export function makeTorchZip(path: string, total: number, tensors: number): void {
  const sizes = tensorBytes(total, tensors);
  const output = new Output(path);
  const entries: Entry[] = [];
  const add = (memberName: string, size: number, write: () => number): void => {
    const name = Buffer.from(`archive/${memberName}`);
    const at = output.at;
    const padding = (64 - ((at + 30 + name.length + 4) % 64)) % 64;
    const extra = Buffer.concat([Buffer.from('FB'), Buffer.from([padding, 0]), Buffer.alloc(padding, 'Z')]);
    output.write(Buffer.concat([u32(0x04034b50), Buffer.from([0, 0, 8, 8]), Buffer.alloc(18), Buffer.from([name.length, 0, extra.length, 0]), name, extra]));
    const crc = write();
    output.write(Buffer.concat([u32(0x08074b50), u32(crc), u32(size), u32(size)]));
    entries.push({ name, at, crc, size });
  };
  const small = (name: string, bytes: Buffer): void => {
    add(name, bytes.length, () => {
      output.write(bytes);
      return crc32(bytes);
    });
  };
  small('data.pkl', stateDict(sizes));
  small('byteorder', Buffer.from('little'));
  for (const [index, size] of sizes.entries()) add(`data/${String(index)}`, size, () => writeWeights(output, size));
  small('version', Buffer.from('3\n'));
  writeDirectory(output, entries);
  output.close();
}

function writeDirectory(output: Output, entries: readonly Entry[]): void {
  const start = output.at;
  for (const { name, at, crc, size } of entries) {
    const numbers = Buffer.concat([u32(crc), u32(size), u32(size), Buffer.from([name.length, 0]), Buffer.alloc(12), u32(at)]);
    output.write(Buffer.concat([u32(0x02014b50), Buffer.from([0, 0, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0]), numbers, name]));
  }
  const size = output.at - start;
  const end64 = output.at;
  const counts = [entries.length, entries.length, size, start].map(u64);
  output.write(Buffer.concat([u32(0x06064b50), u64(44), Buffer.from([45, 0, 45, 0]), Buffer.alloc(8), ...counts]));
  output.write(Buffer.concat([u32(0x07064b50), u32(0), u64(end64), u32(1)]));
  output.write(Buffer.concat([u32(0x06054b50), Buffer.alloc(4), u32(entries.length * 0x10001), u32(size), u32(start), Buffer.alloc(2)]));
}
