import type { Unit } from '../scan/reader.ts';
import { isText } from '../scan/sniff.ts';
import { searchEmbedded } from '../scan/embedded.ts';
import { ARCHIVE_RULES } from './archive-rules.ts';
import { reportDuplicates } from './duplicate-names.ts';
import { nameDanger } from './member-names.ts';
import { NO_CONTEXT, type MemberContext } from './members.ts';
import { checkEntry, compareHeaders } from './zip-compare.ts';
import { endCandidates, readEnd, type ZipEnd } from './zip-end.ts';
import { readMember, type ZipMember } from './zip-member.ts';
import { descriptorLength, LOCAL_SIZE, localHeaderAt, nameText, parseLocal, type CentralEntry, type LocalHeader } from './zip-records.ts';
import { ZIP_RULES } from './zip-rules.ts';
import { torchContext } from '../torch/torch-context.ts';

/** Archives in one file next to each other. */
const MAX_ARCHIVES = 8;
const MAX_HIDDEN = 1000;
/** Directories that are looked for, one after another. */
const MAX_ENDS = 16;
const PADDING_LOOKED_AT = 1024 * 1024;
const KEPT_HEADERS = 10_000;
const LOCAL_MARK = Buffer.from('504b0304', 'hex');

/** Bytes that belong to something: [from, to). */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** A member with what has to be known of all of them before the first is read: there may be very many. */
interface Listed extends Pick<ZipMember, 'name' | 'room'> {
  readonly central: CentralEntry;
  /** Where its local header is. */
  readonly at: number;
  /** The larger of the two sizes. */
  readonly size: number;
  /** Its local header, of the first members; of others it is read again. */
  readonly local: LocalHeader | null;
}

/** What the archive around a gap lists. */
interface Known {
  readonly names: readonly string[];
  readonly context: MemberContext;
}

/** Reads the archive in [from, to) of a unit, and everything in there that belongs to no archive or to another one. */
export async function readZip(unit: Unit, from: number, to: number, level = 0): Promise<void> {
  unit.checked('zip directory against local headers');
  const end = chooseEnd(unit, from, to);
  if (end === null) {
    unit.found(ZIP_RULES.truncated, null, 'there is no end record');
    await readGap(unit, { from, to }, level, { names: [], context: NO_CONTEXT });
    return;
  }
  for (const oddity of end.oddities) unit.found(ZIP_RULES.end, end.at, oddity);
  if (end.entries.length === 0 && from === end.recordsAt && !/\.zip$/i.test(unit.name)) unit.found(ZIP_RULES.empty, end.at, 'the directory has no entries');
  const names = end.entries.map(({ name }) => nameText(name));
  reportDuplicates(
    unit,
    end.entries.map(({ at }, index) => ({ name: names[index] ?? '', at })),
  );
  const spans: Span[] = [
    { from: end.directoryAt, to: end.directoryEnd },
    { from: end.recordsAt, to: isText(unit.source.read(end.commentAt, end.end - end.commentAt)) ? end.end : end.commentAt },
  ];
  const members = membersOf(unit, end, names, from, spans);
  const context = torchContext(members);
  const read = new Set<string>();
  for (const member of members) {
    unit.signal.throwIfAborted();
    // Entries that share a member in every respect share its bytes: once is enough, and what bombs are made of.
    const { central, at } = member;
    const key = [at, central.method, central.packed, central.crc, central.size].join();
    const local = read.has(key) ? null : (member.local ?? parseLocal(unit.source, at));
    read.add(key);
    if (local !== null) await readMember(unit, { ...member, local }, context);
  }
  for (const gap of gapsBetween(unit, spans, from, to)) await readGap(unit, gap, level, { names, context });
}

/** The end record that a loader takes: the last one with a directory, else the last one. */
function chooseEnd(unit: Unit, from: number, to: number): ZipEnd | null {
  const near = endCandidates(unit.source, from, to);
  const places = near.length > 0 ? near : endCandidates(unit.source, from, to, true);
  let last: ZipEnd | null = null;
  for (const at of places.slice(0, MAX_ENDS)) {
    unit.signal.throwIfAborted();
    const end = readEnd(unit.source, at, from, to);
    if (end.entries.length > 0) return end;
    last ??= end;
  }
  return last;
}

