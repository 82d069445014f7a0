import { sliceSource, type ByteSource } from '../bytes/byte-source.ts';
import { firstFields } from '../protobuf/message-shape.ts';
import { textOf, type Span, type WireField } from '../protobuf/wire.ts';
import { EMBEDDED_HEAD, embeddedKind } from '../safetensors/embedded-kind.ts';
import type { Unit } from '../scan/reader.ts';
import { externalNumber, locationDanger } from './external-location.ts';
import { ONNX_RULES } from './onnx-rules.ts';
import type { TensorValues } from './tensor-values.ts';

/** A tensor that begins like something to load: its bytes are scanned once the walk is over. */
export interface EmbeddedTensor {
  readonly name: string;
  readonly span: Span;
}

/** Keys of external data (onnx.proto3); `basepath` is written by older exporters, `prepacked` keys by ONNX Runtime. */
const KEYS = new Set(['location', 'offset', 'length', 'checksum', 'basepath']);
const MAX_LOCATION = 4096;
const MAX_ENTRIES = 1000;
/** uint8, int8, string and bool: only there the first bytes are bytes. */
const BYTE_TYPES = new Set([2n, 3n, 8n, 9n]);

/** Judges where the bytes of a tensor are, and as what they begin. Its numbers go to `numbers`. */
export function judgeTensor(unit: Unit, fields: readonly WireField[], span: Span, numbers: TensorValues): EmbeddedTensor | null {
  const name = firstText(unit, fields, 8);
  const entries = fields.filter((field) => field.number === 13);
  const isExternal = fields.some((field) => field.number === 14 && field.kind === 'varint' && field.value === 1n);
  if (entries.length > 0 || isExternal) {
    judgeExternal(unit, name, entries, span, (file, offset, length) => {
      numbers.addBeside(name, fields, file, offset, length);
    });
  }
  numbers.add(name, fields);
  const type = fields.find((field) => field.number === 2 && field.kind === 'varint');
  for (const field of fields) {
    if (field.number !== 9 || field.kind !== 'bytes') continue;
    const { from, to } = field.span;
    const head = unit.source.read(from, Math.min(to - from, EMBEDDED_HEAD));
    const kind = embeddedKind(head, { pickle: type?.kind === 'varint' && BYTE_TYPES.has(type.value) });
    if (kind === undefined) continue;
    unit.found(ONNX_RULES.embedded, from, `tensor "${name}" begins like ${kind}`);
    return { name, span: field.span };
  }
  return null;
}

export async function scanEmbedded(unit: Unit, { name, span: { from, to } }: EmbeddedTensor): Promise<void> {
  await unit.inside(sliceSource(unit.source, from, to - from), name === '' ? 'tensor' : name, 'constant', from);
}

function firstText(unit: Unit, fields: readonly WireField[], number: number): string {
  const field = fields.find((one) => one.number === number && one.kind === 'bytes');
  return field?.kind === 'bytes' ? textOf(unit.source, field.span, 200) : '';
}

/** Told of numbers that lie in a file which is there. */
type Take = (file: ByteSource, offset: number, length: number) => void;

function judgeExternal(unit: Unit, name: string, entries: readonly WireField[], tensor: Span, take: Take): void {
  const values = new Map<string, string[]>();
  for (const entry of entries.slice(0, MAX_ENTRIES)) {
    if (entry.kind !== 'bytes') continue;
    const { fields } = firstFields(unit.source, entry.span);
    const key = firstText(unit, fields, 1);
    const known = values.get(key) ?? [];
    // The last of several values counts; all of them are looked at.
    for (const field of fields) if (field.number === 2 && field.kind === 'bytes') known.push(textOf(unit.source, field.span, MAX_LOCATION));
    values.set(key, known);
    if (!KEYS.has(key) && !key.startsWith('prepacked')) unit.found(ONNX_RULES.externalEntry, entry.at, `tensor "${name}": unknown key ${JSON.stringify(key)}`);
    if (known.length > 1) unit.found(ONNX_RULES.externalEntry, entry.at, `tensor "${name}": ${key} stands there twice`);
  }
  unit.checked('locations of external tensors');
  const locations = values.get('location') ?? [];
  if (locations.length === 0) unit.found(ONNX_RULES.externalEntry, tensor.from, `tensor "${name}" lies in another file that is not named`);
  for (const location of [...locations, ...(values.get('basepath') ?? [])]) judgeLocation(unit, name, location, tensor);
  for (const location of locations) judgeRange(unit, name, location, values, tensor, take);
}

function judgeLocation(unit: Unit, name: string, location: string, { from }: Span): void {
  const danger = locationDanger(location);
  if (danger === null) return;
  unit.found(
    danger.is === 'outside' ? ONNX_RULES.externalPath : ONNX_RULES.externalEntry,
    from,
    `tensor "${name}" in ${JSON.stringify(location)}: ${danger.why}`,
  );
}

function judgeRange(unit: Unit, name: string, location: string, values: ReadonlyMap<string, readonly string[]>, { from }: Span, take: Take): void {
  const numbers = ['offset', 'length'].flatMap((key) => (values.get(key) ?? []).map((text) => ({ key, text, value: externalNumber(text) })));
  for (const { key, text, value } of numbers)
    if (value === null) unit.found(ONNX_RULES.externalRange, from, `tensor "${name}": ${key} ${JSON.stringify(text.slice(0, 60))}`);
  const end = numbers.reduce((sum, { value }) => sum + (value ?? 0n), 0n);
  const file = locationDanger(location) === null ? unit.sibling(location.replaceAll('\\', '/')) : undefined;
  if (file === undefined) unit.notChecked('sizes of external tensors', 'the file is not there');
  else if (end > BigInt(file.size)) unit.found(ONNX_RULES.externalRange, from, `tensor "${name}" ends at ${String(end)}, ${location} at ${String(file.size)}`);
  else {
    const last = (key: string): bigint | null => numbers.findLast((one) => one.key === key)?.value ?? null;
    const offset = Number(last('offset') ?? 0n);
    const length = last('length');
    take(file, offset, length === null ? file.size - offset : Number(length));
  }
}
