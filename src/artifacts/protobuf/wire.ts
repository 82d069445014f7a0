import type { ByteSource } from '../bytes/byte-source.ts';

/** Protobuf bytes that end too early or that no parser takes. */
export class ProtobufFault extends Error {
  /** In bytes. */
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.name = 'ProtobufFault';
    this.offset = offset;
  }
}

/** Bytes of a message: [from, to) of a source. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** One field as it stands on the wire. `bytes` of any length is a span that nobody has read yet. */
export type WireField =
  | { readonly number: number; readonly at: number; readonly kind: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly at: number; readonly kind: 'fixed'; readonly span: Span }
  | { readonly number: number; readonly at: number; readonly kind: 'bytes'; readonly span: Span };

const WINDOW = 16 * 1024;
const MAX_FIELD_NUMBER = 0x1fff_ffff;
/** Groups in groups; parsers stop at 100 levels of anything. */
const MAX_GROUPS = 100;

/** A window over a source, so that tags which lie close together are one read. */
class Window {
  readonly source: ByteSource;
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  constructor(source: ByteSource) {
    this.source = source;
  }

  byte(at: number, to: number): number | undefined {
    if (at < this.#start || at >= this.#start + this.#bytes.length) {
      this.#bytes = this.source.read(at, Math.min(WINDOW, to - at));
      this.#start = at;
    }
    return this.#bytes[at - this.#start];
  }
}

/** Reads a varint (wire format, "Base 128 Varints"): at most ten bytes, cut to 64 bits as parsers do. */
function varintAt(window: Window, at: number, to: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let count = 0; count < 10; count++) {
    const byte = at + count < to ? window.byte(at + count, to) : undefined;
    if (byte === undefined) throw new ProtobufFault(at, 'the bytes end inside of a number');
    value |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: at + count + 1 };
  }
  throw new ProtobufFault(at, 'a number of more than ten bytes');
}

/**
 * The fields of the message in [from, to), in order, without their contents: a field of gigabytes costs nothing. Groups are passed over
 * as one. Throws ProtobufFault where a parser would refuse the message.
 */
export function* fieldsOf(source: ByteSource, { from, to }: Span): Generator<WireField, undefined> {
  const window = new Window(source);
  const groups: number[] = [];
  for (let at = from; at < to;) {
    const tag = varintAt(window, at, to);
    const number = Number(tag.value >> 3n);
    if (number < 1 || number > MAX_FIELD_NUMBER) throw new ProtobufFault(at, `there is no field ${String(number)}`);
    const wire = Number(tag.value & 7n);
    const field = wire === 3 || wire === 4 ? stepGroup(groups, wire, number, at) : fieldAt(window, { number, wire, at, from: tag.end, to });
    if (field !== null && groups.length === 0) yield field;
    at = field === null ? tag.end : endOf(window, field, tag.end, to);
  }
  if (groups.length > 0) throw new ProtobufFault(to, 'a group without end');
}

/** Opens or closes a group. */
function stepGroup(groups: number[], wire: number, number: number, at: number): null {
  if (wire === 3) groups.push(number);
  else if (groups.pop() !== number) throw new ProtobufFault(at, 'a group ends that was not open');
  if (groups.length > MAX_GROUPS) throw new ProtobufFault(at, 'groups are nested too deep');
  return null;
}

interface Tagged {
  readonly number: number;
  readonly wire: number;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

function fieldAt(window: Window, { number, wire, at, from, to }: Tagged): WireField {
  if (wire === 0) return { number, at, kind: 'varint', value: varintAt(window, from, to).value };
  if (wire === 2) {
    const length = varintAt(window, from, to);
    if (length.value > BigInt(to - length.end))
      throw new ProtobufFault(at, `field ${String(number)} has ${String(length.value)} bytes, ${String(to - length.end)} are left`);
    return { number, at, kind: 'bytes', span: { from: length.end, to: length.end + Number(length.value) } };
  }
  if (wire !== 1 && wire !== 5) throw new ProtobufFault(at, `there is no wire type ${String(wire)}`);
  const end = from + (wire === 1 ? 8 : 4);
  if (end > to) throw new ProtobufFault(at, 'the bytes end inside of a number');
  return { number, at, kind: 'fixed', span: { from, to: end } };
}

function endOf(window: Window, field: WireField, from: number, to: number): number {
  return field.kind === 'varint' ? varintAt(window, from, to).end : field.span.to;
}

/** A string field, cut: names of operations and files are short, and what is longer is none. */
export function textOf(source: ByteSource, { from, to }: Span, maxBytes = 4096): string {
  return source.read(from, Math.min(to - from, maxBytes)).toString('utf8');
}
