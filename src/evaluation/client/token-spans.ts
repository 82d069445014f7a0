/** Bytes of a text, from `start` up to but without `end`; equal for a token without text of its own. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A token as an engine names it, and its bytes where the engine tells them. */
export interface NamedToken {
  readonly name: string;
  readonly bytes?: Uint8Array;
}

/** Bytes of the longest token that anyone uses; a gap of n unreadable tokens may be n times as long. */
const MAX_TOKEN_BYTES = 128;
const MARKUP = /^(?:<\|?[^<>\s]{1,48}\|?>|\[[A-Z_]{1,24}\])$/;
const REPLACEMENT = '\ufffd';

/** `bytes:\xe2\x82` (OpenAI, the embedded engine) and `<0xE2>` (SentencePiece): bytes that are no character alone. */
function escapedBytes(name: string): Uint8Array | undefined {
  if (/^<0x[0-9A-Fa-f]{2}>$/.test(name)) return Uint8Array.of(Number.parseInt(name.slice(3, 5), 16));
  if (!/^(?:bytes:)?(?:\\x[0-9a-fA-F]{2}){1,64}$/.test(name)) return undefined;
  return Buffer.from(name.replace(/^bytes:/, '').replaceAll('\\x', ''), 'hex');
}

/** What the token may stand for, the literal reading first. */
function* readings({ name, bytes }: NamedToken): Generator<Uint8Array> {
  if (bytes !== undefined) {
    yield bytes;
    return;
  }
  yield Buffer.from(name, 'utf8');
  const escaped = escapedBytes(name);
  if (escaped !== undefined) yield escaped;
  if (name.includes('\u2581')) yield Buffer.from(name.replaceAll('\u2581', ' '), 'utf8');
}

function standsAt(text: Buffer, at: number, bytes: Uint8Array): boolean {
  return bytes.length > 0 && at + bytes.length <= text.length && text.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0;
}

function lengthAt(text: Buffer, at: number, token: NamedToken): number {
  for (const bytes of readings(token)) if (standsAt(text, at, bytes)) return bytes.length;
  return 0;
}

/** SentencePiece puts a space before the first word that the text does not have. */
function lengthWithoutSpace(text: Buffer, { name }: NamedToken): number {
  if (!/^[ \u2581]/.test(name)) return 0;
  const rest = Buffer.from(name.slice(1), 'utf8');
  return standsAt(text, 0, rest) ? rest.length : 0;
}

/** A part of a character: its name says nothing about its bytes. */
function isUnreadable({ name, bytes }: NamedToken): boolean {
  return bytes === undefined && (name === '' || name.includes(REPLACEMENT));
}

/** Where the next readable token stands after `gap` unreadable ones; the end of the text when there is none. */
function findAfterGap(text: Buffer, from: number, gap: number, next: NamedToken | undefined): number {
  if (next === undefined) return text.length - from <= gap * MAX_TOKEN_BYTES ? text.length : -1;
  const last = Math.min(text.length, from + gap * MAX_TOKEN_BYTES);
  for (let at = from + 1; at <= last; at += 1) if (lengthAt(text, at, next) > 0) return at;
  return -1;
}

function align(text: Buffer, tokens: readonly NamedToken[], firstIsMarkup: boolean): Span[] | undefined {
  const spans: Span[] = [];
  let at = 0;
  while (spans.length < tokens.length) {
    const i = spans.length;
    const token = tokens[i] ?? { name: '' };
    const isMarkup = MARKUP.test(token.name);
    const length = i === 0 && firstIsMarkup ? 0 : lengthAt(text, at, token) || (at === 0 ? lengthWithoutSpace(text, token) : 0);
    if (length > 0 || (i === 0 && firstIsMarkup) || (isMarkup && (at === 0 || at === text.length))) {
      spans.push({ start: at, end: at + length });
      at += length;
      continue;
    }
    if (!isUnreadable(token)) return undefined;
    let gap = 1;
    for (let next = tokens[i + gap]; next !== undefined && isUnreadable(next); next = tokens[i + gap]) gap += 1;
    const end = findAfterGap(text, at, gap, tokens[i + gap]);
    if (end < 0) return undefined;
    const share = (part: number): number => at + Math.floor(((end - at) * part) / gap);
    for (let part = 0; part < gap; part += 1) spans.push({ start: share(part), end: share(part + 1) });
    at = end;
  }
  return at === text.length ? spans : undefined;
}

/**
 * Where each token of a prompt stands in its UTF-8 bytes; undefined when the tokens do not spell the text from its first byte
 * to its last. Tokens of markup before and after it (`<s>`) have no bytes. Bytes of tokens that are parts of one character
 * and have no name are shared out evenly between two that can be read; sums over whole characters stay right.
 */
export function tokenSpans(text: string, tokens: readonly NamedToken[]): readonly Span[] | undefined {
  const bytes = Buffer.from(text, 'utf8');
  // `<s>`, or a first token without a name, is the engine's own or the first word: the text may look like that, too.
  const first = tokens[0];
  const maybeMarkup = first !== undefined && first.bytes === undefined && (first.name === '' || MARKUP.test(first.name));
  return (maybeMarkup ? align(bytes, tokens, true) : undefined) ?? align(bytes, tokens, false);
}
