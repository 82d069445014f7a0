const MAX_SWEEPS = 60;

/** A square matrix, row by row. */
export interface SquareMatrix {
  readonly size: number;
  readonly values: Float64Array;
}

/** Eigenvalues, largest first, and the matrix whose columns are the eigenvectors in the order of `diagonal`. */
export interface Eigen {
  readonly sorted: number[];
  readonly diagonal: Float64Array;
  readonly vectors: Float64Array;
}

/** Eigenvalues of a symmetric matrix by Jacobi rotations (Golub and Van Loan, 8.5): exact enough for adapters, whose rank is at most some hundred. */
export function symmetricEigen({ size, values }: SquareMatrix): Eigen {
  const a = Float64Array.from(values);
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a, size) > 1e-24 * total(a); sweep++) {
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q);
  }
  const diagonal = Float64Array.from({ length: size }, (_, i) => a[i * size + i] ?? 0);
  return { sorted: [...diagonal].sort((x, y) => y - x), diagonal, vectors };
}

function total(a: Float64Array): number {
  return a.reduce((sum, value) => sum + value * value, 0);
}

function offDiagonal(a: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) if (i !== j) sum += (a[i * size + j] ?? 0) ** 2;
  return sum;
}

function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q] ?? 0;
  if (apq === 0) return;
  const theta = ((a[q * size + q] ?? 0) - (a[p * size + p] ?? 0)) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < size; k++) turn(a, k * size + p, k * size + q, c, s);
  for (let k = 0; k < size; k++) turn(a, p * size + k, q * size + k, c, s);
  for (let k = 0; k < size; k++) turn(vectors, k * size + p, k * size + q, c, s);
}

function turn(a: Float64Array, i: number, j: number, c: number, s: number): void {
  const x = a[i] ?? 0;
  const y = a[j] ?? 0;
  a[i] = c * x - s * y;
  a[j] = s * x + c * y;
}
