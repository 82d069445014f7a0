import type { ByteSource } from '../bytes/byte-source.ts';

const MACH_MAGICS: ReadonlyMap<number, { readonly little: boolean }> = new Map([
  [0xfeedface, { little: false }],
  [0xfeedfacf, { little: false }],
  [0xcefaedfe, { little: true }],
  [0xcffaedfe, { little: true }],
]);
/** i386, x86-64, ARM, ARM64, PowerPC and PowerPC64. */
const MACH_CPUS = new Set([7, 0x01000007, 12, 0x0100000c, 0x0200000c, 18, 0x01000012]);
/** i386, x86-64, ARM, Thumb 2, ARM64, Itanium, RISC-V 64. */
const PE_MACHINES = new Set([0x014c, 0x8664, 0x01c0, 0x01c4, 0xaa64, 0x0200, 0x5064]);
const MAX_LFANEW = 64 * 1024;

/** Names the native code that begins at a place, after its whole header was checked; null when there is none. */
export function nativeCodeAt(source: ByteSource, offset: number): string | null {
  const head = source.read(offset, 64);
  if (head.length < 28) return null;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return elf(head);
  if (head.readUInt16BE(0) === 0x4d5a) return pe(source, offset, head);
  if (magic === 0xcafebabe) return fatMach(head);
  const mach = MACH_MAGICS.get(magic);
  return mach === undefined ? null : thinMach(head, mach.little);
}

/** ELF header: class, byte order and version of the ident, then type, version and the size of the header itself. */
function elf(head: Buffer): string | null {
  const [bits, order, version] = [head[4], head[5], head[6]];
  if ((bits !== 1 && bits !== 2) || head.length < (bits === 1 ? 52 : 64) || (order !== 1 && order !== 2) || version !== 1) return null;
  const u16 = (at: number): number => (order === 1 ? head.readUInt16LE(at) : head.readUInt16BE(at));
  const type = u16(16);
  const headerSize = u16(bits === 1 ? 40 : 52);
  if (type < 1 || type > 4 || headerSize !== (bits === 1 ? 52 : 64)) return null;
  return `ELF ${['', 'object', 'executable', 'shared library', 'core'][type] ?? ''}`;
}

function pe(source: ByteSource, offset: number, head: Buffer): string | null {
  if (head.length < 64) return null;
  const at = head.readUInt32LE(60);
  if (at < 4 || at > MAX_LFANEW) return null;
  const header = source.read(offset + at, 24);
  if (header.length < 24 || header.toString('latin1', 0, 4) !== 'PE\0\0') return null;
  if (!PE_MACHINES.has(header.readUInt16LE(4)) || header.readUInt16LE(6) > 96) return null;
  return (header.readUInt16LE(22) & 0x2000) === 0 ? 'Windows executable (PE)' : 'Windows library (PE)';
}

function fatMach(head: Buffer): string | null {
  const count = head.readUInt32BE(4);
  return count >= 1 && count <= 20 && MACH_CPUS.has(head.readUInt32BE(8)) ? 'Mach-O universal binary' : null;
}

function thinMach(head: Buffer, little: boolean): string | null {
  const u32 = (at: number): number => (little ? head.readUInt32LE(at) : head.readUInt32BE(at));
  const [type, commands] = [u32(12), u32(16)];
  if (!MACH_CPUS.has(u32(4)) || type < 1 || type > 12 || commands < 1 || commands > 10_000) return null;
  return 'Mach-O binary';
}
