import { decodeValues, VALUE_BYTES } from './decode-values.ts';
import { median, robustScores } from './robust.ts';
import { symmetricEigen } from './symmetric-eigenvalues.ts';
import type { SquareMatrix } from './symmetric-eigenvalues.ts';
import type { ModelTensor } from '../compare/model-tensors.ts';

/** The update B·A of one module of an adapter, by its singular values (arXiv 2602.15195). */
export interface AdapterSpectrum {
  /** Name of the module: what stands before `.lora_A`. */
  readonly module: string;
  /** `q_proj`: modules of one role are compared with each other. */
  readonly role: string;
  readonly rank: number;
  readonly largest: number;
  /** Frobenius norm. */
  readonly norm: number;
  /** Part of the energy that is in the largest singular value, 0 to 1. */
  readonly share: number;
  /** Of the energies of singular values, 0 (one only) to 1 (all equal). */
  readonly entropy: number;
}

export interface AdapterOutlier {
  readonly spectrum: AdapterSpectrum;
  readonly measure: 'largest' | 'share' | 'entropy';
  /** Deviations from the median of its role, or of clean adapters where those are given. */
  readonly score: number;
}

const MAX_RANK = 512;
/** The smaller factor is held as numbers, eight bytes each; real ones have some megabytes. The larger one is read in parts. */
const MAX_HELD_ELEMENTS = 8 * 1024 * 1024;
const PART_ELEMENTS = 256 * 1024;
const MIN_GROUP = 8;

/**
 * Spectra of all pairs `lora_A` (r x in) and `lora_B` (out x r), from r x r matrices only: the update itself, with its millions of values,
 * is never made. `skipped` says which pairs could not be computed and why.
 */
export function adapterSpectra(
  tensors: ReadonlyMap<string, ModelTensor>,
  signal: AbortSignal,
): { readonly spectra: AdapterSpectrum[]; readonly skipped: string[] } {
  const spectra: AdapterSpectrum[] = [];
  const skipped: string[] = [];
  for (const [name, down] of tensors) {
    const at = name.indexOf('.lora_A');
    if (at === -1) continue;
    signal.throwIfAborted();
    const module = name.slice(0, at);
    const up = tensors.get(name.replace('.lora_A', '.lora_B'));
    const spectrum = up === undefined ? 'no lora_B' : spectrumOf(module, down, up);
    if (typeof spectrum === 'string') skipped.push(`${module}: ${spectrum}`);
    else spectra.push(spectrum);
  }
  return { spectra, skipped };
}

function spectrumOf(module: string, down: ModelTensor, up: ModelTensor): AdapterSpectrum | string {
  const [rank = 0, inputs = 0] = down.shape;
  const [outputs = 0, upRank = 0] = up.shape;
  if (down.shape.length !== 2 || up.shape.length !== 2 || rank !== upRank || rank === 0) return 'shapes that do not fit';
  if (rank > MAX_RANK || rank * inputs > MAX_HELD_ELEMENTS) return 'too large';
  if (!VALUE_BYTES.has(down.dtype) || !VALUE_BYTES.has(up.dtype)) return 'a type that is not computed with';
  const a = decodeValues(down.dtype, down.source.read(0, down.source.size));
  const columns = columnGram(up, outputs, rank);
  if (a?.length !== rank * inputs || columns === undefined) return 'fewer values than its shape says';
  const rows = rowGram(a, rank, inputs);
  if (![...rows.values, ...columns.values].every(Number.isFinite)) return 'values that are not finite';
  return describe(module, rank, singularValues(rows, columns));
}

function describe(module: string, rank: number, values: readonly number[]): AdapterSpectrum {
  const energies = values.map((value) => value * value);
  const energy = energies.reduce((sum, value) => sum + value, 0);
  const parts = energies.map((value) => (energy === 0 ? 0 : value / energy)).filter((part) => part > 0);
  const entropy = rank === 1 ? 0 : parts.reduce((sum, part) => sum - part * Math.log(part), 0) / Math.log(rank);
  return { module, role: module.split('.').at(-1) ?? module, rank, largest: values[0] ?? 0, norm: Math.sqrt(energy), share: parts[0] ?? 0, entropy };
}

/** Singular values of B·A are the roots of the eigenvalues of S·(A·Aᵀ)·S, where S is the root of Bᵀ·B. */
function singularValues(rows: SquareMatrix, columns: SquareMatrix): number[] {
  const root = squareRoot(columns);
  const product = multiply(multiply(root, rows), root);
  return symmetricEigen(product).sorted.map((value) => Math.sqrt(Math.max(0, value)));
}