/** Finds the local header of every entry and compares both; what they cover goes to `spans`. */
function membersOf(unit: Unit, end: ZipEnd, names: readonly string[], from: number, spans: Span[]): Listed[] {
  const starts = end.entries.map(({ headerAt }) => end.base + headerAt).filter((at) => at >= from && at < end.directoryAt);
  const sorted = [...new Set(starts)].sort((a, b) => a - b);
  const following = new Map(sorted.map((at, index) => [at, sorted[index + 1] ?? end.directoryAt]));
  const members: Listed[] = [];
  for (const [index, central] of end.entries.entries()) {
    const name = names[index] ?? '';
    checkEntry(unit, central, name);
    const at = end.base + central.headerAt;
    const local = at >= from ? parseLocal(unit.source, at) : null;
    if (local === null) {
      unit.found(ZIP_RULES.truncated, central.at, `${name}: no local header at ${String(at)}`);
      continue;
    }
    compareHeaders(unit, central, local, name);
    const room = Math.max(0, (following.get(at) ?? end.directoryAt) - local.dataAt);
    const wide = Math.max(0, end.directoryAt - local.dataAt);
    const stated = Math.max(central.packed, local.packed);
    const kept = members.length < KEPT_HEADERS ? local : null;
    members.push({ name, central, at, size: Math.max(central.size, local.size), room: stated > room ? Math.min(stated, wide) : room, local: kept });
    spans.push({ from: at, to: memberEnd(unit, local, central, room) });
  }
  return members;
}

/** Where the bytes of a member end, its data descriptor included. */
function memberEnd(unit: Unit, local: LocalHeader, central: CentralEntry | null, room: number): number {
  const stated = [central?.packed ?? 0, local.packed].filter((packed) => packed > 0 && packed <= room);
  const packed = stated.length > 0 ? Math.max(...stated) : 0;
  const dataEnd = local.dataAt + packed;
  return dataEnd + descriptorLength(unit.source, dataEnd, central?.crc ?? local.crc, packed);
}

/** What no span covers, in order. Members that share bytes are reported. */
function gapsBetween(unit: Unit, spans: readonly Span[], from: number, to: number): Span[] {
  const gaps: Span[] = [];
  let at = from;
  for (const span of spans.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (span.from > at) gaps.push({ from: at, to: span.from });
    else if (span.from < at && span.to > span.from) unit.found(ZIP_RULES.overlap, span.from, `bytes up to ${String(at)} belong to another member`);
    at = Math.max(at, span.to);
  }
  if (at < to) gaps.push({ from: at, to });
  return gaps;
}

/** Another archive, members without an entry, or bytes of something else. */
async function readGap(unit: Unit, gap: Span, level: number, known: Known): Promise<void> {
  if (isPadding(unit, gap)) return;
  const ends = endCandidates(unit.source, gap.from, gap.to, true);
  if (ends.length > 0 && level < MAX_ARCHIVES) {
    const [last = gap.from] = ends;
    unit.found(ZIP_RULES.glued, last, `an end record at ${String(last)}`);
    const end = readEnd(unit.source, last, gap.from, gap.to);
    if (end.entries.length > 0) {
      await readZip(unit, gap.from, gap.to, level + 1);
      return;
    }
  }
  const first = nextLocal(unit, gap.from, gap.to);
  const before = first === null ? gap : { from: gap.from, to: first.offset };
  if (before.to > before.from && !isPadding(unit, before)) {
    unit.found(ZIP_RULES.outside, before.from, `${String(before.to - before.from)} bytes`);
    await searchEmbedded(unit, before.from, before.to, 'gap');
  }
  if (first !== null) await readHidden(unit, first, gap.to, known);
}

async function readHidden(unit: Unit, first: LocalHeader, to: number, known: Known): Promise<void> {
  let local: LocalHeader | null = first;
  for (let count = 0; local !== null; count++) {
    unit.signal.throwIfAborted();
    if (count >= MAX_HIDDEN) {
      unit.notChecked('hidden members', `more than ${String(MAX_HIDDEN)}`);
      return;
    }
    const name = nameText(local.name);
    unit.found(ZIP_RULES.hidden, local.offset, known.names.includes(name) ? `${name}, a second time` : name);
    const danger = nameDanger(name);
    if (danger !== null) unit.found(ARCHIVE_RULES.traversal, local.offset, `${name}: ${danger}`);
    const following = nextLocal(unit, Math.max(local.dataAt + (local.packed < to - local.dataAt ? local.packed : 0), local.offset + LOCAL_SIZE), to);
    await readMember(unit, { name, central: null, local, room: (following?.offset ?? to) - local.dataAt }, known.context);
    local = following;
  }
}

/** The next local header whose fields make sense. */
function nextLocal(unit: Unit, from: number, to: number): LocalHeader | null {
  const step = 1024 * 1024;
  for (let start = from; start < to; start += step) {
    unit.signal.throwIfAborted();
    const bytes = unit.source.read(start, Math.min(step + LOCAL_MARK.length - 1, to - start));
    for (let at = bytes.indexOf(LOCAL_MARK); at >= 0; at = bytes.indexOf(LOCAL_MARK, at + 1)) {
      const local = localHeaderAt(unit.source, start + at);
      if (local !== null && local.dataAt <= to) return local;
    }
  }
  return null;
}

/** Zeros, or the letter that torch pads with. */
function isPadding(unit: Unit, { from, to }: Span): boolean {
  if (to - from > PADDING_LOOKED_AT) return false;
  const bytes = unit.source.read(from, to - from);
  const [first] = bytes;
  return (first === 0 || first === 0x5a) && bytes.every((byte) => byte === first);
}
