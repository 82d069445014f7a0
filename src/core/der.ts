/** One element of DER (ITU-T X.690): definite lengths, at most four length bytes, content inside of its parent. */
export interface DerElement {
  readonly tag: number;
  /** Content without its head. */
  readonly content: Buffer;
  /** With its head: what a signature is over. */
  readonly raw: Buffer;
}

/** The bytes are no DER, or not the DER that was asked for. */
export class DerError extends Error {
  constructor(what: string) {
    super(`DER: ${what}`);
    this.name = 'DerError';
  }
}

const MAX_LENGTH_BYTES = 4;
const MAX_INTEGER_BYTES = 128;

/** The element at `offset`, and where the next one begins. DerError. */
export function readElement(bytes: Buffer, offset = 0): { readonly element: DerElement; readonly end: number } {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('the bytes end inside of an element');
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of more than one byte');
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > MAX_LENGTH_BYTES) throw new DerError('an indefinite or too long length');
    if (start + count > bytes.length) throw new DerError('the bytes end inside of a length');
    length = bytes.readUIntBE(start, count);
    start += count;
  }
  if (start + length > bytes.length) throw new DerError('an element ends behind its parent');
  return { element: { tag, content: bytes.subarray(start, start + length), raw: bytes.subarray(offset, start + length) }, end: start + length };
}

/** The elements inside of a constructed one. DerError. */
export function readChildren(content: Buffer): readonly DerElement[] {
  const children: DerElement[] = [];
  for (let offset = 0; offset < content.length;) {
    const { element, end } = readElement(content, offset);
    children.push(element);
    offset = end;
  }
  return children;
}

/** The one element that these bytes are; DerError when something follows it. */
export function readWhole(bytes: Buffer, tag: number): DerElement {
  const { element, end } = readElement(bytes);
  if (end !== bytes.length) throw new DerError('bytes behind the element');
  return expectTag(element, tag);
}

/** DerError unless the element is there and has this tag. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new DerError(`expected the tag ${tag.toString(16)}, found ${element?.tag.toString(16) ?? 'nothing'}`);
  return element;
}

/** Dotted text of an object identifier's content. DerError. */
export function oidOf({ content }: DerElement): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    if (value === 0 && byte === 0x80) throw new DerError('an object identifier with two spellings');
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) throw new DerError('an object identifier that is too long');
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
    }
  }
  const [first, ...rest] = numbers;
  if (first === undefined || ((content.at(-1) ?? 0) & 0x80) !== 0) throw new DerError('an object identifier without an end');
  const arc = Math.min(2, Math.floor(first / 40));
  return [arc, first - arc * 40, ...rest].join('.');
}

/** A non-negative INTEGER of at most 128 bytes. DerError. */
export function integerOf(element: DerElement): bigint {
  const value = signedIntegerOf(element);
  if (value < 0n) throw new DerError('a negative integer');
  return value;
}

/** An INTEGER of at most 128 bytes. DerError. */
export function signedIntegerOf({ content }: DerElement): bigint {
  if (content.length === 0 || content.length > MAX_INTEGER_BYTES) throw new DerError('an integer that is empty or too long');
  return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`));
}

/** UTCTime or GeneralizedTime, in milliseconds since the Unix epoch. DerError. */
export function timeOf({ tag, content }: DerElement): number {
  const text = content.toString('latin1');
  const match = (tag === 0x17 ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/ : /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/).exec(text);
  if (match === null) throw new DerError(`the time ${JSON.stringify(text.slice(0, 40))}`);
  const [year = 0, ...rest] = match.slice(1).map(Number);
  const [month = 1, day = 1, hour = 0, minute = 0, second = 0] = rest;
  const full = tag === 0x18 ? year : year < 50 ? 2000 + year : 1900 + year;
  const ms = Date.UTC(full, month - 1, day, hour, minute, second);
  // Date.UTC takes the 31st of February for a day of March, and the year 49 for 1949.
  const again = new Date(ms).toISOString().replaceAll(/[-:T]|[.].*$/g, '');
  if (again !== `${String(full).padStart(4, '0')}${text.slice(-11, -1)}`) throw new DerError(`the time ${text}`);
  return ms;
}
