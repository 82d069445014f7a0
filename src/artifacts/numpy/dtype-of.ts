import { itemBytesOf } from './dtype-size.ts';
import type { Literal } from './python-literal.ts';

/** What one element of an array is: so many bytes, or an object of Python, which is stored as a pickle. Null: no dtype. */
export type Dtype = { readonly bytes: bigint; readonly hasObjects: boolean } | null;

const MAX_FIELDS = 100_000;
const OBJECT = /^[|<>=]?O[0-9]{0,2}$/;

/** The `descr` of a numpy header: a type string, or a list of `(name, descr)` or `(name, descr, shape)` for structured arrays. */
export function dtypeOf(descr: Literal): Dtype {
  const budget = { left: MAX_FIELDS };
  return sizeOf(descr, budget);
}

function sizeOf(descr: Literal, budget: { left: number }): Dtype {
  budget.left -= 1;
  if (budget.left < 0) return null;
  if (typeof descr === 'string') {
    if (OBJECT.test(descr)) return { bytes: 8n, hasObjects: true };
    const bytes = itemBytesOf(descr);
    return bytes === null ? null : { bytes: BigInt(bytes), hasObjects: false };
  }
  if (descr === null || typeof descr !== 'object') return null;
  if (descr.is === 'tuple') return repeated(descr.items[0] ?? null, descr.items.length === 2 ? (descr.items[1] ?? null) : null, budget);
  return descr.is === 'list' ? fieldsOf(descr.items, budget) : null;
}

function fieldsOf(fields: readonly Literal[], budget: { left: number }): Dtype {
  let bytes = 0n;
  let hasObjects = false;
  for (const field of fields) {
    if (field === null || typeof field !== 'object' || field.is !== 'tuple' || field.items.length < 2 || field.items.length > 3) return null;
    const [, descr = null, shape] = field.items;
    const size = shape === undefined ? sizeOf(descr, budget) : repeated(descr, shape, budget);
    if (size === null) return null;
    bytes += size.bytes;
    hasObjects ||= size.hasObjects;
  }
  return { bytes, hasObjects };
}

/** An element that is an array itself. */
function repeated(descr: Literal, shape: Literal, budget: { left: number }): Dtype {
  const one = sizeOf(descr, budget);
  const count = typeof shape === 'bigint' ? shape : countOf(shape);
  return one === null || count === null || count < 0n ? null : { bytes: one.bytes * count, hasObjects: one.hasObjects };
}

/** Elements of a shape, null when it is none or beyond 2^63. */
export function countOf(shape: Literal): bigint | null {
  if (shape === null || typeof shape !== 'object' || shape.is !== 'tuple' || shape.items.length > 64) return null;
  let product = 1n;
  let beyond = false;
  for (const size of shape.items) {
    if (typeof size !== 'bigint' || size < 0n) return null;
    product *= size;
    beyond ||= size >= 1n << 63n;
  }
  return beyond || product >= 1n << 63n ? null : product;
}
