import { sliceSource, type ByteSource } from '../bytes/byte-source.ts';
import { chunksOf } from '../bytes/chunks-of.ts';
import { Spool } from '../bytes/spool.ts';
import { extensionOf } from '../scan/extensions.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { SCAN_RULES } from '../scan/scan-rules.ts';
import { ARCHIVE_RULES } from './archive-rules.ts';
import { reportDuplicates } from './duplicate-names.ts';
import { nameDanger } from './member-names.ts';
import { NO_CONTEXT, scanMember } from './members.ts';
import { SEVEN_ZIP_RULES } from './seven-zip-rules.ts';
import { listSevenZip, unpackSevenZip, type SevenZipMember } from './seven-zip.ts';

const MAGIC = Buffer.from('377abcaf271c', 'hex');
const AES = Buffer.from('06f10701', 'hex');
/** What describes a packed header is short. */
const MAX_PACKED_HEADER = 64n * 1024n;
const MAX_MEMBERS = 20_000;
/** Members that are unpacked by themselves when the archive as a whole is damaged. */
const MAX_SINGLE = 100;
/** The program keeps the whole dictionary in memory. */
const MAX_DICTIONARY_BITS = 26;
const RATIO = 100;
const RATIO_FREE = 8 * 1024 * 1024;
const MAX_UNPACKED = 16 * 1024 ** 3;

/** Reads 7z archives through 7-Zip itself, as WebAssembly (reference, section 8). Broken ones count with what can be unpacked. */
export const SEVEN_ZIP_READER: Reader = {
  format: '7z',
  recognizes: (head) => head.length >= 32 && head.subarray(0, 6).equals(MAGIC),
  read: readSevenZip,
};

async function readSevenZip(unit: Unit): Promise<void> {
  unit.checked('7z members');
  const { source, signal } = unit;
  if (extensionOf(unit.name) !== '7z') unit.found(SEVEN_ZIP_RULES.inDisguise, 0, unit.name);
  if (hasEncryptedHeaders(source)) {
    unit.found(ARCHIVE_RULES.encrypted, null, 'names and headers');
    unit.notChecked('contents of members', 'encrypted');
    return;
  }
  const { members, physicalSize, trouble } = await listSevenZip(source, signal);
  reportTrouble(unit, trouble);
  if (physicalSize === null && trouble.length === 0) unit.found(SEVEN_ZIP_RULES.broken, null, 'the headers cannot be read');
  for (const member of members) checkMember(unit, member);
  reportDuplicates(
    unit,
    members.filter(({ folder }) => !folder).map(({ name }) => ({ name, at: null })),
  );
  await readMembers(unit, members.filter(({ folder }) => !folder).slice(0, MAX_MEMBERS));
  if (members.length > MAX_MEMBERS) unit.found(SCAN_RULES.tooMany, null, `${String(members.length)} members`);
  if (physicalSize !== null && physicalSize > 0 && physicalSize < source.size) await readBehind(unit, physicalSize);
}

/** The header that the start header (32 bytes) points to is packed, and AES is one of the methods: the program itself breaks on that. */
function hasEncryptedHeaders(source: ByteSource): boolean {
  const start = source.read(0, 32);
  const [offset, size] = [start.readBigUInt64LE(12), start.readBigUInt64LE(20)];
  if (offset > BigInt(source.size) || size > MAX_PACKED_HEADER) return false;
  const header = source.read(32 + Number(offset), Number(size));
  return header[0] === 0x17 && header.includes(AES);
}

function reportTrouble(unit: Unit, trouble: readonly string[]): void {
  for (const line of trouble.slice(0, 5)) {
    const encrypted = /password|encrypted/i.test(line);
    unit.found(encrypted ? ARCHIVE_RULES.encrypted : SEVEN_ZIP_RULES.broken, null, line.slice(0, 200));
    if (encrypted) unit.notChecked('contents of members', 'encrypted');
  }
}

