import type { Instruction } from './instruction.ts';
import type { TraceState } from './trace-state.ts';
import type { Value } from './values.ts';

/** APPEND and APPENDS: on anything but a list they call its `append` or `extend`. */
export function addToList(trace: TraceState, opcode: string, items: readonly Value[]): void {
  const target = trace.machine.top();
  if (target.kind === 'list') trace.machine.addItems(target, items);
  else trace.watcher.filled(opcode, target, items, trace.machine.at);
}

/** SETITEM and SETITEMS: on anything but a dict they call its `__setitem__`. */
export function addToDict(trace: TraceState, opcode: string, items: readonly Value[]): void {
  const target = trace.machine.top();
  if (target.kind === 'dict') trace.machine.addEntries(target, items);
  else {
    if (items.length % 2 !== 0) trace.machine.broken('a key without a value');
    trace.watcher.filled(opcode, target, items, trace.machine.at);
  }
}

/** ADDITEMS: on anything but a set it calls its `add`. */
export function addToSet(trace: TraceState, items: readonly Value[]): void {
  const target = trace.machine.top();
  if (target.kind === 'set') trace.machine.addItems(target, items);
  else trace.watcher.filled('ADDITEMS', target, items, trace.machine.at);
}

/** BUILD: `__setstate__` of the object, or its attributes. */
export function build({ machine, watcher }: TraceState, { at }: Instruction): void {
  const state = machine.pop();
  const target = machine.top();
  if (target.kind === 'call') target.state = state;
  watcher.built(target, state, at);
}
