import type { Worker } from 'node:worker_threads';
import { monotonicMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { MAX_ENTRY_BYTES } from './entry.ts';
import type { LedgerEntry } from './entry.ts';
import { releaseLock } from '../core/lock-file.ts';
import type { LockFile } from '../core/lock-file.ts';
import type { LedgerLog, Position, TreeHead } from './log.ts';
import { COUNTER, RingAppender } from './ring.ts';
import type { RingMemory } from './ring.ts';
import type { WriterMessage } from './writer-thread.ts';

type Done = (error: Error | null, index: number) => void;

/** Entries appended in one turn of the event loop: shown to the thread together, and one time for `lagMs`. */
interface Turn {
  /** First index after the turn's entries. */
  end: number;
  readonly at: number;
}

interface SignedWaiter {
  readonly index: number;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: Error) => void;
}

export interface WorkerLogParts {
  readonly name: string;
  readonly origin: string;
  readonly vkey: string;
  readonly worker: Worker;
  readonly ring: RingMemory;
  readonly lock: LockFile;
  readonly size: number;
  readonly head: TreeHead;
  readonly maxPending: number;
  readonly onFailure: ((error: Error) => void) | undefined;
}

/** A UTF-16 unit takes at most three bytes of UTF-8: a shorter text need not be measured before it is written. */
const SURELY_SMALL = Math.floor(MAX_ENTRY_BYTES / 3);

/** The caller's side of an open log; the thread's side is writer-thread.ts. */
export class WorkerLog implements LedgerLog {
  readonly name: string;
  readonly origin: string;
  readonly vkey: string;
  readonly #counters: Int32Array;
  readonly #ring: RingAppender;
  readonly #lock: LockFile;
  readonly #onFailure: ((error: Error) => void) | undefined;
  readonly #baseSize: number;
  /** Callbacks of waiting entries, by index modulo the length. */
  readonly #waiting: (Done | undefined)[];
  readonly #turns: Turn[] = [];
  #openTurn: Turn | undefined;
  #signedWaiters: SignedWaiter[] = [];
  #next: number;
  #durable: number;
  #head: TreeHead;
  #failure: ElulmcError | undefined;
  #closing: Promise<void> | undefined;
  #onExit: () => void = () => undefined;
  /** Failed or closed: the lock is released, nobody waits. */
  #isOver = false;