function checkMember(unit: Unit, { name, encrypted, attributes }: SevenZipMember): void {
  const danger = nameDanger(name);
  if (danger !== null) unit.found(ARCHIVE_RULES.traversal, null, `${name}: ${danger}`);
  if (/\bl[r-][w-]/.test(attributes)) unit.found(ARCHIVE_RULES.link, null, `${name} is a link`);
  if (!encrypted) return;
  unit.found(ARCHIVE_RULES.encrypted, null, name);
  unit.notChecked('contents of members', 'encrypted');
}

/** `LZMA2:24`, `LZMA:26`, `PPMD:o6:mem31`, `LZMA2:3m`: whether it takes more memory than a scan has. */
function takesTooMuch(method: string): boolean {
  for (const [, number = '0', unit = ''] of method.matchAll(/:(?:mem)?([0-9]{1,12})([bkmg]?)/g)) {
    const shift = { b: 0, k: 10, m: 20, g: 30 }[unit];
    const bits = shift === undefined ? Number(number) : Math.log2(Number(number)) + shift;
    if (bits > MAX_DICTIONARY_BITS) return true;
  }
  return false;
}

async function readMembers(unit: Unit, members: readonly SevenZipMember[]): Promise<void> {
  const wanted = members.filter(({ encrypted }) => !encrypted);
  const heavy = wanted.find(({ method }) => takesTooMuch(method));
  if (heavy !== undefined) {
    unit.found(ARCHIVE_RULES.unread, null, `${heavy.name}: ${heavy.method} takes too much memory`);
    unit.notChecked('contents of members', 'the dictionary is larger than the memory of a scan');
    return;
  }
  if (wanted.length === 0) return;
  const spool = new Spool();
  try {
    const whole = await unpackAll(unit, spool, wanted.length === members.length ? undefined : wanted);
    const total = wanted.reduce((sum, { size }) => sum + size, 0);
    if (whole !== null && whole.size === total) await scanInOrder(unit, whole, wanted);
    else await scanSingly(unit, spool, wanted);
  } finally {
    spool.close();
  }
}

/** Bytes of all members one after another, or null when that did not work out. */
async function unpackAll(unit: Unit, spool: Spool, only: readonly SevenZipMember[] | undefined): Promise<ByteSource | null> {
  if (only !== undefined) return null;
  const limit = Math.min(Math.max(RATIO_FREE, unit.source.size * RATIO), MAX_UNPACKED);
  const writer = spool.writer();
  const { trouble } = await unpackSevenZip(unit.source, writer, limit, unit.signal);
  reportTrouble(unit, trouble);
  if (writer.size >= limit) unit.found(SCAN_RULES.unpackRatio, null, `${String(unit.source.size)} bytes unpack to more than ${String(limit)}`);
  return writer.finish();
}

async function scanInOrder(unit: Unit, whole: ByteSource, members: readonly SevenZipMember[]): Promise<void> {
  let at = 0;
  for (const { name, size } of members) {
    await scanPart(unit, sliceSource(whole, at, size), name);
    at += size;
  }
}

/** Where a damaged member shifts those behind it, each is unpacked by itself. */
async function scanSingly(unit: Unit, spool: Spool, members: readonly SevenZipMember[]): Promise<void> {
  const limit = Math.max(RATIO_FREE, unit.source.size * RATIO);
  let total = 0;
  for (const [index, { name }] of members.entries()) {
    if (index >= MAX_SINGLE || total >= limit) {
      unit.notChecked('contents of members', 'too many members of a damaged archive');
      return;
    }
    const writer = spool.writer();
    await unpackSevenZip(unit.source, writer, limit - total, unit.signal, name);
    total += writer.size;
    await scanPart(unit, writer.finish(), name);
  }
}

async function scanPart(unit: Unit, part: ByteSource, name: string): Promise<void> {
  if (part.size === 0) return;
  const { source } = await unit.unpack(chunksOf(part), part.size);
  await scanMember(unit, source, name, null, NO_CONTEXT);
}

async function readBehind(unit: Unit, from: number): Promise<void> {
  const { source } = unit;
  unit.found(SEVEN_ZIP_RULES.behind, from, `${String(source.size - from)} bytes`);
  await unit.inside(sliceSource(source, from, source.size - from), `bytes from ${String(from)}`, 'behind', from);
}
