import { isUtf8 } from 'node:buffer';
import type { Instruction } from './instruction.ts';
import { rateGlobal } from './rate-global.ts';
import type { TraceState } from './trace-state.ts';
import type { CallValue, GlobalValue, Value } from './values.ts';

/** Bytes of a module or attribute name. Python allows more, nobody uses more. */
const MAX_NAME = 1024;

/** GLOBAL: two lines. */
export function importNamed(trace: TraceState, instruction: Instruction): void {
  trace.machine.push(importLines(trace, instruction));
}

function importLines(trace: TraceState, { at, from, length, secondFrom, secondLength }: Instruction): GlobalValue {
  return importGlobal(trace, nameAt(trace, from, length), nameAt(trace, secondFrom, secondLength), at);
}

function nameAt(trace: TraceState, from: number, length: number): string {
  if (length > MAX_NAME) trace.machine.exhausted(`a name of ${String(length)} bytes`);
  const bytes = trace.window.at(from, length);
  return isUtf8(bytes) ? bytes.toString('utf8') : trace.machine.broken('a name is no UTF-8');
}

function importGlobal(trace: TraceState, module: string, name: string, at: number): GlobalValue {
  const value: GlobalValue = { kind: 'global', module, name, at, rating: rateGlobal(module, name) };
  trace.imports += 1;
  trace.watcher.imported(value);
  return value;
}

/** STACK_GLOBAL: both names from the stack, wherever they come from. */
export function importFromStack(trace: TraceState, { at }: Instruction): void {
  const { machine } = trace;
  const name = machine.pop();
  const module = machine.pop();
  if (module.kind === 'text' && name.kind === 'text') {
    const tooLong = (): never => machine.exhausted(`a name of more than ${String(MAX_NAME)} bytes`);
    machine.push(importGlobal(trace, module.text ?? tooLong(), name.text ?? tooLong(), at));
    return;
  }
  const parts = [module, name];
  if (!parts.some(({ kind }) => kind === 'call' || kind === 'persistent' || kind === 'global' || kind === 'extension'))
    machine.broken('an import whose name is no text');
  trace.imports += 1;
  trace.watcher.importedComputed(module, name, at);
  machine.push({ kind: 'global', module: '?', name: '?', at, rating: { is: 'dangerous', why: 'its name is computed' } });
}

/** REDUCE: `callable(*args)`. */
export function reduce(trace: TraceState, { at }: Instruction): void {
  const args = trace.machine.pop();
  const callable = trace.machine.pop();
  call(trace, 'REDUCE', callable, argumentsOf(args), null, at);
}

/** INST: import, then call with everything above the mark. */
export function importAndCall(trace: TraceState, instruction: Instruction): void {
  const callable = importLines(trace, instruction);
  call(trace, 'INST', callable, trace.machine.popToMark(), null, instruction.at);
}

/** OBJ: the first value above the mark is called with the others. */
export function objectFromMark(trace: TraceState, { at }: Instruction): void {
  const [callable, ...args] = trace.machine.popToMark();
  if (callable === undefined) trace.machine.broken('OBJ without a class');
  call(trace, 'OBJ', callable, args, null, at);
}

/** NEWOBJ and NEWOBJ_EX: `cls.__new__(cls, *args, **keywords)`. */
export function newObject(trace: TraceState, op: 'NEWOBJ' | 'NEWOBJ_EX', keywords: Value | null): void {
  const args = trace.machine.pop();
  const callable = trace.machine.pop();
  call(trace, op, callable, argumentsOf(args), keywords, trace.machine.at);
}

/** What is no tuple is unpacked all the same, as far as a loader gets. */
function argumentsOf(args: Value): readonly Value[] {
  return args.kind === 'tuple' ? args.items : [args];
}

function call(trace: TraceState, op: CallValue['op'], callable: Value, args: readonly Value[], keywords: Value | null, at: number): void {
  const value: CallValue = { kind: 'call', op, callable, args, keywords, at, inShape: false, state: null };
  trace.imports += 1;
  trace.watcher.called(value);
  trace.machine.push(value);
}
