import { itemBytesOf } from '../numpy/dtype-size.ts';
import type { CallValue, DictValue, Value } from './values.ts';

/** What follows in the stream after an array wrapper of joblib was built. */
export type RawArray = { readonly is: 'bytes'; readonly bytes: bigint; readonly padded: boolean } | { readonly is: 'pickle' } | { readonly is: 'unknown' };

/**
 * joblib writes the bytes of an array straight into the stream, behind the BUILD of its wrapper: one byte with the length of a padding
 * and the padding, when the wrapper has `numpy_array_alignment_bytes`, then the data; a whole pickle of its own when the array holds
 * objects (joblib `numpy_pickle.py`). Null when the value is no wrapper.
 */
export function rawArrayOf(target: Value): RawArray | null {
  if (target.kind !== 'call' || !isWrapper(target)) return null;
  const { state } = target;
  if (state?.kind !== 'dict') return { is: 'unknown' };
  const shape = field(state, 'shape');
  const descr = dtypeText(field(state, 'dtype'));
  if (shape?.kind !== 'tuple' || descr === null) return { is: 'unknown' };
  if (/^[|<>=]?O/.test(descr)) return { is: 'pickle' };
  const itemBytes = itemBytesOf(descr);
  if (itemBytes === null) return { is: 'unknown' };
  let bytes = BigInt(itemBytes);
  for (const size of shape.items) {
    if (size.kind !== 'int' || size.value === null || size.value < 0n) return { is: 'unknown' };
    bytes *= size.value;
  }
  const alignment = field(state, 'numpy_array_alignment_bytes');
  return { is: 'bytes', bytes, padded: alignment !== undefined && alignment.kind !== 'none' };
}

function isWrapper(call: CallValue): boolean {
  const { callable, args } = call;
  const made = callable.kind === 'global' && callable.name === '_reconstructor' ? args[0] : callable;
  return made?.kind === 'global' && made.module === 'joblib.numpy_pickle' && made.name === 'NumpyArrayWrapper';
}

function field(dict: DictValue, name: string): Value | undefined {
  return dict.entries.findLast(([key]) => key.kind === 'text' && key.text === name)?.[1];
}

/** `f8` of a call of `numpy.dtype`. */
function dtypeText(value: Value | undefined): string | null {
  if (value?.kind !== 'call' || value.callable.kind !== 'global' || value.callable.name !== 'dtype') return null;
  const [first] = value.args;
  return first?.kind === 'text' ? first.text : null;
}
