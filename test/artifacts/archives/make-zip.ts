import { crc32, deflateRawSync } from 'node:zlib';

/** One member, with whatever its two headers shall say instead of the truth. */
export interface MadeMember {
  readonly name: string;
  readonly data: Buffer;
  readonly deflated?: boolean;
  readonly local?: Partial<Header> & { readonly name?: string };
  readonly central?: Partial<Header> & { readonly name?: string; readonly attributes?: number };
  /** Left out of the directory. */
  readonly hidden?: boolean;
  /** Sizes and checksum behind the data, and zeros in the local header, as torch does. */
  readonly descriptor?: boolean;
  /** Bytes behind the member. */
  readonly gap?: Buffer;
}

interface Header {
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

export interface MadeZip {
  readonly prefix?: Buffer;
  readonly comment?: Buffer;
  readonly entries?: number;
  readonly suffix?: Buffer;
}

const record = (mark: number, size: number): Buffer => {
  const buffer = Buffer.alloc(size);
  buffer.writeUInt32LE(mark, 0);
  return buffer;
};

function fields(buffer: Buffer, at: number, { flags, method, crc, packed, size }: Header): void {
  buffer.writeUInt16LE(flags, at);
  buffer.writeUInt16LE(method, at + 2);
  buffer.writeUInt32LE(crc, at + 8);
  buffer.writeUInt32LE(packed, at + 12);
  buffer.writeUInt32LE(size, at + 16);
}

function descriptorOf({ crc, packed, size }: Header): Buffer {
  const buffer = record(0x08074b50, 16);
  buffer.writeUInt32LE(crc, 4);
  buffer.writeUInt32LE(packed, 8);
  buffer.writeUInt32LE(size, 12);
  return buffer;
}

/** Writes a zip that says what it is told to. Offsets are relative to the archive, `prefix` excluded. */
export function makeZip(members: readonly MadeMember[], { prefix, comment, entries, suffix }: MadeZip = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const member of members) {
    const packedData = member.deflated === true ? deflateRawSync(member.data) : member.data;
    const truth: Header = {
      flags: member.descriptor === true ? 0x0808 : 0,
      method: member.deflated === true ? 8 : 0,
      crc: crc32(member.data),
      packed: packedData.length,
      size: member.data.length,
    };
    const localName = Buffer.from(member.local?.name ?? member.name);
    const local = record(0x04034b50, 30);
    fields(local, 6, { ...truth, ...(member.descriptor === true ? { crc: 0, packed: 0, size: 0 } : {}), ...member.local });
    local.writeUInt16LE(localName.length, 26);
    const name = Buffer.from(member.central?.name ?? member.name);
    const central = record(0x02014b50, 46);
    fields(central, 8, { ...truth, ...member.central });
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(member.central?.attributes ?? 0, 38);
    central.writeUInt32LE(at, 42);
    const written = [local, localName, packedData, member.descriptor === true ? descriptorOf(truth) : Buffer.alloc(0), member.gap ?? Buffer.alloc(0)];
    parts.push(...written);
    at += written.reduce((sum, part) => sum + part.length, 0);
    if (member.hidden !== true) directory.push(central, name);
  }
  const bytes = Buffer.concat(directory);
  const end = record(0x06054b50, 22);
  const count = entries ?? directory.length / 2;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(bytes.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment?.length ?? 0, 20);
  return Buffer.concat([prefix ?? Buffer.alloc(0), ...parts, bytes, end, comment ?? Buffer.alloc(0), suffix ?? Buffer.alloc(0)]);
}
