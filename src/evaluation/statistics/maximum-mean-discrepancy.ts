import { requireSample } from './checked-numbers.ts';

type Vector = ArrayLike<number>;

function squaredDistance(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return sum;
}

function requireVectors(name: string, vectors: readonly Vector[], dimensions: number): void {
  if (vectors.length < 2) throw new RangeError(`${name} has ${String(vectors.length)} vectors, needs at least 2`);
  for (const [i, vector] of vectors.entries()) {
    if (vector.length !== dimensions) throw new RangeError(`${name}[${String(i)}] has ${String(vector.length)} dimensions, not ${String(dimensions)}`);
    requireSample(`${name}[${String(i)}]`, Array.from(vector));
  }
}

/** Widths of the four Gaussian kernels: 1/2, 1, 2 and 4 times the square root of the lower median of the positive squared distances; null when no two vectors differ. */
export function kernelWidths(vectors: readonly Vector[]): readonly number[] | null {
  requireVectors('vectors', vectors, vectors[0]?.length ?? 0);
  const distances: number[] = [];
  for (let i = 0; i < vectors.length; i += 1) {
    for (let j = i + 1; j < vectors.length; j += 1) {
      const distance = squaredDistance(vectors[i] ?? [], vectors[j] ?? []);
      if (distance > 0) distances.push(distance);
    }
  }
  if (distances.length === 0) return null;
  const sorted = Float64Array.from(distances).sort();
  const base = Math.sqrt(sorted[Math.floor((sorted.length - 1) / 2)] ?? 0);
  return [base / 2, base, 2 * base, 4 * base];
}

/** Sum of the mean kernel over all pairs of two sets, or over the pairs of different members of one set, each counted twice. */
function kernelSum(a: readonly Vector[], b: readonly Vector[], widths: readonly number[]): number {
  const same = a === b;
  const rates = widths.map((width) => -1 / (2 * width * width));
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) {
    for (let j = same ? i + 1 : 0; j < b.length; j += 1) {
      const distance = squaredDistance(a[i] ?? [], b[j] ?? []);
      for (const rate of rates) sum += Math.exp(distance * rate);
    }
  }
  return ((same ? 2 : 1) * sum) / widths.length;
}

/**
 * Unbiased squared maximum mean discrepancy (A. Gretton et al. 2012, equation 3) with the mean of Gaussian kernels
 * exp(-d^2 / (2 width^2)). May be negative. Throws a RangeError for fewer than two vectors, different dimensions or bad numbers.
 */
export function unbiasedMmd(first: readonly Vector[], second: readonly Vector[], widths: readonly number[]): number {
  const dimensions = first[0]?.length ?? 0;
  requireVectors('first', first, dimensions);
  requireVectors('second', second, dimensions);
  if (widths.length === 0 || widths.some((width) => !(width > 0))) throw new RangeError('widths must be positive');
  const [m, n] = [first.length, second.length];
  // A copy: the sums above take the same array as "pairs within".
  const other = first === second ? [...second] : second;
  return kernelSum(first, first, widths) / (m * (m - 1)) + kernelSum(other, other, widths) / (n * (n - 1)) - (2 * kernelSum(first, other, widths)) / (m * n);
}
