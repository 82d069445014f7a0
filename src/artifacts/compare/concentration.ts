import type { ModelTensor } from './model-tensors.ts';
import type { TensorDifference } from './tensor-difference.ts';
import { decodeValues, VALUE_BYTES } from '../weights/decode-values.ts';

/** How much of a difference lies in few directions. */
export interface Concentration {
  /** Part of the energy in the first direction, and in the first four; 0 to 1. */
  readonly first: number;
  readonly four: number;
  /** The most that chance gives a matrix of this size: the edge of the spectrum of independent numbers (Marchenko and Pastur). */
  readonly firstByChance: number;
  readonly fourByChance: number;
  /** Rows and columns that were looked at: those with the most energy. */
  readonly rows: number;
  readonly columns: number;
}

/** 16 MiB as F32. */
const MAX_ELEMENTS = 4 * 1024 * 1024;
const DIRECTIONS = 6;
const ROUNDS = 12;
/** With fewer rows or columns four directions are most of the matrix. */
const MIN_SIDE = 12;

/**
 * Looks for the directions with the most energy in the difference of two matrices by subspace iteration over the rows that changed most.
 * Undefined where the tensor is no matrix of some size. A tensor with more dimensions is taken as one row for each index of the first.
 */
export function concentration(before: ModelTensor, after: ModelTensor, difference: TensorDifference, signal: AbortSignal): Concentration | undefined {
  const columns = difference.elements / Math.max(1, difference.rowEnergies.length);
  if (before.shape.length < 2 || difference.rowEnergies.length < MIN_SIDE || columns < MIN_SIDE || columns > MAX_ELEMENTS / MIN_SIDE) return undefined;
  const chosen = largestRows(difference.rowEnergies, Math.floor(MAX_ELEMENTS / columns));
  const matrix = new Float32Array(chosen.length * columns);
  for (const [i, row] of chosen.entries()) {
    signal.throwIfAborted();
    const old = readRow(before, row, columns);
    const now = readRow(after, row, columns);
    for (let k = 0; k < columns; k++) matrix[i * columns + k] = finite((now[k] ?? 0) - (old[k] ?? 0));
  }
  const energy = matrix.reduce((sum, value) => sum + value * value, 0);
  if (energy === 0) return undefined;
  const energies = topEnergies(matrix, chosen.length, columns, signal);
  const edge = (Math.sqrt(chosen.length) + Math.sqrt(columns)) ** 2 / (chosen.length * columns);
  return {
    first: Math.min(1, (energies[0] ?? 0) / energy),
    four: Math.min(1, energies.slice(0, 4).reduce((sum, value) => sum + value, 0) / energy),
    firstByChance: Math.min(1, edge),
    fourByChance: Math.min(1, 4 * edge),
    rows: chosen.length,
    columns,
  };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function largestRows(energies: Float64Array, count: number): number[] {
  const indices = Array.from(energies, (_, i) => i);
  if (indices.length <= count) return indices;
  return indices
    .sort((a, b) => (energies[b] ?? 0) - (energies[a] ?? 0))
    .slice(0, count)
    .sort((a, b) => a - b);
}

function readRow(tensor: ModelTensor, row: number, columns: number): Float64Array {
  const size = VALUE_BYTES.get(tensor.dtype) ?? 0;
  return decodeValues(tensor.dtype, tensor.source.read(row * columns * size, columns * size)) ?? new Float64Array(0);
}

/** Energies along the strongest directions, largest first. The start is pseudo-random and always the same, so that a report can be repeated. */
function topEnergies(matrix: Float32Array, rows: number, columns: number, signal: AbortSignal): number[] {
  const count = Math.min(DIRECTIONS, rows, columns);
  let directions = Array.from({ length: count }, (_, i) => pseudoRandom(columns, i + 1));
  let energies: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    signal.throwIfAborted();
    orthonormalize(directions);
    const images = directions.map((direction) => apply(matrix, rows, columns, direction));
    energies = images.map((image) => image.reduce((sum, value) => sum + value * value, 0));
    directions = images.map((image) => applyTransposed(matrix, rows, columns, image));
  }
  return energies.sort((a, b) => b - a);
}

/** Linear congruential numbers (Numerical Recipes) between -1 and 1. */
function pseudoRandom(length: number, seed: number): Float64Array {
  let state = seed * 2_654_435_761;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Gram and Schmidt, in place. What vanishes stays zero. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  for (const [i, vector] of vectors.entries()) {
    for (const other of vectors.slice(0, i)) {
      const part = dot(vector, other);
      for (let k = 0; k < vector.length; k++) vector[k] = (vector[k] ?? 0) - part * (other[k] ?? 0);
    }
    const length = Math.sqrt(dot(vector, vector));
    for (let k = 0; k < vector.length; k++) vector[k] = length < 1e-200 ? 0 : (vector[k] ?? 0) / length;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function apply(matrix: Float32Array, rows: number, columns: number, vector: Float64Array): Float64Array {
  const image = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    const start = i * columns;
    for (let k = 0; k < columns; k++) sum += (matrix[start + k] ?? 0) * (vector[k] ?? 0);
    image[i] = sum;
  }
  return image;
}

function applyTransposed(matrix: Float32Array, rows: number, columns: number, vector: Float64Array): Float64Array {
  const image = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const factor = vector[i] ?? 0;
    const start = i * columns;
    for (let k = 0; k < columns; k++) image[k] = (image[k] ?? 0) + factor * (matrix[start + k] ?? 0);
  }
  return image;
}
