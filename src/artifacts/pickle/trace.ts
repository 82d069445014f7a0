import type { ByteWindow } from './byte-window.ts';
import { execute } from './execute.ts';
import { InstructionReader, type Stop } from './instruction.ts';
import { rawArrayOf } from './joblib-array.ts';
import { PICKLE_LIMITS } from './limits.ts';
import { Machine, TraceStop } from './machine.ts';
import { PICKLE_RULES } from './pickle-rules.ts';
import type { TraceState } from './trace-state.ts';
import type { Value } from './values.ts';
import type { Watcher } from './watcher.ts';

export interface TraceOptions {
  readonly watcher: Watcher;
  readonly signal?: AbortSignal;
  /** Opcodes after which the trace gives up; the limit of all traces by default. */
  readonly opcodes?: number;
  /** Bytes of a line; the limit of all traces by default. */
  readonly longestLine?: number;
  /** Opcodes whose arguments are read behind their frame. */
  readonly dropAt?: ReadonlySet<number>;
  /** Arrays of joblib are not looked for: the stream is read by a loader that does not know them. */
  readonly plain?: boolean;
}

/** How one stream went. */
export interface Trace {
  /** Behind STOP, or where it broke. */
  readonly end: number;
  /** What a loader would return; null when it broke before STOP. */
  readonly result: Value | null;
  /** Why it broke. */
  readonly stop: Stop | null;
  readonly opcodes: number;
  /** Imports and calls of any kind. */
  readonly imports: number;
  /** Values that were left on the stack below the result. */
  readonly left: number;
  /** Opcodes that cross their frame. */
  readonly crossed: readonly number[];
}

const LOOK_EVERY = 4096;

/** Follows one stream from `start` on, without building anything. Problems are told to the watcher; the trace ends at the first error, as a loader does. */
export function traceStream(window: ByteWindow, start: number, options: TraceOptions): Trace {
  return new StreamTrace(window, start, options).run();
}

class StreamTrace implements TraceState {
  readonly machine: Machine;
  readonly reader: InstructionReader;
  readonly watcher: Watcher;
  readonly window: ByteWindow;
  protocol: number | null = null;
  imports = 0;
  readonly #start: number;
  readonly #options: TraceOptions;
  #opcodes = 0;

  constructor(window: ByteWindow, start: number, options: TraceOptions) {
    this.window = window;
    this.watcher = options.watcher;
    this.#start = start;
    this.#options = options;
    this.reader = new InstructionReader(window, options.dropAt ?? new Set(), options.longestLine);
    this.machine = new Machine((detail, at) => this.watcher.problem({ rule: PICKLE_RULES.limit, at, detail }));
  }

  run(): Trace {
    let at = this.#start;
    try {
      for (;;) {
        const instruction = this.reader.next(at);
        if ('rule' in instruction) throw new TraceStop(instruction);
        this.machine.at = at;
        this.#count();
        at = instruction.next;
        if (instruction.opcode.name === 'STOP') return this.#finished(at);
        execute(this, instruction);
        if (instruction.opcode.name === 'BUILD') at = this.#skipRawArray(at);
      }
    } catch (error) {
      if (!(error instanceof TraceStop)) throw error;
      this.watcher.problem(error.stop);
      return { ...this.#summary(), end: Math.max(at, this.#start), result: null, stop: error.stop };
    }
  }

  #finished(end: number): Trace {
    const result = this.machine.pop();
    const { frameEnd } = this.reader;
    if (frameEnd !== null && frameEnd > end) this.frameOdd('the pickle ends inside of its frame');
    return { ...this.#summary(), end, result, stop: null };
  }

  #summary(): Pick<Trace, 'opcodes' | 'imports' | 'left' | 'crossed'> {
    return { opcodes: this.#opcodes, imports: this.imports, left: this.machine.size, crossed: this.reader.crossed };
  }

  #count(): void {
    this.#opcodes += 1;
    if (this.#opcodes % LOOK_EVERY === 0) this.#options.signal?.throwIfAborted();
    const limit = this.#options.opcodes ?? PICKLE_LIMITS.opcodes;
    if (this.#opcodes > limit) this.machine.exhausted(`more than ${String(limit)} opcodes`);
  }

  frameOdd(detail: string): void {
    this.watcher.problem({ rule: PICKLE_RULES.frameOdd, at: this.machine.at, detail });
  }

  /** Goes on behind the bytes that joblib puts into the stream. */
  #skipRawArray(at: number): number {
    const raw = this.#options.plain === true ? null : rawArrayOf(this.machine.top());
    if (raw === null) return at;
    const { frameEnd } = this.reader;
    if (frameEnd !== null && frameEnd > at) this.frameOdd('the data of an array begin inside of a frame');
    this.reader.closeFrame();
    if (raw.is === 'pickle') return this.#embedded(at);
    if (raw.is === 'unknown') throw new TraceStop({ rule: PICKLE_RULES.broken, at, detail: 'the data of an array follow, of unknown length' });
    const padding = raw.padded ? 1 + (this.window.byte(at) ?? 0) : 0;
    const end = BigInt(at + padding) + raw.bytes;
    if (end > BigInt(this.window.size))
      throw new TraceStop({ rule: PICKLE_RULES.truncated, at, detail: `the data of an array have ${String(raw.bytes)} bytes` });
    return Number(end);
  }

  /** An array of objects is a stream of its own; its loader is a plain one, without such arrays in it. */
  #embedded(at: number): number {
    const limit = (this.#options.opcodes ?? PICKLE_LIMITS.opcodes) - this.#opcodes;
    const inner = new StreamTrace(this.window, at, { ...this.#options, opcodes: limit, plain: true }).run();
    this.imports += inner.imports;
    this.#opcodes += inner.opcodes;
    if (inner.stop !== null) throw new TraceStop(inner.stop);
    return inner.end;
  }
}
