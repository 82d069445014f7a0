import { bytesSource, sliceSource, type ByteSource } from '../bytes/byte-source.ts';
import type { Unit } from '../scan/reader.ts';
import type { ByteWindow } from './byte-window.ts';
import { decodeLine } from './constants.ts';
import { decodeRuns, decodeWhole, isCodeText } from './encoded-text.ts';
import { PICKLE_LIMITS } from './limits.ts';
import { isPickle, mayBeginPickle, startsLoadable } from './loadable.ts';
import { OPCODES } from './opcodes.ts';
import { PICKLE_RULES } from './pickle-rules.ts';
import type { BytesValue, TextValue, Value } from './values.ts';

/** Shorter values hold no payload. */
const MIN_BYTES = 12;
const HEAD_BYTES = 4096;
const MAX_CODE_TEXTS = 200;
const MAX_PASSED = 1000;
/** Values that are looked at for all calls together; beyond that every constant may have been handed to one. */
const MAX_WALKED = 5_000_000;

interface Candidate {
  readonly at: number;
  readonly name: string;
  readonly source: ByteSource;
  /** Whether it stands there as it is. */
  readonly isPlain: boolean;
  use: 'dormant' | 'handed' | 'loaded';
}

/**
 * Texts and bytes of a pickle that are loadable themselves: a pickle, an archive, native code, plain or as base64, hexadecimal or
 * Latin-1. They are collected while the stream is traced, and scanned when it has ended.
 */
export class NestedConstants {
  readonly #source: ByteSource;
  readonly #candidates = new Map<number, Candidate[]>();
  readonly #codeTexts = new Map<number, string>();
  #count = 0;
  #left = 0;
  #bytes = 0;
  #walked = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Looks at a constant when it is pushed. */
  consider(value: TextValue | BytesValue, window: ByteWindow): void {
    if (value.length < MIN_BYTES || this.#candidates.has(value.at)) return;
    const head = window.at(value.at, Math.min(HEAD_BYTES, value.length));
    const isLoadable = this.#isLoadable(value, head);
    if (isLoadable) this.#add(value, 'value', sliceSource(this.#source, value.at, value.length), true);
    if (value.kind === 'text' && value.form === 'utf8' && (isLoadable || head[0] === 0xc2)) this.#considerLatin1(value, head);
    if (isLoadable || (value.kind === 'bytes' && !isPrintable(head))) return;
    this.#considerText(value, this.#text(value, head));
  }

  /** Marks constants that a function loads (`loaded`), or one of which nobody here knows what it does with them (`handed`). */
  passed(args: readonly Value[], use: 'handed' | 'loaded'): void {
    if (this.#candidates.size === 0 || this.#walked > MAX_WALKED) return;
    const values = valuesIn(args);
    this.#walked += values.length;
    for (const arg of values) {
      if (arg.kind !== 'bytes' && arg.kind !== 'text') continue;
      for (const candidate of this.#candidates.get(arg.at) ?? []) if (candidate.use !== 'loaded') candidate.use = use;
    }
  }

  #isLoadable(value: TextValue | BytesValue, head: Buffer): boolean {
    if (startsLoadable(head)) return true;
    const [first, second] = head;
    if (first === 0x80) return (second ?? 9) <= 5 && this.#isPickle(value);
    // Without PROTO it imports by lines or by STACK_GLOBAL.
    return OPCODES[first ?? 0] !== undefined && (head.includes(0x0a) || head.includes(0x93)) && this.#isPickle(value);
  }

  #isPickle({ at, length }: TextValue | BytesValue): boolean {
    return isPickle(sliceSource(this.#source, at, length));
  }

  /** Bytes that protocol 2 writes as a text, one character each: beyond ASCII they stand there as other bytes. */
  #considerLatin1(value: TextValue, head: Buffer): void {
    const start = head.toString('utf8');
    if (/^[\0-\x7f]*$/.test(start) || /[^\0-\xff]/.test(start.slice(0, 16))) return;
    const bytes = Buffer.from(start, 'latin1');
    if (!startsLoadable(bytes) && bytes[0] !== 0x80) return;
    const whole = this.#whole(value);
    const plain = whole === null ? null : Buffer.from(whole.toString('utf8'), 'latin1');
    if (plain !== null && isWorth(plain)) this.#add(value, 'text as bytes', bytesSource(plain), false);
  }

  /** The bytes of a value, or null when they are too many; then they are counted as left out. */
  #whole({ at, length }: TextValue | BytesValue): Buffer | null {
    if (length > PICKLE_LIMITS.nestedBytes || this.#bytes + length > PICKLE_LIMITS.nestedBytes * 4) {
      this.#left += 1;
      return null;
    }
    this.#bytes += length;
    return this.#source.read(at, length);
  }

  /** The text to look at: of long values the whole only when their beginning stands for something loadable. */
  #text(value: TextValue | BytesValue, head: Buffer): string {
    if (value.kind === 'text' && value.text !== null) return value.text;
    const form = value.kind === 'bytes' ? 'latin1' : value.form;
    const isLine = form === 'quoted' || form === 'escaped';
    const start = head.toString('latin1', isLine ? 1 : 0);
    if (!isLine && (value.length <= HEAD_BYTES || !mayHoldMore(start))) return start;
    const whole = this.#whole(value)?.toString('latin1');
    if (whole === undefined) return start;
    return isLine ? (decodeLine(whole, form) ?? start) : whole;
  }

