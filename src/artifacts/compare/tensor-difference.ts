import type { ModelTensor } from './model-tensors.ts';
import { decodeValues, VALUE_BYTES } from '../weights/decode-values.ts';

/** How one tensor differs from its previous version. */
export interface TensorDifference {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Elements with another value. */
  readonly changed: number;
  /** Frobenius norm of the difference over the one of the old tensor; Infinity where that is 0. */
  readonly relative: number;
  readonly norm: number;
  readonly largest: number;
  /** Sum of squares of the difference by row of the tensor taken as a matrix; for larger ones with more rows than are kept, empty. */
  readonly rowEnergies: Float64Array;
}

const CHUNK_ELEMENTS = 64 * 1024;
const MAX_ROWS = 4_000_000;

/** Compares two tensors of one shape in pieces. Undefined where a type cannot be computed with and the bytes differ. */
export function tensorDifference(before: ModelTensor, after: ModelTensor, signal: AbortSignal): TensorDifference | undefined {
  const elements = before.shape.reduce((product, dimension) => product * dimension, 1);
  const rows = before.shape.length < 2 ? 1 : (before.shape[0] ?? 1);
  const columns = rows === 0 ? 0 : elements / rows;
  const sums = new DifferenceSums(rows <= MAX_ROWS ? rows : 0, columns);
  const beforeBytes = VALUE_BYTES.get(before.dtype);
  const afterBytes = VALUE_BYTES.get(after.dtype);
  if (beforeBytes === undefined || afterBytes === undefined) return sameBytes(before, after, signal) ? sums.result(before, elements) : undefined;
  for (let at = 0; at < elements; at += CHUNK_ELEMENTS) {
    signal.throwIfAborted();
    const a = before.source.read(at * beforeBytes, CHUNK_ELEMENTS * beforeBytes);
    const b = after.source.read(at * afterBytes, CHUNK_ELEMENTS * afterBytes);
    const old = decodeValues(before.dtype, a) ?? new Float64Array(0);
    if (before.dtype === after.dtype && a.equals(b)) sums.addEqual(old);
    else sums.add(old, decodeValues(after.dtype, b) ?? new Float64Array(0), at);
  }
  return sums.result(before, elements);
}

function sameBytes(before: ModelTensor, after: ModelTensor, signal: AbortSignal): boolean {
  if (before.dtype !== after.dtype) return false;
  for (let at = 0; at < before.source.size; at += CHUNK_ELEMENTS) {
    signal.throwIfAborted();
    if (!before.source.read(at, CHUNK_ELEMENTS).equals(after.source.read(at, CHUNK_ELEMENTS))) return false;
  }
  return true;
}

class DifferenceSums {
  private readonly rowEnergies: Float64Array;
  private readonly columns: number;
  private changed = 0;
  private energy = 0;
  private oldEnergy = 0;
  private largest = 0;

  constructor(rows: number, columns: number) {
    this.rowEnergies = new Float64Array(rows);
    this.columns = Math.max(1, columns);
  }

  addEqual(old: Float64Array): void {
    for (const value of old) if (Number.isFinite(value)) this.oldEnergy += value * value;
  }

  /** `start` is the index of the first element. NaN and infinities are a finding of their own and count as changed only. */
  add(old: Float64Array, now: Float64Array, start: number): void {
    for (let i = 0; i < old.length; i++) {
      const before = old[i] ?? 0;
      const difference = (now[i] ?? 0) - before;
      if (Number.isFinite(before)) this.oldEnergy += before * before;
      if (difference === 0) continue;
      this.changed++;
      if (!Number.isFinite(difference)) continue;
      const square = difference * difference;
      this.energy += square;
      if (Math.abs(difference) > this.largest) this.largest = Math.abs(difference);
      if (this.rowEnergies.length > 0) {
        const row = Math.floor((start + i) / this.columns);
        this.rowEnergies[row] = (this.rowEnergies[row] ?? 0) + square;
      }
    }
  }

  result({ name, shape }: ModelTensor, elements: number): TensorDifference {
    const norm = Math.sqrt(this.energy);
    const relative = norm === 0 ? 0 : norm / Math.sqrt(this.oldEnergy);
    return { name, shape, elements, changed: this.changed, relative, norm, largest: this.largest, rowEnergies: this.rowEnergies };
  }
}
