import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../core/clock.ts';
import { asElulmcError, ElulmcError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { readKeyFile } from '../core/ed25519-file.ts';
import { isHeld } from '../core/lock-file.ts';
import type { LockFile } from '../core/lock-file.ts';
import type { TreeHead } from './log.ts';
import { LogWriter } from './log-writer.ts';
import { COUNTER, RingTaker } from './ring.ts';
import type { RingMemory } from './ring.ts';
import { signerKey } from './verify/note-key.ts';
import { FRAME_HEADER_BYTES, sealFrame } from './wal-segment.ts';

/** What the thread is started with. */
export interface WriterData {
  readonly directory: string;
  readonly origin: string;
  readonly keyFile: string;
  readonly lock: LockFile;
  readonly ring: RingMemory;
  readonly checkpointIntervalMs: number;
}

/** What it says. Durability is not said here but counted in the ring. */
export type WriterMessage =
  | { readonly type: 'opened'; readonly size: number; readonly head: TreeHead }
  | { readonly type: 'published'; readonly head: TreeHead }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'closed' };

const GROUP_BYTES = 4 * 1024 * 1024;
const GROUP_ENTRIES = 16_384;
/** Silence after which old segments are retired: shorter gaps are the turn-around of a busy caller. */
const QUIET_MS = 50;
/** Under a load without pauses segments may pile up to this number (about a million entries) before each group helps to retire them. */
const MAX_BACKLOG = 16;

const data = workerData as WriterData;
const counters = new Int32Array(data.ring.counters);
const taker = new RingTaker(data.ring);
const frame = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + GROUP_BYTES);
const ends = new Int32Array(GROUP_ENTRIES);

function tell(message: WriterMessage): void {
  parentPort?.postMessage(message);
}

/** Sleeps unless something has happened since `wake` was read. */
function sleep(wake: number, ms: number): ReturnType<typeof Atomics.wait> {
  Atomics.store(counters, COUNTER.sleeping, 1);
  const woken = Atomics.wait(counters, COUNTER.wake, wake, ms);
  Atomics.store(counters, COUNTER.sleeping, 0);
  return woken;
}

async function openWriter(): Promise<LogWriter> {
  const privateKey = readKeyFile(data.keyFile);
  if (privateKey === undefined) throw new ElulmcError('KEY_FILE_UNSAFE', `${data.keyFile} is missing`);
  return LogWriter.open({ directory: data.directory, key: signerKey(data.origin, 1, privateKey) });
}

/** Blocks its thread for as long as the log is open: everything reaches it through the ring's counters. */
class WriterLoop {
  readonly #writer: LogWriter;
  readonly #baseSize: number;
  #publishedAt = monotonicMs() - data.checkpointIntervalMs;

  constructor(writer: LogWriter) {
    this.#writer = writer;
    this.#baseSize = writer.size;
  }

  run(): void {
    for (;;) {
      const wake = Atomics.load(counters, COUNTER.wake);
      const isClosing = Atomics.load(counters, COUNTER.close) === 1;
      const count = this.#writeGroup();
      if (this.#isPublishDue() || (isClosing && count === 0)) this.#publish();
      if (count > 0) continue;
      if (isClosing) return;
      const woken = sleep(wake, this.#waitMs());
      if (woken === 'timed-out' && this.#writer.canRetire) this.#writer.retire(1);
    }
  }

  /** Makes what is ready durable, acknowledges it, and only then hashes it: the callers go on meanwhile. */
  #writeGroup(): number {
    const count = taker.take(frame, FRAME_HEADER_BYTES, ends);
    if (count === 0) return 0;
    const group = frame.subarray(0, FRAME_HEADER_BYTES + (ends[count - 1] ?? 0));
    sealFrame(group, this.#writer.size, count);
    this.#writer.commit(group, count);
    Atomics.add(counters, COUNTER.durable, count);
    Atomics.notify(counters, COUNTER.durable);
    this.#writer.derive(group.subarray(FRAME_HEADER_BYTES), ends, count);
    // Twice the rate at which files are made.
    if (this.#writer.retirementBacklog > MAX_BACKLOG && this.#writer.canRetire) this.#writer.retire(1 + Math.ceil(count / 64));
    return count;
  }

  #isPublishDue(): boolean {
    if (this.#writer.size === this.#writer.head.size) return false;
    const asked = (Atomics.load(counters, COUNTER.signUpTo) - (this.#writer.head.size - this.#baseSize)) | 0;
    const reached = (this.#writer.size - this.#baseSize - Atomics.load(counters, COUNTER.signUpTo)) | 0;
    return (asked > 0 && reached >= 0) || monotonicMs() - this.#publishedAt >= data.checkpointIntervalMs;
  }

  #publish(): void {
    if (!isHeld(data.lock)) throw new ElulmcError('LEDGER_LOCKED', `${data.lock.path} was taken away while this log was open`);
    this.#publishedAt = monotonicMs();
    this.#writer.publish();
    tell({ type: 'published', head: this.#writer.head });
  }

  #waitMs(): number {
    const untilPublish = this.#writer.size === this.#writer.head.size ? Infinity : this.#publishedAt + data.checkpointIntervalMs - monotonicMs();
    return Math.max(0, Math.min(untilPublish, this.#writer.canRetire ? QUIET_MS : Infinity));
  }
}

function tellFailure(thrown: unknown): void {
  const error = asElulmcError(thrown, 'LEDGER_UNAVAILABLE');
  tell({ type: 'failed', code: error.code, message: error.message });
}

try {
  const writer = await openWriter();
  tell({ type: 'opened', size: writer.size, head: writer.head });
  new WriterLoop(writer).run();
  writer.close();
  tell({ type: 'closed' });
} catch (thrown) {
  tellFailure(thrown);
}
// The appender waits on this address also when nothing is acknowledged any more.
Atomics.notify(counters, COUNTER.durable);
