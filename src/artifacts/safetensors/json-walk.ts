import { isUtf8 } from 'node:buffer';
import { ShortTexts } from './short-texts.ts';

/** Why bytes are no JSON, and where. */
export interface JsonFault {
  /** In bytes. */
  readonly offset: number;
  readonly reason: string;
}

/** What a walk comes past. JSON.parse hides that a name stands twice; here every one of them is seen. All offsets are in bytes. */
export interface JsonVisitor {
  /** `depth` is 0 for the outermost value. */
  enter(kind: 'object' | 'array', depth: number, offset: number): void;
  leave(depth: number, offset: number): void;
  /** A name in the object at `depth`. */
  key(name: string, depth: number, offset: number): void;
  string(text: string, depth: number, offset: number): void;
  /** A number as it is written, or `true`, `false`, `null`. */
  plain(text: string, depth: number, offset: number): void;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const PYTHON_NUMBERS = ['NaN', 'Infinity', '-Infinity'];
/** Of all walks in a thread: most are short. */
const SHORT = new ShortTexts();
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

class Fault extends Error {
  readonly offset: number;
  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
  }
}

/**
 * Walks JSON text (RFC 8259) without recursion and without building anything. Undefined when the whole of it is sound. `pythonNumbers`: with
 * `NaN`, `Infinity` and `-Infinity`, as Python's json module writes and reads it.
 */
export function walkJson(bytes: Buffer, visitor: JsonVisitor, maxDepth: number, { pythonNumbers = false } = {}): JsonFault | undefined {
  if (!isUtf8(bytes)) return { offset: 0, reason: 'not UTF-8' };
  try {
    new Walk(bytes, visitor, maxDepth, pythonNumbers).run();
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return { offset: error.offset, reason: error.message };
    throw error;
  }
}

class Walk {
  private readonly bytes: Buffer;
  private readonly visitor: JsonVisitor;
  private readonly maxDepth: number;
  private readonly pythonNumbers: boolean;
  private position = 0;
  private readonly open: ('object' | 'array')[] = [];

  constructor(bytes: Buffer, visitor: JsonVisitor, maxDepth: number, pythonNumbers: boolean) {
    this.bytes = bytes;
    this.visitor = visitor;
    this.maxDepth = maxDepth;
    this.pythonNumbers = pythonNumbers;
  }

  run(): void {
    this.value();
    while (this.open.length > 0) this.step();
    this.space();
    if (this.position < this.bytes.length) throw new Fault(this.position, 'more text behind the value');
  }

  /** One member, one element, or the end of what is open. */
  private step(): void {
    const kind = this.open.at(-1);
    const closing = kind === 'object' ? 0x7d : 0x5d;
    this.space();
    const first = this.fresh;
    this.fresh = false;
    if (this.bytes[this.position] === closing) {
      this.open.pop();
      this.visitor.leave(this.open.length, this.position++);
      return;
    }
    if (!first) {
      this.expect(0x2c, 'a comma or the end is missing');
      this.space();
    }
    if (kind === 'object') this.name();
    this.value();
  }

  /** Whether the innermost value was opened a moment ago, so that no comma stands before what follows. */
  private fresh = false;

  private name(): void {
    const at = this.position;
    if (this.bytes[at] !== QUOTE) throw new Fault(at, 'a name is missing');
    this.visitor.key(this.text(), this.open.length - 1, at);
    this.space();
    this.expect(0x3a, 'a colon is missing');
  }

  private value(): void {
    this.space();
    const at = this.position;
    const depth = this.open.length;
    const first = this.bytes[at];
    if (first === 0x7b || first === 0x5b) {
      if (depth >= this.maxDepth) throw new Fault(at, `nested deeper than ${String(this.maxDepth)}`);
      const kind = first === 0x7b ? 'object' : 'array';
      this.position++;
      this.open.push(kind);
      this.fresh = true;
      this.visitor.enter(kind, depth, at);
    } else if (first === QUOTE) {
      this.visitor.string(this.text(), depth, at);
    } else {
      this.visitor.plain(this.word(), depth, at);
    }
  }

  private word(): string {
    const start = this.position;
    const python = this.pythonNumbers ? this.pythonNumber() : undefined;
    if (python !== undefined) {
      this.position += python.length;
      return python;
    }
    while (this.position < this.bytes.length && isWordByte(this.bytes[this.position] ?? 0)) this.position++;
    // No number that anybody reads is longer; a longer one would only cost time.
    if (this.position - start > 400) throw new Fault(start, 'a number of more than 400 characters');
    const word = SHORT.at(this.bytes, start, this.position);
    if (isSmallNumber(word) || word === 'true' || word === 'false' || word === 'null' || NUMBER.test(word)) return word;
    throw new Fault(start, start >= this.bytes.length ? 'the text ends too early' : 'no value');
  }

  private pythonNumber(): string | undefined {
    const first = this.bytes[this.position];
    if (first !== 0x4e && first !== 0x49 && first !== 0x2d) return undefined;
    return PYTHON_NUMBERS.find((word) => this.bytes.toString('latin1', this.position, this.position + word.length) === word);
  }

  private text(): string {
    const start = this.position;
    const { bytes } = this;
    let at = start + 1;
    let escaped = false;
    let plain = true;
    for (let byte = bytes[at]; byte !== QUOTE && byte !== undefined; byte = bytes[++at]) {
      if (byte < 0x20) throw new Fault(at, 'a control character in a string');
      if (byte >= 0x80) plain = false;
      else if (byte === BACKSLASH) {
        escaped = true;
        at++;
      }
    }
    if (at >= this.bytes.length) throw new Fault(start, 'a string without end');
    this.position = at + 1;
    if (!escaped) return plain ? SHORT.at(bytes, start + 1, at) : bytes.toString('utf8', start + 1, at);
    return unescape(this.bytes.toString('utf8', start, at + 1), start);
  }

  private expect(byte: number, reason: string): void {
    if (this.bytes[this.position] !== byte) throw new Fault(this.position, this.position >= this.bytes.length ? 'the text ends too early' : reason);
    this.position++;
  }

  private space(): void {
    for (;;) {
      const byte = this.bytes[this.position];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.position++;
    }
  }
}

/** Most numbers of headers: digits without a zero in front. */
function isSmallNumber(word: string): boolean {
  const first = word.charCodeAt(0);
  if (word.length > 15 || !(first >= 0x30 && first <= 0x39) || (first === 0x30 && word.length > 1)) return false;
  for (let i = 1; i < word.length; i++) if (word.charCodeAt(i) < 0x30 || word.charCodeAt(i) > 0x39) return false;
  return true;
}

function isWordByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x45;
}

/** Half a surrogate pair is no text: other readers refuse it or replace it. */
function unescape(quoted: string, offset: number): string {
  let text: unknown;
  try {
    text = JSON.parse(quoted);
  } catch {
    throw new Fault(offset, 'a string with an escape that JSON does not have');
  }
  if (typeof text !== 'string' || !text.isWellFormed()) throw new Fault(offset, 'a string with half a surrogate pair');
  return text;
}
