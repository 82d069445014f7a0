import { sliceSource } from '../bytes/byte-source.ts';
import { searchEmbedded } from '../scan/embedded.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { ARCHIVE_RULES } from './archive-rules.ts';
import { reportDuplicates } from './duplicate-names.ts';
import { linkTarget, nameDanger, plainName } from './member-names.ts';
import { NO_CONTEXT, scanMember } from './members.ts';
import { BLOCK, paxRecords, tarHeader, type TarHeader } from './tar-records.ts';
import { TAR_RULES } from './tar-rules.ts';

const MAX_EXTENSION = 1024 * 1024;
const MAX_MEMBERS = 100_000;
const LINKS = new Set(['1', '2']);
const DEVICES = new Set(['3', '4', '6']);
const FILES = new Set(['0', '\0', '7', '']);

/** Names and sizes that extension headers give to the next member. */
interface Extension {
  paxPath?: string;
  paxLink?: string;
  paxSize?: number;
  gnuName?: string;
  gnuLink?: string;
}

/** Reads tar archives: every member by content, links, names, and what stands behind the end (reference, section 8). */
export const TAR_READER: Reader = {
  format: 'tar',
  recognizes: (head) => tarHeader(head.subarray(0, BLOCK)) !== null || head.toString('latin1', 257, 262) === 'ustar',
  read: readTar,
};

async function readTar(unit: Unit): Promise<void> {
  unit.checked('tar headers');
  const members: { name: string; at: number }[] = [];
  const links = new Set<string>();
  let extension: Extension = {};
  let at = 0;
  while (at < unit.source.size && members.length < MAX_MEMBERS) {
    unit.signal.throwIfAborted();
    const block = unit.source.read(at, BLOCK);
    if (block.every((byte) => byte === 0)) break;
    const header = tarHeader(block);
    if (header === null) {
      unit.found(TAR_RULES.broken, at, 'the checksum is wrong');
      await searchEmbedded(unit, at, unit.source.size, 'gap');
      return;
    }
    const size = extension.paxSize ?? header.size;
    const dataAt = at + BLOCK;
    if (dataAt + size > unit.source.size) {
      unit.found(TAR_RULES.truncated, at, `${header.name}: ${String(size)} bytes are stated, ${String(Math.max(0, unit.source.size - dataAt))} are there`);
    }
    const next = extend(unit, header, dataAt, extension);
    if (next === null) {
      const member = withExtension(unit, header, extension, at);
      members.push({ name: member.name, at });
      checkMember(unit, member, at, links);
      if (!LINKS.has(member.type) && !DEVICES.has(member.type)) await readMember(unit, member, dataAt, size);
    }
    extension = next ?? {};
    at = dataAt + Math.ceil(size / BLOCK) * BLOCK;
  }
  reportDuplicates(unit, members);
  await readBehind(unit, at);
}

/** Takes an extension header into account; null when the header is one of a member. */
function extend(unit: Unit, header: TarHeader, dataAt: number, before: Extension): Extension | null {
  const data = (): Buffer => unit.source.read(dataAt, Math.min(header.size, MAX_EXTENSION));
  if (header.type === 'L') return { ...before, gnuName: cString(data()) };
  if (header.type === 'K') return { ...before, gnuLink: cString(data()) };
  if (header.type === 'x' || header.type === 'X') return { ...before, ...paxExtension(unit, data(), dataAt) };
  if (header.type === 'g') {
    paxExtension(unit, data(), dataAt);
    return before;
  }
  return null;
}

function paxExtension(unit: Unit, bytes: Buffer, at: number): Extension {
  const { records, broken } = paxRecords(bytes);
  if (broken) unit.found(TAR_RULES.broken, at, 'an extended header that is none');
  const extension: Extension = {};
  const [path, link, size] = [records.get('path') ?? records.get('GNU.sparse.name'), records.get('linkpath'), records.get('size')];
  if (path !== undefined) extension.paxPath = path;
  if (link !== undefined) extension.paxLink = link;
  if (size !== undefined && /^[0-9]{1,15}$/.test(size)) extension.paxSize = Number(size);
  return extension;
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function withExtension(unit: Unit, header: TarHeader, extension: Extension, at: number): TarHeader {
  const { paxPath, gnuName, paxLink, gnuLink } = extension;
  if (paxPath !== undefined && gnuName !== undefined && paxPath !== gnuName) unit.found(TAR_RULES.conflict, at, `${paxPath} and ${gnuName}`);
  return { ...header, name: paxPath ?? gnuName ?? header.name, link: paxLink ?? gnuLink ?? header.link };
}

function checkMember(unit: Unit, { name, type, link }: TarHeader, at: number, links: Set<string>): void {
  const danger = nameDanger(name);
  if (danger !== null) unit.found(ARCHIVE_RULES.traversal, at, `${name}: ${danger}`);
  const parts = plainName(name).split('/');
  for (let depth = 1; depth < parts.length; depth++) {
    const folder = parts.slice(0, depth).join('/');
    if (links.has(folder)) unit.found(TAR_RULES.throughLink, at, `${name} lies below the link ${folder}`);
  }
  if (DEVICES.has(type)) unit.found(ARCHIVE_RULES.link, at, `${name} is a device or FIFO`);
  if (!LINKS.has(type)) return;
  links.add(plainName(name));
  // Hard links name a member from the root on.
  const target = type === '1' ? linkTarget('', link) : linkTarget(name, link);
  if (target === null) unit.found(ARCHIVE_RULES.link, at, `${name} links to ${link}`);
}

async function readMember(unit: Unit, { name, type }: TarHeader, dataAt: number, size: number): Promise<void> {
  if (type === '5') return;
  if (!FILES.has(type)) unit.notChecked('contents of members', `tar member of type ${JSON.stringify(type)} is read as it stands`);
  await scanMember(unit, sliceSource(unit.source, dataAt, size), name, dataAt, NO_CONTEXT);
}

/** Behind the end: the padding of a tape record is zeros. */
async function readBehind(unit: Unit, from: number): Promise<void> {
  const step = 1024 * 1024;
  for (let at = from; at < unit.source.size; at += step) {
    unit.signal.throwIfAborted();
    const index = unit.source.read(at, step).findIndex((byte) => byte !== 0);
    if (index < 0) continue;
    const start = at + index;
    const block = start - (start % BLOCK);
    unit.found(TAR_RULES.behind, start, `${String(unit.source.size - start)} bytes`);
    if (tarHeader(unit.source.read(block, BLOCK)) !== null)
      await unit.inside(sliceSource(unit.source, block, unit.source.size - block), `bytes from ${String(block)}`, 'behind', block);
    else {
      await unit.inside(sliceSource(unit.source, start, unit.source.size - start), `bytes from ${String(start)}`, 'behind', start);
      await searchEmbedded(unit, start + 1, unit.source.size, 'behind');
    }
    return;
  }
}