  constructor(parts: WorkerLogParts) {
    this.name = parts.name;
    this.origin = parts.origin;
    this.vkey = parts.vkey;
    this.#counters = new Int32Array(parts.ring.counters);
    this.#ring = new RingAppender(parts.ring);
    this.#lock = parts.lock;
    this.#onFailure = parts.onFailure;
    this.#waiting = new Array<Done | undefined>(parts.maxPending).fill(undefined);
    this.#baseSize = parts.size;
    this.#next = parts.size;
    this.#durable = parts.size;
    this.#head = parts.head;
    parts.worker.on('message', (message: WriterMessage) => {
      this.#onMessage(message);
    });
    parts.worker.on('error', (error) => {
      this.#fail('LEDGER_UNAVAILABLE', error instanceof Error ? error.message : String(error));
    });
    parts.worker.on('exit', () => {
      if (this.#closing === undefined) this.#fail('LEDGER_UNAVAILABLE', 'the writer thread ended');
      this.#acknowledge();
      if (!this.#isOver) this.#end(this.#closedError());
      this.#onExit();
    });
    this.#awaitDurable();
  }

  appendThen(entry: LedgerEntry, done: Done): void {
    const refusal = this.#tryAppend(entry, done);
    if (refusal === undefined) return;
    // Never before appendThen returns: callers rely on one order of events.
    process.nextTick(done, refusal, -1);
  }

  append(entry: LedgerEntry): Promise<Position> {
    return new Promise((resolve, reject) => {
      this.appendThen(entry, (error, index) => {
        if (error === null) resolve({ log: this.name, index });
        else reject(error);
      });
    });
  }

  appendSigned(entry: LedgerEntry): Promise<Position> {
    return new Promise((resolve, reject) => {
      this.appendThen(entry, (error, index) => {
        if (error !== null) reject(error);
        else if (index < this.#head.size) resolve({ log: this.name, index });
        else this.#signedWaiters.push({ index, resolve, reject });
      });
      Atomics.store(this.#counters, COUNTER.signUpTo, (this.#next - this.#baseSize) | 0);
    });
  }

  head(): TreeHead {
    return this.#head;
  }

  size(): number {
    return this.#durable;
  }

  pending(): number {
    return this.#next - this.#durable;
  }

  lagMs(): number {
    const oldest = this.#turns[0];
    return oldest === undefined ? 0 : Math.max(0, monotonicMs() - oldest.at);
  }

  healthy(): boolean {
    return this.#failure === undefined && this.#closing === undefined;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#onExit = resolve;
      if (this.#isOver) {
        resolve();
        return;
      }
      this.#flush();
      Atomics.store(this.#counters, COUNTER.close, 1);
      this.#ring.wake();
    });
    return this.#closing;
  }

  #tryAppend(entry: LedgerEntry, done: Done): ElulmcError | undefined {
    if (!this.healthy()) return this.#failure ?? this.#closedError();
    if (this.pending() >= this.#waiting.length)
      return new ElulmcError('LEDGER_FULL', `${String(this.pending())} entries of the log ${this.name} wait for the disk`);
    let text: string;
    try {
      text = JSON.stringify(entry);
    } catch (error) {
      return new ElulmcError('FIELD_INVALID', `the entry is not JSON: ${error instanceof Error ? error.message : String(error)}`, { field: 'data' });
    }
    const maxBytes = text.length <= SURELY_SMALL ? 3 * text.length : Buffer.byteLength(text);
    if (maxBytes > MAX_ENTRY_BYTES)
      return new ElulmcError(
        'ENTRY_TOO_LARGE',
        `the entry ${entry.kind} ${entry.id} has ${String(maxBytes)} bytes; an entry has at most ${String(MAX_ENTRY_BYTES)}`,
      );
    if (this.#ring.append(text, maxBytes) === 0) return new ElulmcError('LEDGER_FULL', `the waiting entries of the log ${this.name} fill its buffer`);
    this.#waiting[this.#next % this.#waiting.length] = done;
    this.#next += 1;
    this.#joinTurn();
    return undefined;
  }

  /** The thread is woken once for everything that one turn appends: woken by the first entry it would sync that one alone. */
  #joinTurn(): void {
    if (this.#openTurn !== undefined) {
      this.#openTurn.end = this.#next;
      return;
    }
    this.#openTurn = { end: this.#next, at: monotonicMs() };
    this.#turns.push(this.#openTurn);
    process.nextTick(() => {
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#openTurn === undefined) return;
    this.#openTurn = undefined;
    this.#ring.flush();
  }

  #awaitDurable(): void {
    const seen = (this.#durable - this.#baseSize) | 0;
    const waited = Atomics.waitAsync(this.#counters, COUNTER.durable, seen);
    void Promise.resolve(waited.value).then(() => {
      this.#acknowledge();
      if (!this.#isOver) this.#awaitDurable();
    });
  }

  /** Calls back for everything that became durable. */
  #acknowledge(): void {
    const seen = (this.#durable - this.#baseSize) | 0;
    const end = this.#durable + ((Atomics.load(this.#counters, COUNTER.durable) - seen) | 0);
    while (this.#turns[0] !== undefined && this.#turns[0].end <= end) this.#turns.shift();
    while (this.#durable < end) {
      const index = this.#durable;
      this.#durable += 1;
      this.#callBack(index, null);
    }
  }

  #closedError(): ElulmcError {
    return new ElulmcError('LEDGER_UNAVAILABLE', `the log ${this.name} is closed`);
  }

  #callBack(index: number, error: Error | null): void {
    const slot = index % this.#waiting.length;
    const done = this.#waiting[slot];
    this.#waiting[slot] = undefined;
    try {
      done?.(error, error === null ? index : -1);
    } catch (thrown) {
      // A fault of the caller: it must surface, but not keep the others from their answers.
      process.nextTick(() => {
        throw thrown;
      });
    }
  }

  #onMessage(message: WriterMessage): void {
    if (message.type === 'failed') this.#fail(message.code, message.message);
    if (message.type !== 'published') return;
    this.#head = message.head;
    const signed = this.#signedWaiters.filter(({ index }) => index < message.head.size);
    this.#signedWaiters = this.#signedWaiters.filter(({ index }) => index >= message.head.size);
    for (const { index, resolve } of signed) resolve({ log: this.name, index });
  }

  /** The thread has ended: nothing is written any more. What it made durable before is still acknowledged. */
  #fail(code: ErrorCode, message: string): void {
    if (this.#isOver) return;
    this.#acknowledge();
    const error = new ElulmcError(code === 'INTEGRITY_VIOLATION' ? code : 'LEDGER_UNAVAILABLE', `the log ${this.name} cannot be written: ${message}`);
    this.#failure = error;
    this.#end(error);
    this.#onFailure?.(error);
  }

  #end(error: Error): void {
    this.#isOver = true;
    releaseLock(this.#lock);
    const end = this.#next;
    this.#next = this.#durable;
    this.#turns.length = 0;
    for (let index = this.#durable; index < end; index += 1) this.#callBack(index, error);
    for (const { reject } of this.#signedWaiters) reject(error);
    this.#signedWaiters = [];
  }
}
