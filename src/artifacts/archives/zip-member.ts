import { crc32 } from 'node:zlib';
import { sliceSource, type ByteSource } from '../bytes/byte-source.ts';
import type { Unit } from '../scan/reader.ts';
import { ARCHIVE_RULES } from './archive-rules.ts';
import { packedStream, type Stream } from './decoders.ts';
import { scanMember, type MemberContext } from './members.ts';
import { unpackStream } from './unpack-stream.ts';
import type { CentralEntry, LocalHeader } from './zip-records.ts';
import { ZIP_RULES } from './zip-rules.ts';

const STREAMS: ReadonlyMap<number, Stream> = new Map([
  [8, 'deflate'],
  [12, 'bzip2'],
  [14, 'zip-lzma'],
  [20, 'zstd'],
  [93, 'zstd'],
  [95, 'xz'],
]);
/** Methods that exist and that are not unpacked here: shrink to implode, deflate64, and what needs a player or a password. */
const UNREAD = new Set([1, 2, 3, 4, 5, 6, 9, 10, 16, 18, 19, 94, 96, 97, 98, 99]);

/** One member, as the places that speak of it have it. `room`: bytes from its data on to whatever comes next in the file. */
export interface ZipMember {
  readonly name: string;
  readonly central: CentralEntry | null;
  readonly local: LocalHeader;
  readonly room: number;
}

/** One way to read a member. */
interface Reading {
  readonly method: number;
  readonly packed: number;
}

/**
 * Scans the data of a member in every way that its headers allow, whatever flags, checksum and sizes say. Returns the bytes that the
 * longest reading takes.
 */
export async function readMember(unit: Unit, member: ZipMember, context: MemberContext): Promise<void> {
  const { local, central, name, room } = member;
  const stated = central === null ? [local.packed] : [central.packed, local.packed];
  if (stated.some((packed) => packed > room)) {
    unit.found(ZIP_RULES.truncated, local.offset, `${name}: ${String(Math.max(...stated))} bytes are stated, ${String(room)} are there`);
  }
  const sizes = new Set(stated.map((packed) => Math.min(packed, room)).filter((packed) => packed > 0));
  if (sizes.size === 0 && room > 0 && ((central?.size ?? local.size) > 0 || (central === null && (local.flags & 8) !== 0))) sizes.add(room);
  const methods = new Set([local.method, central?.method ?? local.method]);
  const readings = [...methods].flatMap((method) => [...sizes].map((packed) => ({ method, packed })));
  if (readings.length === 0) {
    await scanMember(unit, sliceSource(unit.source, local.dataAt, 0), name, local.dataAt, context);
    if (central !== null && central.size > 0) unit.found(ZIP_RULES.size, local.offset, `${name}: no bytes for a size of ${String(central.size)}`);
  }
  for (const reading of readings) await readAs(unit, member, reading, context);
}

async function readAs(unit: Unit, member: ZipMember, { method, packed }: Reading, context: MemberContext): Promise<void> {
  const { local, central, name } = member;
  const source = sliceSource(unit.source, local.dataAt, packed);
  const stream = STREAMS.get(method);
  const encrypted = (local.flags & (central?.flags ?? local.flags) & 1) !== 0;
  if (stream !== undefined) {
    await readPacked(unit, member, source, stream, context);
    return;
  }
  if (encrypted && packed !== (central ?? local).size) {
    reportEncrypted(unit, member);
    return;
  }
  if (method !== 0) {
    const known = UNREAD.has(method);
    unit.found(known ? ARCHIVE_RULES.unread : ZIP_RULES.method, local.offset, `${name}: compression method ${String(method)}`);
    if (known) unit.notChecked('contents of members', `compression method ${String(method)}`);
  }
  if (method === 0) checkStored(unit, member, packed);
  await scanMember(unit, source, name, local.dataAt, context);
}

function reportEncrypted(unit: Unit, { local, name }: ZipMember): void {
  unit.found(ARCHIVE_RULES.encrypted, local.offset, name);
  unit.notChecked('contents of members', 'encrypted');
}

function checkStored(unit: Unit, { local, central, name }: ZipMember, packed: number): void {
  const expected = central ?? local;
  if (expected.size !== packed && expected.size !== 0) {
    unit.found(ZIP_RULES.size, local.offset, `${name}: stored in ${String(packed)} bytes, said to be ${String(expected.size)}`);
  }
  if (central === null && (local.flags & 8) !== 0) return;
  let crc = 0;
  unit.everyByte(
    'zip checksums',
    local.dataAt,
    packed,
    (chunk) => {
      crc = crc32(chunk, crc);
    },
    () => {
      checkCrc(unit, name, local, expected.crc, crc);
    },
  );
}

function checkCrc(unit: Unit, name: string, local: LocalHeader, stated: number, actual: number): void {
  if (stated !== actual) unit.found(ZIP_RULES.crc, local.offset, `${name}: ${hex8(stated)} is stated, the bytes have ${hex8(actual)}`);
}

const hex8 = (value: number): string => value.toString(16).padStart(8, '0');

async function readPacked(unit: Unit, member: ZipMember, source: ByteSource, stream: Stream, context: MemberContext): Promise<void> {
  const { local, central, name } = member;
  const crc = { value: 0 };
  const { unpacked, consumed } = await unpackStream(unit, packedStream(source, stream), source, stream, (chunk) => {
    crc.value = crc32(chunk, crc.value);
  });
  const expected = central ?? local;
  const encrypted = (((central?.flags ?? 0) | local.flags) & 1) !== 0;
  if (unpacked.cut === 'broken' && encrypted && unpacked.source.size < expected.size) {
    reportEncrypted(unit, member);
  } else if (unpacked.cut === 'broken') {
    unit.found(ARCHIVE_RULES.broken, local.offset, `${name}: ${String(unpacked.source.size)} bytes could be unpacked`);
  } else if (unpacked.cut === null) {
    const later = central === null && (local.flags & 8) !== 0;
    if (!later && expected.size !== unpacked.source.size) {
      unit.found(ZIP_RULES.size, local.offset, `${name}: unpacks to ${String(unpacked.source.size)} bytes, said to be ${String(expected.size)}`);
    }
    if (!later) checkCrc(unit, name, local, expected.crc, crc.value);
    if (!later && consumed < source.size && stream === 'deflate') {
      unit.found(ZIP_RULES.outside, local.dataAt + consumed, `${name}: ${String(source.size - consumed)} bytes behind the packed data`);
      await unit.inside(sliceSource(source, consumed, source.size - consumed), `${name} behind the data`, 'behind', local.dataAt + consumed);
    }
  }
  if (unpacked.source.size > 0) await scanMember(unit, unpacked.source, name, null, context);
}
