/** Receives the events of a stream, in order. */
export interface EventSink {
  /**
   * `bytes[start, end)` is one whole event with its blank line, as it came. `bytes[textStart, textEnd)` is its lines
   * without the last line end; `lines` is their number (0 for an extra blank line). The memory is never written again.
   */
  event(bytes: Buffer, start: number, end: number, textStart: number, textEnd: number, lines: number): void;
}

const LF = 10;
const CR = 13;
const FIRST_TAIL_BYTES = 1_024;

/**
 * Cuts a stream of server-sent events (WHATWG HTML, section 9.2) into events, read by read. Line ends may be LF, CRLF
 * or CR. Only whole events come out: the unfinished end of a read waits here, at most `maxEventBytes` of it.
 */
export class SseFramer {
  readonly #sink: EventSink;
  readonly #maxEventBytes: number;
  /** The unfinished event; undefined when there is none. */
  #tail: Buffer | undefined;
  #tailLength = 0;
  #sawCr = false;
  /** A line ended with CR at the end of a read: an LF at the start of the next one belongs to it. */
  #afterCr = false;
  // The unfinished event, relative to its first byte.
  #lineStart = 0;
  #textStart = 0;
  #textEnd = 0;
  #lines = 0;

  constructor(sink: EventSink, maxEventBytes: number) {
    this.#sink = sink;
    this.#maxEventBytes = maxEventBytes;
  }

  /** Takes one read. False when an event is larger than allowed; nothing may be pushed after that. */
  push(chunk: Buffer): boolean {
    if (!this.#sawCr && chunk.includes(CR)) this.#sawCr = true;
    const carried = this.#tail !== undefined;
    const bytes = carried ? this.#append(chunk) : chunk;
    const from = bytes.length - chunk.length;
    let position = from;
    if (this.#afterCr && chunk.length > 0) {
      this.#afterCr = false;
      if (chunk[0] === LF) {
        position += 1;
        this.#lineStart = position;
        if (this.#lines === 0) this.#textStart = position;
      }
    }
    const rest = this.#cut(bytes, position);
    if (rest < 0) return false;
    if (rest > 0 || !carried) this.#keep(bytes, rest);
    return bytes.length - rest <= this.#maxEventBytes;
  }

  /** The unfinished event at the end of the stream; empty, or a lone line end, when the stream ended well. */
  rest(): Buffer {
    return this.#tail === undefined ? Buffer.alloc(0) : this.#tail.subarray(0, this.#tailLength);
  }

  /** Reports whole events; returns where the unfinished one begins, or -1 when one is too large. */
  #cut(bytes: Buffer, from: number): number {
    let start = 0;
    let position = from;
    for (;;) {
      const at = this.#sawCr ? lineEnd(bytes, position) : bytes.indexOf(LF, position);
      if (at < 0) return start;
      let after = at + 1;
      if (bytes[at] === CR) {
        if (after === bytes.length) this.#afterCr = true;
        else if (bytes[after] === LF) after += 1;
      }
      if (at > this.#lineStart) {
        this.#lines += 1;
        this.#textEnd = at;
      } else {
        if (after - start > this.#maxEventBytes) return -1;
        this.#sink.event(bytes, start, after, this.#textStart, this.#lines === 0 ? this.#textStart : this.#textEnd, this.#lines);
        start = after;
        this.#textStart = after;
        this.#lines = 0;
      }
      this.#lineStart = after;
      position = after;
    }
  }

  /** Keeps the unfinished event in memory of its own: what was reported is never written again, and a read is not pinned. */
  #keep(bytes: Buffer, start: number): void {
    const length = bytes.length - start;
    this.#lineStart -= start;
    this.#textStart -= start;
    this.#textEnd -= start;
    this.#tailLength = length;
    this.#tail = undefined;
    if (length === 0) return;
    this.#tail = Buffer.allocUnsafeSlow(Math.max(FIRST_TAIL_BYTES, length * 2));
    bytes.copy(this.#tail, 0, start);
  }

  #append(chunk: Buffer): Buffer {
    let tail = this.#tail ?? Buffer.allocUnsafeSlow(FIRST_TAIL_BYTES);
    const length = this.#tailLength + chunk.length;
    if (length > tail.length) {
      const larger = Buffer.allocUnsafeSlow(length * 2);
      tail.copy(larger, 0, 0, this.#tailLength);
      tail = larger;
    }
    chunk.copy(tail, this.#tailLength);
    this.#tail = tail;
    this.#tailLength = length;
    return tail.subarray(0, length);
  }
}

function lineEnd(bytes: Buffer, from: number): number {
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === LF || byte === CR) return i;
  }
  return -1;
}

/** The value of an event's `data` field: the `data:` lines joined by LF; undefined when the event has none. */
export function eventData(text: string): string | undefined {
  let data: string | undefined;
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line !== 'data' && !line.startsWith('data:')) continue;
    const value = line.slice(line.startsWith('data: ') ? 6 : 5);
    data = data === undefined ? value : `${data}\n${value}`;
  }
  return data;
}
