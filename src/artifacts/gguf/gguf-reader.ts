import { GgufFault } from './cursor.ts';
import { readGguf } from './gguf-file.ts';
import type { GgufFile } from './gguf-file.ts';
import * as rules from './gguf-rules.ts';
import { sliceSource } from '../bytes/byte-source.ts';
import { EMBEDDED_HEAD, embeddedKind } from '../safetensors/embedded-kind.ts';
import { clip } from '../safetensors/header-visitor.ts';
import { suspiciousText } from '../safetensors/suspicious-text.ts';
import { searchValues } from '../safetensors/value-pass.ts';
import type { ValueRegion } from '../safetensors/value-pass.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { judgeTemplate } from '../templates/judge-template.ts';
import type { TemplateOptions } from '../templates/judge-template.ts';
import { TEMPLATE_OVERSIZED } from '../templates/template-rules.ts';

const MAGIC = Buffer.from('GGUF', 'latin1');
const CHUNK_BYTES = 1024 * 1024;
const JINJA = /\{%[-+]?\s{0,20}(?:for|if|set|macro|include|import)\s/;

/** Reads GGUF files: every check of llama.cpp's loader and those that it leaves out, the chat templates, and what lies beside the tensors. */
export function ggufReader(options: TemplateOptions): Reader {
  return {
    format: 'gguf',
    recognizes: (head, unit) => head.subarray(0, 4).equals(MAGIC) || unit.name.toLowerCase().endsWith('.gguf'),
    read: (unit) => readUnit(unit, options),
  };
}

/** Without a registered version to compare templates with. */
export const GGUF_READER: Reader = ggufReader({});

/** Where plain numbers are; quantised tensors are blocks, in which any bits are finite but for their scales. */
function regionsOf({ tensors, dataStart }: GgufFile, size: number): ValueRegion[] {
  return tensors.flatMap(({ name, type, offset, bytes }) =>
    BigInt(dataStart) + offset + bytes > BigInt(size) ? [] : [{ name, dtype: type, offset: dataStart + Number(offset), length: Number(bytes) }],
  );
}

async function readUnit(unit: Unit, options: TemplateOptions): Promise<void> {
  const head = unit.source.read(0, EMBEDDED_HEAD);
  const other = head.subarray(0, 4).equals(MAGIC) ? undefined : embeddedKind(head, { pickle: true });
  if (other !== undefined) {
    unit.found(rules.GGUF_PREFIX, 0, `it begins as ${other}`);
    return;
  }
  const file = readGguf(unit.source, {
    problem: (offset, reason) => unit.found(rules.GGUF_KEY, offset, reason),
    tensorProblem: (offset, reason) => unit.found(rules.GGUF_TENSOR, offset, reason),
    byteToken: (token, offset) => unit.found(rules.GGUF_BYTE_TOKEN, offset, `the token ${token}`),
    text: (key, text, offset, bytes) => judgeText(unit, { key, text, offset, bytes }, options),
    signal: unit.signal,
  });
  unit.checked('GGUF header: version, counts, keys, types, tensors, offsets');
  unit.checked('GGUF metadata: code, shell, scripts, encoded pickles, secrets, chat templates, byte tokens');
  if (file instanceof GgufFault) {
    unit.found(rules.GGUF_HEADER, file.offset, file.message);
    return;
  }
  await judgeStarts(unit, regionsOf(file, unit.source.size));
  await judgeTrailing(unit, file);
  searchValues(unit, regionsOf(file, unit.source.size), rules.GGUF_NOT_FINITE);
}

interface TextValue {
  readonly key: string;
  readonly text: string;
  readonly offset: number;
  readonly bytes: number;
}

function judgeText(unit: Unit, { key, text, offset, bytes }: TextValue, options: TemplateOptions): void {
  unit.signal.throwIfAborted();
  if (key.includes('chat_template') || JINJA.test(text)) {
    if (Buffer.byteLength(text) < bytes) unit.found(TEMPLATE_OVERSIZED, offset, `${clip(key)}: ${String(bytes)} bytes`);
    for (const sign of judgeTemplate(text, options))
      unit.found(sign.rule, offset, `${clip(key)}: ${sign.detail}${sign.offset === null ? '' : ` (character ${String(sign.offset)})`}`);
    return;
  }
  for (const { kind, detail } of suspiciousText(text))
    unit.found(kind === 'secret' ? rules.GGUF_SECRET : rules.GGUF_METADATA, offset, `${clip(key)}: ${detail}`);
}

async function judgeStarts(unit: Unit, regions: readonly ValueRegion[]): Promise<void> {
  for (const { name, dtype, offset, length } of regions) {
    unit.signal.throwIfAborted();
    const kind = embeddedKind(unit.source.read(offset, Math.min(length, EMBEDDED_HEAD)), { pickle: dtype === 'I8' });
    if (kind === undefined) continue;
    unit.found(rules.GGUF_EMBEDDED, offset, `tensor "${clip(name)}" (${dtype}) begins like ${kind}`);
    await unit.inside(sliceSource(unit.source, offset, length), clip(name), 'constant', offset);
  }
  unit.checked('starts of tensors: programs, archives, scripts, pickles');
}

/** Padding with zeros is nothing; the rest is scanned as a file of its own. */
async function judgeTrailing(unit: Unit, { end }: GgufFile): Promise<void> {
  if (end >= BigInt(unit.source.size)) return;
  const start = Number(end);
  if (isZero(unit, start)) return;
  unit.found(rules.GGUF_TRAILING, start, `${String(unit.source.size - start)} bytes`);
  await unit.inside(sliceSource(unit.source, start, unit.source.size - start), 'behind-the-tensors', 'behind', start);
}

function isZero(unit: Unit, start: number): boolean {
  for (let at = start; at < unit.source.size; at += CHUNK_BYTES) {
    unit.signal.throwIfAborted();
    if (unit.source.read(at, CHUNK_BYTES).some((byte) => byte !== 0)) return false;
  }
  return true;
}
