import { createHash } from 'node:crypto';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import type { FileReport } from '../../../src/artifacts/findings/report.ts';
import type { Reader } from '../../../src/artifacts/scan/reader.ts';
import { scanSource, type ScanOptions } from '../../../src/artifacts/scan/scan-file.ts';
import { COMPRESSED_READER } from '../../../src/artifacts/archives/compressed-reader.ts';
import { SEVEN_ZIP_READER } from '../../../src/artifacts/archives/seven-zip-reader.ts';
import { TAR_READER } from '../../../src/artifacts/archives/tar-reader.ts';
import { ZIP_READER } from '../../../src/artifacts/archives/zip-reader.ts';
import { PAYLOAD_READER } from './payload-reader.ts';

export const TEST_READERS: readonly Reader[] = [ZIP_READER, TAR_READER, SEVEN_ZIP_READER, COMPRESSED_READER, PAYLOAD_READER];

/** Scans bytes with the readers of archives and one that knows the payload of these tests. */
export function scanBytes(bytes: Buffer, name: string, options: ScanOptions = {}): Promise<FileReport> {
  return scanSource(bytesSource(bytes), name, { readers: TEST_READERS, ...options });
}

export const rulesOf = (report: FileReport): string[] => [...new Set(report.findings.map(({ rule }) => rule.id))].sort();

/** Bytes that hardly compress, the same ones in every run. */
export function noise(length: number): Buffer {
  let hash = Buffer.alloc(32);
  const parts: Buffer[] = [];
  for (let size = 0; size < length; size += hash.length) {
    hash = createHash('sha256').update(hash).digest();
    parts.push(hash);
  }
  return Buffer.concat(parts).subarray(0, length);
}
