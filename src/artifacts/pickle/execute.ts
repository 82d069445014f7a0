import { bytesAt, floatFromText, intFromBytes, intFromText, lineText, textAt, type Decoded } from './constants.ts';
import { importAndCall, importFromStack, importNamed, newObject, objectFromMark, reduce } from './execute-calls.ts';
import { addToDict, addToList, addToSet, build } from './execute-fills.ts';
import type { Instruction } from './instruction.ts';
import { PICKLE_LIMITS } from './limits.ts';
import { PICKLE_RULES } from './pickle-rules.ts';
import type { TraceState } from './trace-state.ts';
import { NONE, type BytesValue, type IntValue, type TextValue, type Value } from './values.ts';

type Step = (trace: TraceState, instruction: Instruction) => void;

const FLOAT: Value = { kind: 'float' };
const TRUE: Value = { kind: 'bool', value: true };
const FALSE: Value = { kind: 'bool', value: false };

const ignore: Step = () => undefined;
const number: Step = ({ machine }, instruction) => machine.push({ kind: 'int', value: BigInt(instruction.number) });
const memoPut: Step = ({ machine }, instruction) => machine.put(instruction.number);
const memoGet: Step = ({ machine }, instruction) => machine.get(instruction.number);
const text =
  (form: 'utf8' | 'latin1'): Step =>
  (trace, { from, length }) =>
    pushConstant(trace, textAt(trace.window, from, length, form));
const textLine =
  (form: 'quoted' | 'escaped'): Step =>
  (trace, { from, length }) =>
    pushConstant(trace, lineText(trace.window, from, length, form));
const bytes: Step = (trace, { from, length }) => pushConstant(trace, bytesAt(trace.window, from, length));
const tuple =
  (count: number): Step =>
  ({ machine }) => {
    const items = Array.from({ length: count }, () => machine.pop()).reverse();
    machine.push(machine.list('tuple', items));
  };
const fromMark =
  (kind: 'tuple' | 'list' | 'frozenset'): Step =>
  ({ machine }) =>
    machine.push(machine.list(kind, machine.popToMark()));
const empty =
  (kind: 'tuple' | 'list' | 'set'): Step =>
  ({ machine }) =>
    machine.push(machine.list(kind, []));
const extension: Step = ({ machine, watcher }, instruction) => {
  if (instruction.number <= 0) machine.broken(`extension code ${String(instruction.number)}`);
  watcher.extension(instruction.number, instruction.at);
  machine.push({ kind: 'extension', code: instruction.number });
};

const STEPS: Readonly<Record<string, Step>> = {
  MARK: ({ machine }) => machine.mark(),
  POP: ({ machine }) => machine.discard(),
  POP_MARK: ({ machine }) => void machine.popToMark(),
  DUP: ({ machine }) => machine.push(machine.top()),
  NONE: ({ machine }) => machine.push(NONE),
  NEWTRUE: ({ machine }) => machine.push(TRUE),
  NEWFALSE: ({ machine }) => machine.push(FALSE),
  INT: pushIntLine,
  LONG: pushIntLine,
  FLOAT: (trace, instruction) => trace.machine.push(decoded(trace, floatFromText(line(trace, instruction)))),
  BININT: number,
  BININT1: number,
  BININT2: number,
  LONG1: pushLong,
  LONG4: pushLong,
  BINFLOAT: ({ machine }) => machine.push(FLOAT),
  STRING: textLine('quoted'),
  BINSTRING: text('latin1'),
  SHORT_BINSTRING: text('latin1'),
  UNICODE: textLine('escaped'),
  BINUNICODE: text('utf8'),
  SHORT_BINUNICODE: text('utf8'),
  BINUNICODE8: text('utf8'),
  BINBYTES: bytes,
  SHORT_BINBYTES: bytes,
  BINBYTES8: bytes,
  BYTEARRAY8: bytes,
  NEXT_BUFFER: ({ machine }) => machine.broken('a buffer outside of the stream is asked for'),
  READONLY_BUFFER: ({ machine }) => void machine.top(),
  EMPTY_TUPLE: empty('tuple'),
  TUPLE1: tuple(1),
  TUPLE2: tuple(2),
  TUPLE3: tuple(3),
  TUPLE: fromMark('tuple'),
  EMPTY_LIST: empty('list'),
  LIST: fromMark('list'),
  APPEND: (trace) => addToList(trace, 'APPEND', [trace.machine.pop()]),
  APPENDS: (trace) => addToList(trace, 'APPENDS', trace.machine.popToMark()),
  EMPTY_DICT: ({ machine }) => machine.push(machine.dict([])),
  DICT: ({ machine }) => machine.push(machine.dict(machine.popToMark())),
  SETITEM: (trace) => addToDict(trace, 'SETITEM', [trace.machine.pop(), trace.machine.pop()].reverse()),
  SETITEMS: (trace) => addToDict(trace, 'SETITEMS', trace.machine.popToMark()),
  EMPTY_SET: empty('set'),
  ADDITEMS: (trace) => addToSet(trace, trace.machine.popToMark()),
  FROZENSET: fromMark('frozenset'),
  PUT: (trace, instruction) => trace.machine.put(memoIndex(trace, instruction)),
  BINPUT: memoPut,
  LONG_BINPUT: memoPut,
  MEMOIZE: ({ machine }) => machine.memoize(),
  GET: (trace, instruction) => trace.machine.get(memoIndex(trace, instruction)),
  BINGET: memoGet,
  LONG_BINGET: memoGet,
  GLOBAL: importNamed,
  STACK_GLOBAL: importFromStack,
  REDUCE: reduce,
  INST: importAndCall,
  OBJ: objectFromMark,
  NEWOBJ: (trace) => newObject(trace, 'NEWOBJ', null),
  NEWOBJ_EX: (trace) => newObject(trace, 'NEWOBJ_EX', trace.machine.pop()),
  BUILD: build,
  EXT1: extension,
  EXT2: extension,
  EXT4: extension,
  PERSID: (trace, { at, from, length }) => persistent(trace, trace.window.at(from, Math.min(length, PICKLE_LIMITS.heldBytes)), at),
  BINPERSID: ({ machine, watcher }, { at }) => {
    const value = { kind: 'persistent' as const, id: machine.pop(), at, storage: null };
    watcher.persistent(value);
    machine.push(value);
  },
  PROTO: proto,
  FRAME: frame,
  STOP: ignore,
};

