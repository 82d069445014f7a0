import type { ByteSource } from '../bytes/byte-source.ts';
import { bigToNumber, centralEntryAt, type CentralEntry } from './zip-records.ts';

/** An end record (APPNOTE 4.3.16) with what belongs to it: the zip64 records and the central directory. */
export interface ZipEnd {
  readonly at: number;
  /** Behind the comment, as far as the bytes go. */
  readonly end: number;
  readonly commentAt: number;
  /** Where the records of the end begin: the zip64 end record when there is one. */
  readonly recordsAt: number;
  readonly statedEntries: number;
  readonly entries: readonly CentralEntry[];
  readonly directoryAt: number;
  readonly directoryEnd: number;
  /** What has to be added to stated offsets: bytes in front of the archive. */
  readonly base: number;
  /** Differences among the end records, in words. */
  readonly oddities: readonly string[];
}

const END_SIZE = 22;
const END_MARK = Buffer.from('504b0506', 'hex');
const MAX_COMMENT = 65_535;
const MAX_CANDIDATES = 64;
const MAX_ENTRIES = 100_000;

/** Places in [from, to) that look like end records, the last one first. Only as far back as a comment can reach, unless `everywhere`. */
export function endCandidates(source: ByteSource, from: number, to: number, everywhere = false): number[] {
  const found: number[] = [];
  const step = 1024 * 1024;
  const first = everywhere ? from : Math.max(from, to - END_SIZE - MAX_COMMENT);
  for (let end = to; end > first && found.length < MAX_CANDIDATES; end -= step) {
    const start = Math.max(first, end - step);
    const bytes = source.read(start, Math.min(end + END_MARK.length - 1, to) - start);
    for (let at = bytes.lastIndexOf(END_MARK); at >= 0 && found.length < MAX_CANDIDATES; at = at === 0 ? -1 : bytes.lastIndexOf(END_MARK, at - 1)) {
      if (start + at + END_SIZE <= to) found.push(start + at);
    }
  }
  return found;
}

/** The last one of each source: readers of several formats ask for the same, of thousands of entries. */
const LAST = new WeakMap<ByteSource, { readonly from: number; readonly to: number; readonly end: ZipEnd }>();

/** What the end record at a place says about the archive in [from, to). */
export function readEnd(source: ByteSource, at: number, from: number, to: number): ZipEnd {
  const last = LAST.get(source);
  if (last?.end.at === at && last.from === from && last.to === to) return last.end;
  const end = readEndAt(source, at, from, to);
  LAST.set(source, { from, to, end });
  return end;
}

function readEndAt(source: ByteSource, at: number, from: number, to: number): ZipEnd {
  const head = source.read(at, END_SIZE);
  const oddities: string[] = [];
  const stated = {
    disk: head.readUInt16LE(4),
    directoryDisk: head.readUInt16LE(6),
    here: head.readUInt16LE(8),
    entries: head.readUInt16LE(10),
    size: head.readUInt32LE(12),
    offset: head.readUInt32LE(16),
  };
  const commentEnd = at + END_SIZE + head.readUInt16LE(20);
  if (commentEnd !== to) oddities.push(`the comment of the end record ends at ${String(commentEnd)}, the archive at ${String(to)}`);
  const wide = zip64End(source, at, from, oddities);
  if (wide === null && stated.disk + stated.directoryDisk > 0 && stated.disk !== 0xffff) oddities.push('the archive says that it has several disks');
  if (stated.here !== stated.entries) oddities.push('the end record counts entries of this disk and of all disks differently');
  const count = wide === null || stated.entries !== 0xffff ? stated.entries : wide.entries;
  const size = wide === null || stated.size !== 0xffffffff ? stated.size : wide.size;
  const offset = wide === null || stated.offset !== 0xffffffff ? stated.offset : wide.offset;
  if (wide !== null && (count !== wide.entries || size !== wide.size || offset !== wide.offset)) oddities.push('end record and zip64 end record differ');
  const recordsAt = wide?.at ?? at;
  const directory = readDirectory(source, { from, recordsAt, size, offset }, oddities);
  if (directory.entries.length !== count)
    oddities.push(`the end record counts ${String(count)} entries, the directory has ${String(directory.entries.length)}`);
  return { at, end: Math.min(commentEnd, to), commentAt: at + END_SIZE, recordsAt, statedEntries: count, ...directory, oddities };
}

interface Place {
  readonly from: number;
  readonly recordsAt: number;
  readonly size: number;
  readonly offset: number;
}

type Directory = Pick<ZipEnd, 'entries' | 'directoryAt' | 'directoryEnd' | 'base'>;

/** Loaders look for the directory where it must end, or where it is said to be: both, when they differ. */
function readDirectory(source: ByteSource, { from, recordsAt, size, offset }: Place, oddities: string[]): Directory {
  const before = recordsAt - size;
  const stated = from + offset;
  const adjacent = before >= from ? entriesFrom(source, before, recordsAt) : [];
  const named = stated !== before && stated >= from && stated < recordsAt ? entriesFrom(source, stated, recordsAt) : [];
  if (adjacent.length > 0) {
    if (named.length > 0) oddities.push('directories stand at the stated offset and in front of the end record');
    return directoryOf(adjacent, before, before - offset);
  }
  if (named.length > 0) {
    oddities.push(`the directory is at ${String(stated)}, its size puts it at ${String(before)}`);
    return directoryOf(named, stated, from);
  }
  if (size > 0) oddities.push(`no directory at ${String(before)} or ${String(stated)}`);
  return { entries: [], directoryAt: recordsAt, directoryEnd: recordsAt, base: from };
}

function directoryOf(entries: readonly CentralEntry[], at: number, base: number): Directory {
  return { entries, directoryAt: at, directoryEnd: entries.at(-1)?.end ?? at, base };
}

function entriesFrom(source: ByteSource, from: number, to: number): CentralEntry[] {
  const entries: CentralEntry[] = [];
  for (let at = from; at < to && entries.length < MAX_ENTRIES;) {
    const entry = centralEntryAt(source, at);
    if (entry === null) break;
    entries.push(entry);
    at = entry.end;
  }
  return entries;
}

interface WideEnd {
  readonly at: number;
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
}

/** The zip64 end record (4.3.14), found by its locator (4.3.15) in front of the end record. */
function zip64End(source: ByteSource, endAt: number, from: number, oddities: string[]): WideEnd | null {
  const locator = endAt >= 20 ? source.read(endAt - 20, 20) : Buffer.alloc(0);
  if (locator.length < 20 || locator.readUInt32LE(0) !== 0x07064b50) return null;
  const stated = from + bigToNumber(locator.readBigUInt64LE(8));
  // Bytes in front of the archive shift it; the record is 56 bytes long unless it has an extension.
  const at = [stated, endAt - 76].find((place) => place >= from && place + 56 <= endAt && isWideEnd(source.read(place, 56)));
  if (at === undefined) {
    oddities.push('the zip64 locator points to no zip64 end record');
    return null;
  }
  const record = source.read(at, 56);
  return {
    at,
    entries: bigToNumber(record.readBigUInt64LE(32)),
    size: bigToNumber(record.readBigUInt64LE(40)),
    offset: bigToNumber(record.readBigUInt64LE(48)),
  };
}

const isWideEnd = (record: Buffer): boolean => record.length === 56 && record.readUInt32LE(0) === 0x06064b50;
