import { suspiciousText, type TextSign } from '../safetensors/suspicious-text.ts';
import type { Reader, Unit } from '../scan/reader.ts';
import { isText, sniff, type Content } from '../scan/sniff.ts';
import { printableRuns } from './printable-runs.ts';
import { findSecrets } from './secrets.ts';
import { textKind, type TextKind } from './text-kind.ts';
import { TEXT_RULES } from './text-rules.ts';

const WINDOW = 1024 * 1024;
/** So that nothing is cut that lies across two windows. */
const OVERLAP = 8 * 1024;
const MAX_TEXT = 16 * 1024 * 1024;
const MAX_PICTURE = 4 * 1024 * 1024;
const HEAD = 4096;
const BYTECODE = /\.(?:pyc|pyo|class|wasm|luac)$/i;
/** Pickles of text have a reader of their own. */
const SEARCHED: ReadonlySet<Content> = new Set<Content>(['text', 'script', 'image', 'media', 'document']);
const WASM = '\0asm';
/** Read by readers of their own, value by value. */
const STRUCTURED = /\.(?:json|ya?ml|xml|svg|jinja2?|j2|template|tmpl)$/i;

/** Searches files of no model format for credentials and hidden code: texts, pictures, licences (reference, section 13). */
export const TEXT_READER: Reader = {
  format: 'text',
  anyFile: true,
  recognizes: (head, { source, name }) => {
    if (head.length === 0) return false;
    if (BYTECODE.test(name) || head.toString('latin1', 0, 4) === WASM) return true;
    const content = sniff(head, source);
    return content !== null && SEARCHED.has(content);
  },
  read: (unit) => {
    readText(unit);
    return Promise.resolve();
  },
};

function readText(unit: Unit): void {
  const head = unit.source.read(0, HEAD);
  if (!isText(head)) {
    if (BYTECODE.test(unit.name) || head.toString('latin1', 0, 4) === WASM) unit.found(TEXT_RULES.compiled, 0, unit.name);
    else readPicture(unit);
    return;
  }
  const kind = textKind(unit.name);
  if (head.toString('latin1', 0, 2) === '#!' && kind === 'data' && unit.name.includes('.')) unit.found(TEXT_RULES.script, 0, firstLine(head));
  if (isStructured(unit.name, head)) return;
  for (let at = 0; at < Math.min(unit.source.size, MAX_TEXT); at += WINDOW) {
    unit.signal.throwIfAborted();
    judge(unit, textOf(unit.source.read(at, WINDOW + OVERLAP)), at, kind);
  }
  unit.checked('texts: credentials, encoded programs, hidden commands');
  if (unit.source.size > MAX_TEXT) unit.notChecked('the rest of a text', `more than ${String(MAX_TEXT)} bytes`);
}

/** JSON of any name goes to its reader, which sees decoded values. */
const isStructured = (name: string, head: Buffer): boolean => STRUCTURED.test(name) && !/^\s*#!/.test(head.toString('latin1', 0, 128));

function readPicture(unit: Unit): void {
  const { source } = unit;
  const half = MAX_PICTURE / 2;
  const parts = source.size <= MAX_PICTURE ? [0] : [0, source.size - half];
  for (const at of parts) judge(unit, printableRuns(source.read(at, parts.length === 1 ? MAX_PICTURE : half)), null, 'data');
  unit.checked('pictures and documents: credentials, hidden commands');
  if (source.size > MAX_PICTURE) unit.notChecked('the middle of a picture or document', `only ${String(half)} bytes from each end`);
}

function judge(unit: Unit, text: string, from: number | null, kind: TextKind): void {
  const place = kind === 'document' || kind === 'records' ? 'document' : 'data';
  for (const { at, detail } of findSecrets(text, place)) {
    unit.found(TEXT_RULES.secret, from === null ? null : from + Buffer.byteLength(text.slice(0, at)), detail);
  }
  for (const sign of suspiciousText(text)) if (isHidden(sign, kind)) unit.found(TEXT_RULES.hiddenCode, null, sign.detail);
}

/** Documents show commands, code has them, rows of texts may say anything. */
function isHidden({ kind: sign, detail }: TextSign, kind: TextKind): boolean {
  if (sign === 'secret' || kind === 'records') return false;
  if (sign === 'encoded') return true;
  if (kind === 'document') return false;
  if (kind === 'code') return sign === 'shell' && /^(?:pipes|runs what|runs hidden)/.test(detail);
  return true;
}

/** UTF-16 by its mark, else UTF-8. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  return bytes.toString('utf8');
}

const firstLine = (head: Buffer): string => head.toString('latin1', 0, 100).split('\n', 1)[0] ?? '';
