import { redactEvent, type Redaction } from './redact-event.ts';
import type { TextState } from './text-state.ts';

/** Consecutive bytes that may leave: `bytes[start, end)`. */
export interface Run {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

interface QueuedEvent extends Run {
  /** In memory of its own: it pins no read of the upstream. */
  readonly copied: boolean;
  /** What has to go out of it before it leaves. */
  readonly redactions: readonly Redaction[];
}

/** An event brought a text from one length to another. */
interface Mark {
  readonly event: number;
  readonly state: TextState;
  readonly from: number;
  readonly length: number;
}

const NONE: readonly Redaction[] = [];

/** Whole events that have not left, in order, and which texts they belong to. */
export class HeldEvents {
  #events: QueuedEvent[] = [];
  #marks: Mark[] = [];
  /** Number of the first event in the queue; events are counted from the start of the stream. */
  #first = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#events.length;
  }

  add(bytes: Buffer, start: number, end: number): void {
    this.#events.push({ bytes, start, end, copied: false, redactions: NONE });
    this.#bytes += end - start;
  }

  /** The event that was added last has brought `state` to its present length. */
  mark(state: TextState): void {
    this.#marks.push({ event: this.#first + this.#events.length - 1, state, from: state.marked, length: state.length });
    state.marked = state.length;
  }

  /** A part of a text is to go out of the events before they leave; false when its end stands in none of them. */
  redact(state: TextState, from: number, to: number): boolean {
    let covered = false;
    for (const mark of this.#marks) {
      const at = mark.event - this.#first;
      const event = this.#events[at];
      if (mark.state !== state || mark.length <= from || mark.from >= to || event === undefined) continue;
      const part = { choice: state.choice, field: state.field, from: Math.max(0, from - mark.from), to: Math.min(mark.length, to) - mark.from };
      // The mark stands where the part begins, or where the rest of it does.
      this.#events[at] = { ...event, redactions: [...event.redactions, { ...part, first: mark.from <= from || mark.from === state.sent }] };
      covered ||= mark.length >= to;
    }
    return covered;
  }

  /** Events before the one in which the part of the text from `position` on begins; 0 when that one has left, at least in part. */
  eventsBefore(state: TextState, position: number): number {
    if (state.sent > position) return 0;
    const mark = this.#marks.find((one) => one.state === state && one.length > position);
    return mark === undefined ? this.#events.length : mark.event - this.#first;
  }

  /** Takes the first `count` events out of the queue; undefined when one of them cannot be redacted. */
  release(count: number): readonly Run[] | undefined {
    if (count === 0) return [];
    const all = count === this.#events.length;
    const leaving = all ? this.#events : this.#events.slice(0, count);
    this.#events = all ? [] : this.#events.slice(count);
    this.#first += count;
    let kept = 0;
    for (const mark of this.#marks) {
      if (mark.event < this.#first) mark.state.sent = mark.length;
      else this.#marks[kept++] = mark;
    }
    this.#marks.length = kept;
    return this.#runs(leaving);
  }

  #runs(leaving: readonly QueuedEvent[]): readonly Run[] | undefined {
    const runs: { bytes: Buffer; start: number; end: number }[] = [];
    for (const { bytes, start, end, redactions } of leaving) {
      this.#bytes -= end - start;
      const last = runs.at(-1);
      if (redactions.length > 0) {
        const redacted = redactEvent(bytes.subarray(start, end), redactions);
        if (redacted === undefined) return undefined;
        runs.push({ bytes: redacted, start: 0, end: redacted.length });
      } else if (last?.bytes === bytes && last.end === start) last.end = end;
      else runs.push({ bytes, start, end });
    }
    return runs;
  }

  /** Copies what stays for longer than the read that it came with. */
  copy(): void {
    for (const [i, event] of this.#events.entries()) {
      if (event.copied) continue;
      const bytes = Buffer.from(event.bytes.subarray(event.start, event.end));
      this.#events[i] = { bytes, start: 0, end: bytes.length, copied: true, redactions: event.redactions };
    }
  }

  drop(): void {
    this.#events = [];
    this.#marks = [];
    this.#bytes = 0;
  }
}
