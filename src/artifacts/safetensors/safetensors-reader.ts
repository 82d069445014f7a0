import { EMBEDDED_HEAD, embeddedKind } from './embedded-kind.ts';
import { MAX_HEADER_BYTES, readSafetensorsHeader } from './header.ts';
import type { SafetensorsHeader } from './header.ts';
import { clip } from './header-visitor.ts';
import type { HeaderProblem } from './header-visitor.ts';
import { checkLayout } from './layout.ts';
import * as rules from './safetensors-rules.ts';
import { suspiciousText } from './suspicious-text.ts';
import { searchValues } from './value-pass.ts';
import type { ValueRegion } from './value-pass.ts';
import { sliceSource } from '../bytes/byte-source.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Reader, Unit } from '../scan/reader.ts';

const PROBLEM_RULES = {
  header: rules.SAFETENSORS_HEADER,
  duplicate: rules.SAFETENSORS_DUPLICATE,
  entry: rules.SAFETENSORS_ENTRY,
  field: rules.SAFETENSORS_FIELD,
  limit: rules.SAFETENSORS_LIMIT,
};

/** Reads safetensors files: every rule of the reference reader, the ones that it forgets, and what hides beside the tensors. */
export const SAFETENSORS_READER: Reader = {
  format: 'safetensors',
  recognizes: (head, unit) => recognizes(head, unit.source, unit.name),
  read: readSafetensors,
};

function recognizes(head: Buffer, source: ByteSource, name: string): boolean {
  if (name.toLowerCase().endsWith('.safetensors')) return true;
  if (head.length < 9 || head[8] !== 0x7b) return false;
  const length = head.readBigUInt64LE(0);
  if (length <= BigInt(Math.min(MAX_HEADER_BYTES, source.size - 8))) return true;
  return head.includes('"data_offsets"') && head.includes('"dtype"');
}

function regionsOf(header: SafetensorsHeader, size: number): ValueRegion[] {
  const data = BigInt(size - header.dataStart);
  return header.tensors.flatMap(({ name, dtype, begin, end }) =>
    begin >= end || end > data ? [] : [{ name, dtype, offset: header.dataStart + Number(begin), length: Number(end - begin) }],
  );
}

async function readSafetensors(unit: Unit): Promise<void> {
  const header = readSafetensorsHeader(unit.source);
  for (const problem of header.problems) reportProblem(unit, problem);
  unit.checked('safetensors header: lengths, JSON, duplicate names, types, shapes');
  const dataBytes = unit.source.size - header.dataStart;
  const layout = checkLayout(header.tensors, BigInt(dataBytes));
  for (const { offset, reason } of layout.problems) unit.found(rules.SAFETENSORS_LAYOUT, offset, reason);
  unit.checked('safetensors layout: no hole, no overlap, no byte outside of the file');
  judgeMetadata(unit, header);
  const unreadable = header.problems.some(({ kind }) => kind === 'header');
  if (!unreadable && layout.end < BigInt(dataBytes)) await judgeTrailing(unit, header.dataStart + Number(layout.end));
  await judgeStarts(unit, regionsOf(header, unit.source.size));
  searchValues(unit, regionsOf(header, unit.source.size), rules.SAFETENSORS_NOT_FINITE);
}

function reportProblem(unit: Unit, { kind, offset, reason }: HeaderProblem): void {
  unit.found(PROBLEM_RULES[kind], offset, reason);
}

function judgeMetadata(unit: Unit, header: SafetensorsHeader): void {
  for (const { key, text, offset } of header.metadata) {
    unit.signal.throwIfAborted();
    for (const { kind, detail } of suspiciousText(text)) {
      unit.found(kind === 'secret' ? rules.SAFETENSORS_SECRET : rules.SAFETENSORS_METADATA, offset, `metadata "${clip(key)}": ${detail}`);
    }
  }
  unit.checked('safetensors metadata: code, shell, scripts, encoded pickles, secrets');
}

async function judgeTrailing(unit: Unit, offset: number): Promise<void> {
  const length = unit.source.size - offset;
  const zip = isZip(unit.source, offset);
  if (zip) unit.found(rules.SAFETENSORS_ARCHIVE, offset, `${String(length)} bytes behind the last tensor are a zip archive`);
  else unit.found(rules.SAFETENSORS_TRAILING, offset, `${String(length)} bytes behind the last tensor`);
  await unit.inside(sliceSource(unit.source, offset, length), 'behind-the-tensors', 'behind', offset);
}

/** Begins with a local header, or ends with an end record (zip specification, 4.3.16), which is where loaders look. */
function isZip(source: ByteSource, offset: number): boolean {
  const magic = source.read(offset, 4);
  if (magic.equals(Buffer.from('PK\x03\x04', 'latin1')) || magic.equals(Buffer.from('PK\x05\x06', 'latin1'))) return true;
  const start = Math.max(offset, source.size - 65_557);
  return source.read(start, source.size - start).includes(Buffer.from('PK\x05\x06', 'latin1'));
}

async function judgeStarts(unit: Unit, regions: readonly ValueRegion[]): Promise<void> {
  for (const { name, dtype, offset, length } of regions) {
    unit.signal.throwIfAborted();
    const short = unit.source.read(offset, Math.min(length, 8));
    if (!maybeEmbedded(short)) continue;
    // Only a tensor of bytes can be a pickle: in any other one its first bytes are too likely by chance.
    const kind = embeddedKind(unit.source.read(offset, Math.min(length, EMBEDDED_HEAD)), { pickle: dtype === 'U8' || dtype === 'I8' || dtype === 'BOOL' });
    if (kind === undefined) continue;
    unit.found(rules.SAFETENSORS_EMBEDDED, offset, `tensor "${clip(name)}" (${dtype}) begins like ${kind}`);
    await unit.inside(sliceSource(unit.source, offset, length), clip(name), 'constant', offset);
  }
  unit.checked('starts of tensors: programs, archives, scripts, pickles');
}

/** The first byte of each magic number that embeddedKind knows. */
const FIRST_BYTES = new Set([0x7f, 0x4d, 0xfe, 0xce, 0xcf, 0xca, 0x50, 0x37, 0x23, 0x80]);

function maybeEmbedded(start: Buffer): boolean {
  return start.length >= 4 && FIRST_BYTES.has(start[0] ?? 0);
}
