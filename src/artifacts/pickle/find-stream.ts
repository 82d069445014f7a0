import type { ByteSource } from '../bytes/byte-source.ts';
import type { ByteWindow } from './byte-window.ts';
import { beginsPickle } from './loadable.ts';

const STEP = 1024 * 1024;
const OVERLAP = 32;
/** Opcodes of all probes, and one more for each byte of the source: chance brings about a probe in 16 KiB, which follows two or three. */
const MAX_OPCODES = 500_000;

/** Modules that payloads import first. */
const MODULES =
  'os posix nt subprocess builtins __builtin__ sys pty commands pickle _pickle marshal runpy importlib operator _operator functools socket webbrowser shutil ctypes codecs pip'.split(
    ' ',
  );

/** How a pickle, or the rest of one, begins that is worth a probe: PROTO, or an import of such a module. */
const MARKS = [
  ...[2, 3, 4, 5].map((version) => Buffer.from([0x80, version])),
  ...MODULES.flatMap((module) => [
    Buffer.from(`c${module}\n`),
    Buffer.from(`i${module}\n`),
    Buffer.from(`V${module}\n`),
    Buffer.from(`\x8c${String.fromCharCode(module.length)}${module}`, 'latin1'),
    Buffer.from(`X${String.fromCharCode(module.length)}\0\0\0${module}`, 'latin1'),
  ]),
];

/**
 * Finds pickles that begin anywhere in a source, from the first to the last. What was searched for marks is remembered: there may be a
 * broken pickle every few bytes, each with a search of its own.
 */
export class StreamFinder {
  readonly #source: ByteSource;
  readonly #window: ByteWindow;
  readonly #signal: AbortSignal;
  readonly #effort = { opcodes: 0 };
  /** Marks of the step at hand, in order. */
  #step = -1;
  #marks: readonly number[] = [];
  /** Those before it lie before what is searched. */
  #passed = 0;

  constructor(source: ByteSource, window: ByteWindow, signal: AbortSignal) {
    this.#source = source;
    this.#window = window;
    this.#signal = signal;
  }

  /**
   * Offset of the first pickle that begins in [from, to), null where there is none; `gave-up` after more probes than chance brings
   * about. `from` never goes back.
   */
  next(from: number, to: number): number | 'gave-up' | null {
    for (let step = Math.floor(from / STEP); step * STEP < to; step += 1) {
      this.#signal.throwIfAborted();
      this.#load(step);
      for (; this.#passed < this.#marks.length; this.#passed += 1) {
        const mark = this.#marks[this.#passed] ?? 0;
        if (mark < from) continue;
        if (mark >= to) return null;
        this.#signal.throwIfAborted();
        if (beginsPickle(this.#window, mark, this.#effort)) return mark;
        if (this.#effort.opcodes > MAX_OPCODES + this.#source.size) return 'gave-up';
      }
    }
    return null;
  }

  #load(step: number): void {
    if (step === this.#step) return;
    const start = step * STEP;
    const length = Math.min(STEP, this.#source.size - start);
    this.#marks = marksIn(this.#source.read(start, length + OVERLAP), length).map((mark) => start + mark);
    this.#step = step;
    this.#passed = 0;
  }
}

function marksIn(bytes: Buffer, length: number): number[] {
  const found = new Set<number>();
  for (const mark of MARKS) {
    for (let index = bytes.indexOf(mark); index >= 0 && index < length; index = bytes.indexOf(mark, index + 1)) found.add(index);
  }
  return [...found].sort((a, b) => a - b);
}
