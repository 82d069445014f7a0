const u16 = (value: number): Buffer => le(value, 2);
const u32 = (value: number): Buffer => le(value, 4);
const u64 = (value: number): Buffer => le(value, 8);

function le(value: number, size: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer.subarray(0, size);
}

export interface MadeMessage {
  readonly type: number;
  readonly data: Buffer;
  readonly flags?: number;
}

/** An object header of version 2, with all messages in its first chunk. Checksums are not looked at. */
export function objectHeader(...messages: readonly MadeMessage[]): Buffer {
  const bytes = Buffer.concat(messages.flatMap(({ type, data, flags }) => [Buffer.from([type]), u16(data.length), Buffer.from([flags ?? 0]), data]));
  return Buffer.concat([Buffer.from('OHDR\x02\x02', 'latin1'), u32(bytes.length), bytes, Buffer.alloc(4)]);
}

/** A link message: hard with an address, or of another type with its value. */
export function linkMessage(name: string, target: number | { readonly type: number; readonly value: Buffer }): MadeMessage {
  const head = (flags: number, ...type: readonly number[]): Buffer => Buffer.from([1, flags, ...type, name.length, ...Buffer.from(name)]);
  if (typeof target === 'number') return { type: 6, data: Buffer.concat([head(0), u64(target)]) };
  return { type: 6, data: Buffer.concat([head(8, target.type), u16(target.value.length), target.value]) };
}

/** A text of a fixed size. */
export function textAttribute(name: string, text: string): MadeMessage {
  const value = Buffer.from(text);
  const type = Buffer.concat([Buffer.from([0x13, 0, 0, 0]), u32(value.length)]);
  const space = Buffer.from([2, 0, 0, 0]);
  const label = Buffer.from(`${name}\0`);
  return {
    type: 12,
    data: Buffer.concat([Buffer.from([3, 0]), u16(label.length), u16(type.length), u16(space.length), Buffer.from([0]), label, type, space, value]),
  };
}

export interface MadeHdf5 {
  readonly messages?: readonly MadeMessage[];
  /** Name of a file in which the values of a data set lie. */
  readonly externalStorage?: string;
  /** Values of a data set of bytes. */
  readonly data?: Buffer;
  readonly statedEnd?: number;
  readonly userBlock?: number;
}

const ROOT = 4096;
const DATASET = 1024;
const HEAP = 2048;
const NAMES = 2560;
const VALUES = 3072;

/** A file with a superblock of version 3, a root group, and a data set when there is something to be in it. */
export function makeHdf5({ messages = [], externalStorage, data, statedEnd, userBlock = 0 }: MadeHdf5): Buffer {
  const parts: [number, Buffer][] = [];
  const links: MadeMessage[] = [];
  if (externalStorage !== undefined || data !== undefined) {
    links.push(linkMessage('set', DATASET));
    const values = data ?? Buffer.alloc(0);
    const type: MadeMessage = { type: 3, data: Buffer.concat([Buffer.from([0x10, 0, 0, 0]), u32(1), u16(0), u16(8)]) };
    const layout: MadeMessage = {
      type: 8,
      data: Buffer.concat([Buffer.from([3, 1]), data === undefined ? Buffer.alloc(8, 0xff) : u64(VALUES), u64(values.length)]),
    };
    const slot = Buffer.concat([u64(8), u64(0), u64(64)]);
    const files: MadeMessage = { type: 7, data: Buffer.concat([Buffer.from([1, 0, 0, 0]), u16(1), u16(1), u64(HEAP), slot]) };
    parts.push([DATASET, objectHeader(type, layout, ...(externalStorage === undefined ? [] : [files]))], [VALUES, values]);
  }
  if (externalStorage !== undefined) {
    const names = Buffer.concat([Buffer.alloc(8), Buffer.from(`${externalStorage}\0`)]);
    parts.push([HEAP, Buffer.concat([Buffer.from('HEAP\0\0\0\0', 'latin1'), u64(names.length), u64(1), u64(NAMES)])], [NAMES, names]);
  }
  parts.push([ROOT, objectHeader(...links, ...messages)]);
  const end = ROOT + (parts.at(-1)?.[1].length ?? 0);
  const file = Buffer.alloc(end);
  const head = [
    Buffer.from('894844460d0a1a0a03080800', 'hex'),
    u64(userBlock),
    Buffer.alloc(8, 0xff),
    u64(userBlock + (statedEnd ?? end)),
    u64(ROOT),
    Buffer.alloc(4),
  ];
  for (const [at, bytes] of [[0, Buffer.concat(head)] as const, ...parts]) bytes.copy(file, at);
  return Buffer.concat([Buffer.alloc(userBlock, 0x20), file]);
}

export const emptyHdf5 = (): Buffer => makeHdf5({});
