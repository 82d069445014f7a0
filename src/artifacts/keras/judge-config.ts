import { bytesSource } from '../bytes/byte-source.ts';
import { decodeWhole } from '../pickle/encoded-text.ts';
import { isPickle, startsLoadable } from '../pickle/loadable.ts';
import { walkJson, type JsonFault, type JsonVisitor } from '../safetensors/json-walk.ts';
import { suspiciousText } from '../safetensors/suspicious-text.ts';
import type { Unit } from '../scan/reader.ts';
import type { Frame } from './frame.ts';
import { judgeObject } from './judge-object.ts';
import { KERAS_RULES } from './keras-rules.ts';
import { isMarshalledCode } from './marshalled-code.ts';
import { pythonJson } from './python-json.ts';

/** Python gives up at about a thousand levels. */
export const MAX_DEPTH = 1000;
/** Texts that are looked at one by one; vocabularies are long. */
const MAX_TEXTS = 20_000;
const MAX_TEXT = 8 * 1024 * 1024;
const MAX_ENCODED = 64;
const MIN_TEXT = 16;

/** What is kept of an object. All else is looked at once and forgotten. */
const KEPT = new Set(
  `module class_name registered_name spec_name config function function_type output_shape output_shape_type mask mask_type vocabulary code node_def
  arguments 0`.split(/\s+/),
);
const KEPT_OF_A_KEY = 8;

/** A text that has been found to hold something to load; it is scanned after the walk. */
export interface EncodedText {
  readonly bytes: Buffer;
  readonly offset: number;
  /** Its beginning is proof; otherwise only what is found in it is. */
  readonly sure: boolean;
}

/**
 * Judges a configuration of Keras, wherever it comes from. `base`: where `bytes` begin in the unit, null when they are not in it as they
 * are. Returns why it is no JSON; what came before has been judged. Objects count at any depth, whatever is around them.
 */
export function judgeKerasConfig(
  unit: Unit,
  bytes: Buffer,
  base: number | null,
): { readonly fault: JsonFault | undefined; readonly encoded: readonly EncodedText[] } {
  const { text, same } = pythonJson(bytes);
  const visitor = new ConfigVisitor(unit, same ? base : null);
  const fault = walkJson(text, visitor, MAX_DEPTH);
  if (!same) unit.found(KERAS_RULES.unreadable, base, 'it is in UTF-16 or UTF-32, which Python takes and other readers do not');
  if (visitor.textsLeft < 0) unit.notChecked('texts of the Keras configuration', `more than ${String(MAX_TEXTS)}`);
  unit.checked('Keras configuration: modules, functions, lambdas, wrapped modules, files that it reads');
  return { fault, encoded: visitor.encoded };
}

class ConfigVisitor implements JsonVisitor {
  readonly encoded: EncodedText[] = [];
  textsLeft = MAX_TEXTS;
  readonly #unit: Unit;
  readonly #base: number | null;
  readonly #open: Frame[] = [];
  #key = '';

  constructor(unit: Unit, base: number | null) {
    this.#unit = unit;
    this.#base = base;
  }

  enter(kind: 'object' | 'array', _depth: number, offset: number): void {
    if (this.#open.length < 4) this.#unit.signal.throwIfAborted();
    const around = this.#open.at(-1);
    const key = around?.kind === 'array' ? around.key : this.#key;
    this.#open.push({ kind, key, offset, texts: new Map(), inner: new Map(), keys: new Set() });
  }

  leave(): void {
    const frame = this.#open.pop();
    if (frame === undefined) return;
    const around = this.#open.at(-1);
    if (frame.kind === 'object') this.#judge(frame);
    frame.inner.clear();
    frame.keys.clear();
    if (around?.kind === 'object' && KEPT.has(frame.key)) keep(around.inner, frame.key, frame);
  }

  key(name: string, _depth: number, offset: number): void {
    this.#key = name;
    const frame = this.#open.at(-1);
    if (frame === undefined || !KEPT.has(name)) return;
    if (frame.keys.has(name)) this.#unit.found(KERAS_RULES.duplicate, this.#at(offset), name);
    frame.keys.add(name);
  }

  string(text: string, _depth: number, offset: number): void {
    const frame = this.#open.at(-1);
    if (frame === undefined) return;
    const key = frame.kind === 'array' ? '0' : this.#key;
    const first = frame.kind === 'array' && frame.texts.size > 0;
    if (!first && KEPT.has(key)) keep(frame.texts, key, { text, offset });
    if (text.length >= MIN_TEXT) this.#lookInto(text, offset);
  }

  plain(): void {
    // Numbers do nothing.
  }

  #at(offset: number): number | null {
    return this.#base === null ? null : this.#base + offset;
  }

  #judge(frame: Frame): void {
    for (const { rule, offset, detail } of judgeObject(frame)) this.#unit.found(rule, this.#at(offset), detail);
  }

  #lookInto(text: string, offset: number): void {
    if (--this.textsLeft < 0) return;
    if (text.length > MAX_TEXT) return this.#unit.notChecked('long texts of the Keras configuration', `more than ${String(MAX_TEXT)} characters`);
    const decoded = decodeWhole(text)?.bytes;
    if (decoded !== undefined && isMarshalledCode(decoded)) {
      this.#unit.found(KERAS_RULES.bytecode, this.#at(offset), `marshalled code of ${String(decoded.length)} bytes`);
    } else if (decoded !== undefined && (startsLoadable(decoded.subarray(0, 64)) || isPickle(bytesSource(decoded)))) {
      const sure = startsLoadable(decoded.subarray(0, 64));
      if (sure) this.#unit.found(KERAS_RULES.encoded, this.#at(offset), `${String(decoded.length)} encoded bytes that can be loaded`);
      if (this.encoded.length < MAX_ENCODED) this.encoded.push({ bytes: decoded, offset, sure });
    } else {
      for (const { detail } of suspiciousText(text)) this.#unit.found(KERAS_RULES.encoded, this.#at(offset), detail);
    }
  }
}

function keep<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key) ?? [];
  if (list.length < KEPT_OF_A_KEY) list.push(value);
  map.set(key, list);
}

/** Scans what configurations hold in encoded form. */
export async function scanEncoded(unit: Unit, encoded: readonly EncodedText[]): Promise<void> {
  for (const { bytes, offset, sure } of encoded) {
    const alarm = await unit.inside(bytesSource(bytes), `value at ${String(offset)}`, 'decoded', null);
    if (alarm === 'alarm' && !sure) unit.found(KERAS_RULES.encoded, null, `${String(bytes.length)} encoded bytes at ${String(offset)} of the configuration`);
  }
}
