import { crc32 } from 'node:zlib';
import { recordEnds } from './verify/entry-bundle.ts';

/**
 * One segment of the write-ahead log is a sequence of frames. A frame is one group of entries, written by one write and made
 * durable by one fdatasync: magic (4 bytes), index of the first entry (u64), number of entries (u32), bytes of the records
 * (u32), CRC-32 over the header's other fields and the records (u32), then the records as in an entry bundle. All big-endian.
 */
export const FRAME_HEADER_BYTES = 24;

/** 0xff never occurs in UTF-8, so no entry can hold a frame. */
const MAGIC = Buffer.from([0xff, 0x45, 0x4c, 0x57]);
const CRC_OFFSET = 20;

/** Fills the header of a frame whose records already stand behind it. */
export function sealFrame(frame: Buffer, firstIndex: number, count: number): void {
  MAGIC.copy(frame);
  frame.writeBigUInt64BE(BigInt(firstIndex), 4);
  frame.writeUInt32BE(count, 12);
  frame.writeUInt32BE(frame.length - FRAME_HEADER_BYTES, 16);
  frame.writeUInt32BE(frameChecksum(frame), CRC_OFFSET);
}

function frameChecksum(frame: Buffer): number {
  return crc32(frame.subarray(FRAME_HEADER_BYTES), crc32(frame.subarray(MAGIC.length, CRC_OFFSET)));
}

export interface Frame {
  readonly firstIndex: number;
  readonly count: number;
  /** Length prefix and entry, `count` times. */
  readonly records: Buffer;
  /** End of each record in `records`. */
  readonly ends: readonly number[];
}

/** What a segment holds, up to the first byte that does not belong to a whole frame. */
export interface SegmentScan {
  readonly frames: readonly Frame[];
  /** First index after the frames. */
  readonly nextIndex: number;
  readonly validBytes: number;
  /** `torn`: an unfinished write at the end, never acknowledged. `corrupt`: whole frames follow what is broken. */
  readonly rest: 'none' | 'torn' | 'corrupt';
}

/** Reads the frames of a segment that begins with entry `firstIndex`. */
export function scanSegment(bytes: Buffer, firstIndex: number): SegmentScan {
  const frames: Frame[] = [];
  let nextIndex = firstIndex;
  let position = 0;
  for (let frame = frameAt(bytes, 0); frame?.firstIndex === nextIndex; frame = frameAt(bytes, position)) {
    frames.push(frame);
    nextIndex += frame.count;
    position += FRAME_HEADER_BYTES + frame.records.length;
  }
  return { frames, nextIndex, validBytes: position, rest: restOf(bytes, position) };
}

function restOf(bytes: Buffer, position: number): 'none' | 'torn' | 'corrupt' {
  if (position === bytes.length) return 'none';
  // Only the last group can be unfinished: the next one is written after its fdatasync.
  for (let at = bytes.indexOf(MAGIC, position); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) {
    if (frameAt(bytes, at) !== undefined) return 'corrupt';
  }
  return 'torn';
}

function frameAt(bytes: Buffer, position: number): Frame | undefined {
  if (position + FRAME_HEADER_BYTES > bytes.length || bytes.compare(MAGIC, 0, MAGIC.length, position, position + MAGIC.length) !== 0) return undefined;
  const end = position + FRAME_HEADER_BYTES + bytes.readUInt32BE(position + 16);
  if (end > bytes.length) return undefined;
  const frame = bytes.subarray(position, end);
  if (frameChecksum(frame) !== frame.readUInt32BE(CRC_OFFSET)) return undefined;
  const records = frame.subarray(FRAME_HEADER_BYTES);
  const ends = recordEnds(records);
  const count = frame.readUInt32BE(12);
  if (ends?.length !== count || count === 0) return undefined;
  return { firstIndex: Number(frame.readBigUInt64BE(4)), count, records, ends };
}
