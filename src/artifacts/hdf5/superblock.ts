import type { ByteSource } from '../bytes/byte-source.ts';
import { Hdf5Bytes, Hdf5Fault } from './hdf5-bytes.ts';

const SIGNATURE = Buffer.from('894844460d0a1a0a', 'hex');
/** A block of the user may stand in front, of 512 bytes times a power of two. */
const MAX_USER_BLOCK = 2 ** 31;
const SIZES = new Set([2, 4, 8]);

export interface Superblock {
  readonly file: Hdf5Bytes;
  /** Address of the object header of the root group. */
  readonly root: number;
  /** Object header with further properties of the file, in newer files. */
  readonly extension: number | null;
  /** Where the file ends as it says, in the unit. */
  readonly end: number;
}

/** Where the file begins in the source: at 0, or behind a block of the user; null when nowhere. `within`: bytes that are looked at. */
export function findSignature(source: ByteSource, within = MAX_USER_BLOCK): number | null {
  for (let at = 0; at < Math.min(source.size, within); at = at === 0 ? 512 : at * 2) if (source.read(at, 8).equals(SIGNATURE)) return at;
  return null;
}

/** Reads the superblock (HDF5 file format specification, II.A), versions 0 to 3. Throws Hdf5Fault. */
export function readSuperblock(source: ByteSource, at: number): Superblock {
  const version = source.read(at + 8, 1)[0] ?? 255;
  if (version > 3) throw new Hdf5Fault(at, `there is no superblock of version ${String(version)}`);
  const [sizesAt, fieldsAt] = version < 2 ? [13, version === 0 ? 24 : 28] : [9, 12];
  const [offsetSize = 0, lengthSize = 0] = source.read(at + sizesAt, 2);
  if (!SIZES.has(offsetSize) || !SIZES.has(lengthSize))
    throw new Hdf5Fault(at, `addresses of ${String(offsetSize)} and lengths of ${String(lengthSize)} bytes`);
  const whole = new Hdf5Bytes(source, 0, offsetSize, lengthSize);
  const fields = whole.reader(at + fieldsAt, 6 * offsetSize, 'superblock');
  const statedBase = fields.number(offsetSize);
  // Whatever base is stated, the library counts from where it has found the superblock, and moves the end along.
  const file = new Hdf5Bytes(source, at, offsetSize, lengthSize);
  const second = fields.big(offsetSize);
  const end = at + fields.number(offsetSize) - statedBase;
  if (version >= 2) {
    const isUndefined = second === (1n << BigInt(8 * offsetSize)) - 1n || second > BigInt(source.size);
    return { file, root: fields.number(offsetSize), extension: isUndefined ? null : Number(second), end };
  }
  // Driver information, then the entry of the root group: offset of its name and its object header.
  fields.skip(2 * offsetSize);
  return { file, root: fields.number(offsetSize), extension: null, end };
}