function squareRoot(matrix: SquareMatrix): SquareMatrix {
  const { size } = matrix;
  const { diagonal, vectors } = symmetricEigen(matrix);
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += (vectors[i * size + k] ?? 0) * Math.sqrt(Math.max(0, diagonal[k] ?? 0)) * (vectors[j * size + k] ?? 0);
      values[i * size + j] = sum;
    }
  }
  return { size, values };
}

function multiply(x: SquareMatrix, y: SquareMatrix): SquareMatrix {
  const { size } = x;
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = x.values[i * size + k] ?? 0;
      for (let j = 0; j < size; j++) values[i * size + j] = (values[i * size + j] ?? 0) + factor * (y.values[k * size + j] ?? 0);
    }
  }
  return { size, values };
}

/** A·Aᵀ of a matrix with few rows. */
function rowGram(a: Float64Array, rows: number, columns: number): SquareMatrix {
  const values = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = i; j < rows; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += (a[i * columns + k] ?? 0) * (a[j * columns + k] ?? 0);
      values[i * rows + j] = sum;
      values[j * rows + i] = sum;
    }
  }
  return { size: rows, values };
}

/** Bᵀ·B of a matrix with few columns, read in parts; undefined where values are missing. */
function columnGram(tensor: ModelTensor, rows: number, columns: number): SquareMatrix | undefined {
  const size = VALUE_BYTES.get(tensor.dtype) ?? 0;
  const values = new Float64Array(columns * columns);
  const step = Math.max(1, Math.floor(PART_ELEMENTS / columns));
  for (let from = 0; from < rows; from += step) {
    const count = Math.min(step, rows - from);
    const b = decodeValues(tensor.dtype, tensor.source.read(from * columns * size, count * columns * size));
    if (b?.length !== count * columns) return undefined;
    addColumnGram(values, b, count, columns);
  }
  return { size: columns, values };
}

function addColumnGram(values: Float64Array, b: Float64Array, rows: number, columns: number): void {
  for (let k = 0; k < rows; k++) {
    for (let i = 0; i < columns; i++) {
      const factor = b[k * columns + i] ?? 0;
      for (let j = 0; j < columns; j++) values[i * columns + j] = (values[i * columns + j] ?? 0) + factor * (b[k * columns + j] ?? 0);
    }
  }
}

/**
 * Modules that stand out: against clean adapters of the same base model where their spectra are given, else among the modules of the same
 * role in the adapter, of which there must be eight. `limit` is in deviations.
 */
export function adapterOutliers(spectra: readonly AdapterSpectrum[], clean: readonly AdapterSpectrum[], limit: number): AdapterOutlier[] {
  const outliers: AdapterOutlier[] = [];
  for (const [role, group] of Map.groupBy(spectra, (spectrum) => spectrum.role)) {
    const reference = clean.filter((spectrum) => spectrum.role === role);
    if (Math.max(group.length, reference.length) < MIN_GROUP) continue;
    outliers.push(...MEASURES.flatMap((measure) => groupOutliers(group, reference, measure, limit)));
  }
  return outliers;
}

/**
 * Where modules are nearly equal every small difference is many deviations: only these are differences that matter. `largest` so many
 * times the median, the others so far from it.
 */
const MATTERS = { largest: 3, share: 0.25, entropy: 0.25 } as const;
const MEASURES = ['largest', 'share', 'entropy'] as const;

function matters(measure: AdapterOutlier['measure'], value: number, middle: number): boolean {
  return measure === 'largest' ? value > MATTERS.largest * middle : Math.abs(value - middle) > MATTERS[measure];
}

function groupOutliers(
  group: readonly AdapterSpectrum[],
  reference: readonly AdapterSpectrum[],
  measure: AdapterOutlier['measure'],
  limit: number,
): AdapterOutlier[] {
  return group.flatMap((spectrum) => {
    const others = (reference.length >= MIN_GROUP ? reference : group.filter((other) => other !== spectrum)).map((other) => other[measure]);
    const score = robustScores([...others, spectrum[measure]]).at(-1) ?? 0;
    return Math.abs(score) > limit && matters(measure, spectrum[measure], median(others)) ? [{ spectrum, measure, score }] : [];
  });
}