  #considerText(value: TextValue | BytesValue, text: string): void {
    if (isCodeText(text)) this.#noteCode(value, text);
    const isLine = value.kind === 'text' && (value.form === 'quoted' || value.form === 'escaped');
    if (isLine && isWorth(Buffer.from(text, 'latin1'))) {
      this.#add(value, 'text as bytes', bytesSource(Buffer.from(text, 'latin1')), false);
      return;
    }
    const whole = decodeWhole(text);
    const decoded = whole === null ? decodeRuns(text.slice(0, 1 << 20)) : [whole];
    for (const { how, bytes } of decoded) {
      const code = bytes.toString('latin1', 0, HEAD_BYTES);
      if (isWorth(bytes)) this.#add(value, how, bytesSource(bytes), false);
      else if (isPrintable(bytes.subarray(0, HEAD_BYTES)) && isCodeText(code)) this.#noteCode(value, code);
    }
  }

  #noteCode({ at }: TextValue | BytesValue, text: string): void {
    if (this.#codeTexts.size < MAX_CODE_TEXTS) this.#codeTexts.set(at, text.slice(0, 120));
  }

  #add({ at }: TextValue | BytesValue, what: string, source: ByteSource, isPlain: boolean): void {
    if (this.#count >= PICKLE_LIMITS.nested) {
      this.#left += 1;
      return;
    }
    this.#count += 1;
    const list = this.#candidates.get(at) ?? [];
    list.push({ at, name: `${what} at ${String(at)}`, source, isPlain, use: 'dormant' });
    this.#candidates.set(at, list);
  }

  /** Scans what was collected, once. */
  async examine(unit: Unit): Promise<void> {
    for (const candidate of [...this.#candidates.values()].flat()) {
      unit.signal.throwIfAborted();
      const how = candidate.use === 'dormant' && this.#walked <= MAX_WALKED ? 'constant' : 'decoded';
      const alarm = await unit.inside(candidate.source, candidate.name, how, candidate.isPlain ? candidate.at : null);
      if (alarm === 'alarm') unit.found(candidate.use === 'loaded' ? PICKLE_RULES.nestedLoaded : PICKLE_RULES.nestedDormant, candidate.at, candidate.name);
    }
    for (const [at, text] of this.#codeTexts) unit.found(PICKLE_RULES.codeText, at, JSON.stringify(text));
    if (this.#left > 0) {
      unit.found(PICKLE_RULES.limit, null, `${String(this.#left)} more values look loadable than are looked into`);
      unit.notChecked('hidden loadable values of pickles', `more than ${String(PICKLE_LIMITS.nested)} of them, or too large`);
    } else unit.checked('hidden loadable values of pickles');
    this.#candidates.clear();
    this.#codeTexts.clear();
  }
}

/** Values that are given with others: as arguments of a call, items, state. A bound, since values may hold each other. */
function valuesIn(values: readonly Value[]): Value[] {
  const found = [...values];
  for (let i = 0; i < found.length && found.length < MAX_PASSED; i += 1) {
    const value = found[i];
    if (value?.kind === 'call') found.push(...value.args.slice(0, MAX_PASSED), ...(value.state === null ? [] : [value.state]));
    else if (value !== undefined && 'items' in value) found.push(...value.items.slice(0, MAX_PASSED));
    else if (value?.kind === 'dict') found.push(...value.entries.slice(0, MAX_PASSED).flat());
  }
  return found;
}

/** Whether the beginning of a long text is the beginning of something encoded that is loadable. */
function mayHoldMore(start: string): boolean {
  // A cut may leave half a character of the code behind.
  const bytes = decodeWhole(start.slice(0, start.length - (start.length % 4)))?.bytes;
  if (bytes === undefined) return false;
  return startsLoadable(bytes) || mayBeginPickle(bytes);
}

function isWorth(bytes: Buffer): boolean {
  return bytes.length >= MIN_BYTES && (startsLoadable(bytes.subarray(0, HEAD_BYTES)) || isPickle(bytesSource(bytes)));
}

function isPrintable(head: Buffer): boolean {
  for (const byte of head) if ((byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) || byte >= 0x7f) return false;
  return true;
}