/** Carries out one opcode on the symbolic stack. */
export function execute(trace: TraceState, instruction: Instruction): void {
  const step = STEPS[instruction.opcode.name];
  if (step === undefined) trace.machine.broken(`${instruction.opcode.name} is not known`);
  step(trace, instruction);
}

function decoded<T>(trace: TraceState, value: Decoded<T>): T {
  return typeof value === 'string' ? trace.machine.broken(value) : value;
}

function pushConstant(trace: TraceState, constant: Decoded<TextValue | BytesValue>): void {
  const value = decoded(trace, constant);
  trace.machine.push(value);
  trace.watcher.constant(value, trace.window);
}

/** The text of a line that holds a number. */
function line(trace: TraceState, { from, length }: Instruction): string {
  return trace.window.at(from, Math.min(length, PICKLE_LIMITS.digits + 16)).toString('latin1');
}

function pushIntLine(trace: TraceState, instruction: Instruction): void {
  const digits = line(trace, instruction);
  if (instruction.opcode.name === 'INT' && (digits === '00' || digits === '01')) trace.machine.push(digits === '01' ? TRUE : FALSE);
  else pushInt(trace, decoded(trace, intFromText(digits)), instruction.length);
}

function pushLong(trace: TraceState, { from, length }: Instruction): void {
  // 2.41 decimal digits for every byte.
  pushInt(trace, length > 256 ? { kind: 'int', value: null } : intFromBytes(trace.window.at(from, length)), Math.floor(length * 2.41));
}

function pushInt(trace: TraceState, value: IntValue, digits: number): void {
  if (digits > PICKLE_LIMITS.digits) {
    trace.watcher.problem({ rule: PICKLE_RULES.limit, at: trace.machine.at, detail: `an integer of about ${String(digits)} digits` });
  }
  trace.machine.push(value);
}

function memoIndex(trace: TraceState, instruction: Instruction): number {
  const value = Number(line(trace, instruction).trim());
  return Number.isSafeInteger(value) && value >= 0 && instruction.length > 0 ? value : trace.machine.broken('no memo index');
}

function persistent({ machine, watcher }: TraceState, id: Buffer, at: number): void {
  const value = {
    kind: 'persistent' as const,
    id: { kind: 'text' as const, text: id.toString('latin1'), at, length: id.length, form: 'latin1' as const },
    at,
    storage: null,
  };
  watcher.persistent(value);
  machine.push(value);
}

function proto(trace: TraceState, { number: version, at }: Instruction): void {
  if (version > 5) trace.machine.broken(`protocol ${String(version)}`);
  if (trace.protocol !== null)
    trace.watcher.problem({ rule: PICKLE_RULES.protoRepeated, at, detail: `protocol ${String(trace.protocol)}, then ${String(version)}` });
  trace.protocol = version;
}

function frame(trace: TraceState, { number: length, next }: Instruction): void {
  const { frameEnd } = trace.reader;
  if (frameEnd !== null && frameEnd > next) trace.frameOdd('a frame begins inside of another one');
  const end = next + length;
  // Readers of memory do not mind, readers of files do: what is there runs in either.
  if (end > trace.window.size) trace.watcher.problem({ rule: PICKLE_RULES.truncated, at: trace.machine.at, detail: `a frame of ${String(length)} bytes` });
  trace.reader.openFrame(end);
}
