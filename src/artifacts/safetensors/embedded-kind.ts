import { startsPickle } from '../pickle/loadable.ts';

/** How many bytes from the start of a tensor or value are enough for embeddedKind. */
export const EMBEDDED_HEAD = 4096;

/**
 * Says as what other bytes than weights begin: a program, an archive, a script, a pickle. More than the magic number is looked at, so
 * that numbers do not look like it by chance. `pickle`: weights of one byte come too near to short pickles to be asked without need.
 */
export function embeddedKind(bytes: Buffer, options: { readonly pickle: boolean }): string | undefined {
  if (bytes.length < 4) return undefined;
  const magic = bytes.readUInt32BE(0);
  if (magic === 0x7f454c46 && isElf(bytes)) return 'an ELF program';
  if (magic >>> 16 === 0x4d5a && isPortableExecutable(bytes)) return 'a Windows program';
  if (isMachO(bytes, magic)) return 'a macOS program';
  if (magic === 0x504b0304 && isZip(bytes)) return 'a zip archive';
  if (magic === 0x377abcaf && bytes.length >= 8 && bytes.readUInt32BE(4) >>> 8 === 0x271c00) return 'a 7z archive';
  if (/^#! ?\/[\w./-]{2,60}(?: [\w./-]{1,40}){0,3}\r?\n/.test(bytes.toString('latin1', 0, 200))) return 'a script';
  return options.pickle && startsPickle(bytes) ? 'a pickle' : undefined;
}

/** Class 32 or 64, one of two byte orders, version 1 (System V ABI, chapter 4). */
function isElf(bytes: Buffer): boolean {
  return bytes.length >= 20 && (bytes[4] === 1 || bytes[4] === 2) && (bytes[5] === 1 || bytes[5] === 2) && bytes[6] === 1;
}

/** The offset at 0x3c leads to `PE\0\0`; where that is not in the bytes, the usual message of the DOS stub is enough. */
function isPortableExecutable(bytes: Buffer): boolean {
  if (bytes.length < 64) return false;
  const header = bytes.readUInt32LE(0x3c);
  if (header + 4 <= bytes.length) return bytes.readUInt32BE(header) === 0x50450000;
  return bytes.includes('This program', 0x40, 'latin1');
}

/** A thin file with a CPU type that exists, or a fat one with a few of them (mach-o/loader.h, mach-o/fat.h). */
function isMachO(bytes: Buffer, magic: number): boolean {
  if (bytes.length < 28) return false;
  const cpus = new Set([7, 12, 18, 0x01000007, 0x0100000c, 0x0200000c, 0x01000012]);
  if (magic === 0xfeedface || magic === 0xfeedfacf) return cpus.has(bytes.readUInt32BE(4));
  if (magic === 0xcefaedfe || magic === 0xcffaedfe) return cpus.has(bytes.readUInt32LE(4));
  return magic === 0xcafebabe && bytes.readUInt32BE(4) <= 16 && cpus.has(bytes.readUInt32BE(8));
}

function isZip(bytes: Buffer): boolean {
  if (bytes.length < 30) return false;
  const method = bytes.readUInt16LE(8);
  return bytes.readUInt16LE(4) <= 63 && (method <= 9 || [12, 14, 93, 95, 99].includes(method)) && bytes.readUInt16LE(26) > 0 && bytes.readUInt16LE(26) < 4096;
}
