import type { Reader } from '../scan/reader.ts';
import { readZip } from './zip-archive.ts';
import { isTarHeader } from '../scan/sniff.ts';
import { endCandidates, readEnd } from './zip-end.ts';
import { localHeaderAt } from './zip-records.ts';

/**
 * Reads zip archives, also behind other bytes: members by the central directory and by every local header in the file, in every way
 * that loaders could read them (reference, section 7).
 */
export const ZIP_READER: Reader = {
  format: 'zip',
  recognizes: (head, { source }) => {
    if (head.length >= 4 && head.readUInt32LE(0) === 0x04034b50 && localHeaderAt(source, 0) !== null) return true;
    // Archives with a zip as their last member scan it as a member, and what is behind their end as well.
    if (isTarHeader(head) || head.toString('latin1', 0, 6) === "7z\xbc\xaf'\x1c") return false;
    // Chance makes the four bytes of a mark, not a directory that goes with them.
    return endCandidates(source, 0, source.size).some((at) => {
      const end = readEnd(source, at, 0, source.size);
      return end.entries.length > 0 || (at === 0 && end.statedEntries === 0);
    });
  },
  read: (unit) => readZip(unit, 0, unit.source.size),
};
