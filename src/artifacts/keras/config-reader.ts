import type { ByteSource } from '../bytes/byte-source.ts';
import { walkJson, type JsonVisitor } from '../safetensors/json-walk.ts';
import type { Reader } from '../scan/reader.ts';
import { judgeKerasConfig, MAX_DEPTH, scanEncoded } from './judge-config.ts';
import { KERAS_RULES } from './keras-rules.ts';
import { pythonJson } from './python-json.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const STEP = 1024 * 1024;
const OVERLAP = 32;
/** `_`, and letters that are written as escapes: a name that somebody hides. */
const ESCAPES = /\\u00(?:5[fF]|6[1-9a-fA-F]|7[0-9aA])/;
const NAME = /"class_name"\s{0,100}:/;

/** Reads configurations of Keras: the member of a `.keras` archive, `model.to_json()`, and the like. */
export const KERAS_CONFIG_READER: Reader = {
  format: 'keras-config',
  recognizes: (head, { source }) => beginsJson(head) && source.size <= MAX_BYTES && namesClass(source, head),
  read: async (unit) => {
    const { fault, encoded } = judgeKerasConfig(unit, unit.source.read(0, unit.source.size), 0);
    if (fault !== undefined) unit.found(KERAS_RULES.unreadable, fault.offset, fault.reason);
    await scanEncoded(unit, encoded);
  },
};

/** An object or a list, in any encoding that Python takes. */
function beginsJson(head: Buffer): boolean {
  return /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]{0,100}[{[]/.test(head.toString('latin1', 0, 128));
}

function namesClass(source: ByteSource, head: Buffer): boolean {
  if (head.includes(0)) return NAME.test(pythonJson(source.read(0, source.size)).text.toString('utf8'));
  let escapes = false;
  for (let at = 0; at < source.size; at += STEP) {
    const text = source.read(Math.max(0, at - OVERLAP), STEP + OVERLAP);
    if (text.includes('"class_name"')) return true;
    escapes ||= text.includes('\\u00') && ESCAPES.test(text.toString('latin1'));
  }
  return escapes && hasEscapedName(source);
}

/** A name with escapes stands in quotes as a whole. */
function hasEscapedName(source: ByteSource): boolean {
  for (let at = 0; at < source.size; at += STEP) {
    const text = source.read(Math.max(0, at - 128), STEP + 128).toString('latin1');
    for (const [name] of text.matchAll(/"(?:[a-z_]|\\u00[0-9a-fA-F]{2}){10}"/g)) if (unescaped(name) === 'class_name') return true;
  }
  return false;
}

function unescaped(quoted: string): unknown {
  try {
    return JSON.parse(quoted) as unknown;
  } catch {
    return null;
  }
}

/** Why bytes are no JSON at all, or null. */
export function configFault(bytes: Buffer): string | null {
  const nobody: JsonVisitor = { enter: ignore, leave: ignore, key: ignore, string: ignore, plain: ignore };
  return walkJson(pythonJson(bytes).text, nobody, MAX_DEPTH)?.reason ?? null;
}

function ignore(): void {
  // Only whether it can be read counts.
}
