import type { Rule } from '../findings/rule.ts';
import type { ByteWindow } from './byte-window.ts';
import { PICKLE_LIMITS } from './limits.ts';
import { OPCODES, type Opcode } from './opcodes.ts';
import { PICKLE_RULES } from './pickle-rules.ts';

/** One opcode with its argument. Offsets are of the source. */
export interface Instruction {
  readonly opcode: Opcode;
  readonly at: number;
  /** Where the next one is. */
  readonly next: number;
  /** Fixed numbers; of FRAME at most 2^53. */
  readonly number: number;
  /** Lines without their newline, or counted bytes. */
  readonly from: number;
  readonly length: number;
  /** The second line of GLOBAL and INST. */
  readonly secondFrom: number;
  readonly secondLength: number;
}

/** Why the reading stops. */
export interface Stop {
  readonly rule: Rule;
  readonly at: number;
  readonly detail: string;
}

const FIXED = { u8: 1, u16: 2, i32: 4, u32: 4, u64: 8, f64: 8 } as const;
const COUNTS = { 'counted-u8': 1, 'counted-u32': 4, 'counted-i32': 4, 'counted-u64': 8 } as const;
const NOTHING = { number: 0, from: 0, length: 0, secondFrom: 0, secondLength: 0 };
/** Data of these are read into place: such a read goes on behind the frame instead of starting there. */
const READ_INTO = new Set(['BINBYTES', 'BINBYTES8', 'SHORT_BINBYTES', 'BYTEARRAY8']);

/**
 * Decodes opcodes, with the frames of protocol 4. CPython reads a whole frame into memory; when an argument is longer than what is
 * left of it, the C unpickler drops the rest and reads the argument from the file, behind the frame (cpython#154848), while readers in
 * memory go straight on. `dropAt` holds the opcodes where this reading drops.
 */
export class InstructionReader {
  readonly window: ByteWindow;
  /** Opcodes that cross a frame. */
  readonly crossed: number[] = [];
  readonly #dropAt: ReadonlySet<number>;
  readonly #longestLine: number;
  #frameEnd: number | null = null;

  constructor(window: ByteWindow, dropAt: ReadonlySet<number>, longestLine: number = PICKLE_LIMITS.line) {
    this.window = window;
    this.#dropAt = dropAt;
    this.#longestLine = longestLine;
  }

  get frameEnd(): number | null {
    return this.#frameEnd;
  }

  openFrame(end: number): void {
    this.#frameEnd = end;
  }

  closeFrame(): void {
    this.#frameEnd = null;
  }

  next(at: number): Instruction | Stop {
    if (this.#frameEnd !== null && at >= this.#frameEnd) this.#frameEnd = null;
    const frame = this.#frameEnd;
    const instruction = this.#decode(at);
    if (frame !== null && !('rule' in instruction) && instruction.next > frame) this.#cross(at);
    return instruction;
  }

  #decode(at: number): Instruction | Stop {
    const code = this.window.byte(at);
    if (code === undefined) return { rule: PICKLE_RULES.truncated, at, detail: 'the bytes end before STOP' };
    const opcode = OPCODES[code];
    if (opcode === undefined) return { rule: PICKLE_RULES.broken, at, detail: `0x${code.toString(16).padStart(2, '0')} is no opcode` };
    const { argument } = opcode;
    if (argument === 'none') return { ...NOTHING, opcode, at, next: at + 1 };
    if (argument === 'line' || argument === 'two-lines') return this.#lines(opcode, at);
    if (argument in FIXED) return this.#fixed(opcode, at, argument as keyof typeof FIXED);
    return this.#counted(opcode, at, argument as keyof typeof COUNTS);
  }

  /** Where a piece of an argument is read from. */
  #piece(at: number, from: number, length: number, readInto = false): number {
    const end = this.#frameEnd;
    if (end === null || from >= end || from + length <= end) return from;
    this.#frameEnd = null;
    this.#cross(at);
    return this.#dropAt.has(at) && !readInto ? end : from;
  }

  #cross(at: number): void {
    if (this.crossed.at(-1) !== at) this.crossed.push(at);
  }

  #fixed(opcode: Opcode, at: number, kind: keyof typeof FIXED): Instruction | Stop {
    const width = FIXED[kind];
    const from = this.#piece(at, at + 1, width);
    const bytes = this.window.at(from, width);
    if (bytes.length < width) return truncated(opcode, at);
    let number = 0;
    if (kind === 'i32') number = bytes.readInt32LE(0);
    else if (kind === 'u64') number = Number(bytes.readBigUInt64LE(0));
    else if (kind !== 'f64') number = bytes.readUIntLE(0, width);
    return { ...NOTHING, opcode, at, number, next: from + width };
  }

  #counted(opcode: Opcode, at: number, kind: keyof typeof COUNTS): Instruction | Stop {
    const width = COUNTS[kind];
    const countFrom = this.#piece(at, at + 1, width);
    const bytes = this.window.at(countFrom, width);
    if (bytes.length < width) return truncated(opcode, at);
    let length: number;
    if (kind === 'counted-i32') length = bytes.readInt32LE(0);
    else if (kind === 'counted-u64') length = Number(bytes.readBigUInt64LE(0));
    else length = bytes.readUIntLE(0, width);
    if (length < 0) return { rule: PICKLE_RULES.broken, at, detail: `${opcode.name} has the length ${String(length)}` };
    const from = this.#piece(at, countFrom + width, length, READ_INTO.has(opcode.name));
    if (length > this.window.size - from) {
      return {
        rule: PICKLE_RULES.truncated,
        at,
        detail: `${opcode.name} states ${String(length)} bytes, ${String(Math.max(0, this.window.size - from))} are there`,
      };
    }
    return { ...NOTHING, opcode, at, from, length, next: from + length };
  }

  #lines(opcode: Opcode, at: number): Instruction | Stop {
    const first = this.#line(at, at + 1);
    if (first === null) return truncated(opcode, at);
    if (opcode.argument === 'line') return { ...NOTHING, opcode, at, from: first.from, length: first.end - first.from, next: first.end + 1 };
    const second = this.#line(at, first.end + 1);
    if (second === null) return truncated(opcode, at);
    return {
      opcode,
      at,
      number: 0,
      from: first.from,
      length: first.end - first.from,
      secondFrom: second.from,
      secondLength: second.end - second.from,
      next: second.end + 1,
    };
  }

  #line(at: number, start: number): { readonly from: number; readonly end: number } | null {
    let from = start;
    const frame = this.#frameEnd;
    if (frame !== null && from < frame && this.window.find(0x0a, from, Math.min(frame, this.window.size)) < 0) {
      from = this.#piece(at, from, frame - from + 1);
    }
    const end = this.window.find(0x0a, from, Math.min(this.window.size, from + this.#longestLine));
    return end < 0 ? null : { from, end };
  }
}

function truncated({ name }: Opcode, at: number): Stop {
  return { rule: PICKLE_RULES.truncated, at, detail: `the argument of ${name} is cut off` };
}
