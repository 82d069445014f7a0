import type { TextPiece } from './text-piece.ts';
import type { TextState } from './text-state.ts';

/** Bytes that are the same in every event, and after them a value that may differ: digits only. */
interface Stretch {
  readonly bytes: Buffer;
  readonly then: 'nothing' | 'digits' | 'hex';
}

const HOLES = /"(?:system_fingerprint":"(?:fp_)?(?<hex>[0-9a-f]{1,64})(?=")|(?:sequence_number|created)":(?<digits>[0-9]{1,15})(?=[,}]))/dg;
const MAX_BYTES = 4_096;
const BACKSLASH = 0x5c;

/**
 * An event that was read in full, without its one piece of text. An event with the same bytes around it differs from it by this text alone,
 * and by values of digits that name no text: fingerprints (an engine may change them), sequence numbers, times.
 */
export class EventTemplate {
  readonly state: TextState;
  readonly #before: readonly Stretch[];
  readonly #after: readonly Stretch[];

  private constructor(state: TextState, before: readonly Stretch[], after: readonly Stretch[]) {
    this.state = state;
    this.#before = before;
    this.#after = after;
  }

  /** The template of an event whose only text that goes on is `piece`; undefined where it cannot be told for sure where that stands. */
  static of(event: Buffer, piece: TextPiece, state: TextState): EventTemplate | undefined {
    const quoted = Buffer.from(`"${piece.name}"`);
    const at = event.indexOf(quoted);
    const start = at + quoted.length + 2;
    if (piece.name === '' || at < 0 || event.includes(quoted, at + 1) || event.toString('latin1', start - 2, start) !== ':"') return undefined;
    const end = stringEnd(event, start);
    if (end < 0 || event.length - (end - start) > MAX_BYTES) return undefined;
    const [before, after] = [event.subarray(0, start), event.subarray(end)];
    // A name with an escape would not have been found.
    if (before.includes(BACKSLASH) || after.includes(BACKSLASH)) return undefined;
    return new EventTemplate(state, stretches(before), stretches(after));
  }

  /** Where the text begins in an event of this form, or -1. */
  textStart(bytes: Buffer, start: number): number {
    return follow(this.#before, bytes, start);
  }

  /** Whether the event goes on with what stands behind the text, and ends with it. */
  endsAfter(bytes: Buffer, textEnd: number, end: number): boolean {
    return follow(this.#after, bytes, textEnd) === end;
  }
}

/** Where the string that begins at `start` ends: its closing quote; -1 when it has none. */
function stringEnd(bytes: Buffer, start: number): number {
  for (let i = start; i < bytes.length; i += 1) {
    if (bytes[i] === BACKSLASH) i += 1;
    else if (bytes[i] === 0x22) return i;
  }
  return -1;
}

function stretches(bytes: Buffer): readonly Stretch[] {
  const list: Stretch[] = [];
  let from = 0;
  for (const match of bytes.toString('latin1').matchAll(HOLES)) {
    const digits = match.indices?.groups?.['digits'];
    const [start, end] = digits ?? match.indices?.groups?.['hex'] ?? [from, from];
    list.push({ bytes: Buffer.from(bytes.subarray(from, start)), then: digits === undefined ? 'hex' : 'digits' });
    from = end;
  }
  list.push({ bytes: Buffer.from(bytes.subarray(from)), then: 'nothing' });
  return list;
}

/** The position behind all stretches, or -1. */
function follow(list: readonly Stretch[], bytes: Buffer, from: number): number {
  let position = from;
  for (const { bytes: same, then } of list) {
    const end = position + same.length;
    if (end > bytes.length || bytes.compare(same, 0, same.length, position, end) !== 0) return -1;
    position = end;
    if (then !== 'nothing') while (isDigit(bytes[position] ?? 0, then === 'hex')) position += 1;
  }
  return position;
}

function isDigit(byte: number, hex: boolean): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (hex && byte >= 0x61 && byte <= 0x66);
}
