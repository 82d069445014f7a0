/**
 * The memory that a log's appender and its writer thread share: a ring of records (length in two bytes, entry) and a few
 * counters. One side writes records, the other takes them; nobody waits for a lock. A round trip by Atomics costs a tenth of
 * one by postMessage. Positions count bytes modulo 2^32; the ring's size is a power of two, and no record lies across its end.
 */
export interface RingMemory {
  readonly counters: SharedArrayBuffer;
  readonly records: SharedArrayBuffer;
}

/** Counters, by index. */
export const COUNTER = {
  /** Position up to which records are ready; written by the appender. */
  ready: 0,
  /** Grows with everything that the thread should look at; it sleeps on this. */
  wake: 1,
  /** Position up to which records were copied out; written by the thread. */
  taken: 2,
  /** Entries made durable since the opening, modulo 2^32; the appender waits on this. */
  durable: 3,
  /** Number of the last entry (in the same count) whose checkpoint somebody waits for. */
  signUpTo: 4,
  /** 1: write what is there, publish, and end. */
  close: 5,
  /** 1 while the thread sleeps on `wake`: only then is it worth a call of the kernel to wake it. */
  sleeping: 6,
} as const;

const COUNTERS = 7;
const LENGTH_BYTES = 2;
/** A length of zero: the rest of the ring up to its end is not used. No entry is empty. */
const SKIP = 0;

export function createRing(bytes: number): RingMemory {
  return { counters: new SharedArrayBuffer(4 * COUNTERS), records: new SharedArrayBuffer(bytes) };
}

/** The appender's end. */
export class RingAppender {
  readonly #counters: Int32Array;
  readonly #records: Buffer;
  #position = 0;

  constructor(memory: RingMemory) {
    this.#counters = new Int32Array(memory.counters);
    this.#records = Buffer.from(memory.records);
  }

  /**
   * Appends one entry that takes at least 1 and at most `maxBytes` bytes of UTF-8. Returns how many it takes, or 0 when the ring
   * has no room for `maxBytes`.
   */
  append(text: string, maxBytes: number): number {
    const size = this.#records.length;
    const room = LENGTH_BYTES + maxBytes;
    let offset = this.#position & (size - 1);
    const skipped = offset + room > size ? size - offset : 0;
    const used = (this.#position - Atomics.load(this.#counters, COUNTER.taken)) | 0;
    if (used + skipped + room > size) return 0;
    if (skipped > 0) {
      if (skipped >= LENGTH_BYTES) this.#records.writeUInt16BE(SKIP, offset);
      this.#position = (this.#position + skipped) | 0;
      offset = 0;
    }
    const bytes = this.#records.write(text, offset + LENGTH_BYTES, maxBytes, 'utf8');
    this.#records[offset] = bytes >> 8;
    this.#records[offset + 1] = bytes & 255;
    this.#position = (this.#position + LENGTH_BYTES + bytes) | 0;
    return bytes;
  }

  /** Shows the thread what was appended. */
  flush(): void {
    Atomics.store(this.#counters, COUNTER.ready, this.#position);
    this.wake();
  }

  wake(): void {
    // First the count, then the look: a thread that is about to sleep sees the one or is seen by the other.
    Atomics.add(this.#counters, COUNTER.wake, 1);
    if (Atomics.load(this.#counters, COUNTER.sleeping) === 1) Atomics.notify(this.#counters, COUNTER.wake);
  }
}

/** The thread's end. */
export class RingTaker {
  readonly #counters: Int32Array;
  readonly #records: Buffer;
  #position = 0;

  constructor(memory: RingMemory) {
    this.#counters = new Int32Array(memory.counters);
    this.#records = Buffer.from(memory.records);
  }

  /**
   * Copies ready records to `target` from `offset` on, as many as fit in it and in `ends`, which receives their end offsets
   * relative to `offset`. Returns how many.
   */
  take(target: Buffer, offset: number, ends: Int32Array): number {
    const ready = Atomics.load(this.#counters, COUNTER.ready);
    const size = this.#records.length;
    let count = 0;
    let copied = 0;
    while (this.#position !== ready && count < ends.length) {
      // Records lie side by side up to the end of the ring: found one by one, copied together.
      const start = this.#position & (size - 1);
      let end = start;
      while (count < ends.length && ((this.#position + end - start) | 0) !== ready) {
        const length = this.#lengthAt(end);
        if (length === SKIP || offset + copied + end - start + LENGTH_BYTES + length > target.length) break;
        end += LENGTH_BYTES + length;
        ends[count] = copied + end - start;
        count += 1;
      }
      this.#records.copy(target, offset + copied, start, end);
      copied += end - start;
      this.#position = (this.#position + end - start) | 0;
      if (this.#position === ready || count === ends.length || this.#lengthAt(end) !== SKIP) break;
      this.#position = (this.#position + size - end) | 0;
    }
    Atomics.store(this.#counters, COUNTER.taken, this.#position);
    return count;
  }

  /** Bytes of the entry at an offset, SKIP where the rest of the ring is not used. */
  #lengthAt(offset: number): number {
    if (offset + LENGTH_BYTES > this.#records.length) return SKIP;
    return ((this.#records[offset] ?? 0) << 8) | (this.#records[offset + 1] ?? 0);
  }
}
