import type { Rule } from '../findings/rule.ts';
import { STORAGE_ITEM_BYTES } from './allowed-globals.ts';
import { PICKLE_RULES } from './pickle-rules.ts';
import type { CallValue, PersistentValue, StorageClaim, Value } from './values.ts';

export interface StorageProblem {
  readonly rule: Rule;
  readonly detail: string;
}

/**
 * The storage that a persistent id of torch names: `('storage', class, key, location, elements)`, of the legacy format with a sixth
 * item, the view of another storage. Null when the id has any other shape.
 */
export function readStorageId({ id, at }: PersistentValue): StorageClaim | null {
  if (id.kind !== 'tuple' || id.count < 5 || id.count > 6) return null;
  const [tag, type, key, location, elements, view] = id.items;
  if (tag?.kind !== 'text' || tag.text !== 'storage') return null;
  if (type?.kind !== 'global' || key?.kind !== 'text' || key.text === null || location?.kind !== 'text') return null;
  const itemBytes = STORAGE_ITEM_BYTES.get(`${type.module}.${type.name}`);
  if (itemBytes === undefined || elements?.kind !== 'int' || elements.value === null || elements.value < 0n) return null;
  if (id.count === 6 && !isView(view)) return null;
  return { key: key.text, type: type.name, itemBytes, elements: elements.value, view: view?.kind === 'tuple', at };
}

/** `None`, or `(key, offset, elements)`. */
function isView(view: Value | undefined): boolean {
  if (view?.kind === 'none') return true;
  if (view?.kind !== 'tuple' || view.count !== 3) return false;
  const [key, offset, elements] = view.items;
  return key?.kind === 'text' && offset?.kind === 'int' && elements?.kind === 'int';
}

/** Whether `_rebuild_tensor*` stays inside of the storage it names: offset + sum((size - 1) * stride) + 1 <= elements (CVE-2026-24747). */
export function checkTensor({ callable, args }: CallValue): StorageProblem | null {
  if (callable.kind !== 'global' || !['_rebuild_tensor', '_rebuild_tensor_v2', '_rebuild_tensor_v3', '_rebuild_qtensor'].includes(callable.name)) return null;
  const [storage, offset, size, stride] = args;
  const claim = storage?.kind === 'persistent' ? storage.storage : null;
  if (claim === null) return null;
  const first = integer(offset);
  const sizes = integers(size);
  const strides = integers(stride);
  if (first === null || sizes === null || sizes.length !== strides?.length) {
    return { rule: PICKLE_RULES.tensorOutside, detail: 'offset, sizes or strides of a tensor are no numbers, or do not fit each other' };
  }
  if ([first, ...sizes, ...strides].some((value) => value < 0n)) return { rule: PICKLE_RULES.tensorOutside, detail: 'a negative offset, size or stride' };
  if (sizes.includes(0n)) return null;
  const last = sizes.reduce((sum, length, index) => sum + (length - 1n) * (strides[index] ?? 0n), first);
  const { elements, itemBytes, key } = claim;
  // Untyped storages count bytes, and the item size is the tensor's own.
  if (last < elements || (itemBytes === 1 && callable.name === '_rebuild_tensor_v3')) return null;
  return { rule: PICKLE_RULES.tensorOutside, detail: `element ${String(last)} of storage ${JSON.stringify(key)}, which has ${String(elements)}` };
}

function integer(value: Value | undefined): bigint | null {
  return value?.kind === 'int' ? value.value : null;
}

function integers(value: Value | undefined): bigint[] | null {
  if (value?.kind !== 'tuple' || value.items.length !== value.count) return null;
  const numbers = value.items.map(integer);
  return numbers.every((number) => number !== null) ? numbers : null;
}
