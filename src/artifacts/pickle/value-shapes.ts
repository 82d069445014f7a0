import type { CallValue, DictValue, ListValue, Shape, Value } from './values.ts';

/** Values that are looked at before a container passes for harmless: what is in it was judged where it came in. */
const LOOKED_AT = 10_000;

export const isNone: Shape = (value) => value?.kind === 'none';
export const isBool: Shape = (value) => value?.kind === 'bool';
export const isInt: Shape = (value) => value?.kind === 'int' && value.value !== null;
export const isCount: Shape = (value) => value?.kind === 'int' && value.value !== null && value.value >= 0n;
export const isText: Shape = (value) => value?.kind === 'text';
export const isBytes: Shape = (value) => value?.kind === 'bytes' || isCallOf(value, '_codecs.encode', 'builtins.bytes', '__builtin__.bytes');
export const isNumber: Shape = (value) => value?.kind === 'float' || isInt(value);
export const isDict = (value: Value | undefined): value is DictValue => value?.kind === 'dict';
export const isTuple = (value: Value | undefined): value is ListValue => value?.kind === 'tuple';
export const isList = (value: Value | undefined): value is ListValue => value?.kind === 'list';

/** A tuple whose parts have those shapes; parts behind `?` ones may be left out. */
export function tupleOf(...shapes: readonly Shape[]): Shape {
  return (value) => isTuple(value) && value.count === shapes.length && shapes.every((shape, index) => shape(value.items[index]));
}

export const isCountTuple: Shape = (value) => isTuple(value) && value.items.length === value.count && value.items.every(isCount);
export const isIntTuple: Shape = (value) => isTuple(value) && value.items.length === value.count && value.items.every(isInt);

/** A call, in its right shape, of the global of that full name. */
export function isCallOf(value: Value | undefined, ...names: readonly string[]): value is CallValue {
  return value?.kind === 'call' && value.inShape && value.callable.kind === 'global' && names.includes(`${value.callable.module}.${value.callable.name}`);
}

export function isGlobalOf(value: Value | undefined, ...names: readonly string[]): boolean {
  return value?.kind === 'global' && names.includes(`${value.module}.${value.name}`);
}

export function anyOf(...shapes: readonly Shape[]): Shape {
  return (value) => shapes.some((shape) => shape(value));
}

/** Constants, containers of them, results of allowed calls, storages, and names that are data themselves (`torch.float32`). */
export const isHarmless: Shape = (value) => {
  if (value === undefined) return false;
  const seen = new Set<Value>();
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.kind === 'call' ? !next.inShape : next.kind === 'global' ? !isData(next) : next.kind === 'extension') return false;
    if (next.kind === 'persistent' && next.storage === null) return false;
    if (seen.size >= LOOKED_AT) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    if ('items' in next) open.push(...next.items.slice(0, LOOKED_AT));
    else if (next.kind === 'dict') for (const entry of next.entries.slice(0, LOOKED_AT)) open.push(...entry);
  }
  return true;
};

const isData = (value: Value): boolean => value.kind === 'global' && value.rating.is === 'allowed' && value.rating.use.data === true;
