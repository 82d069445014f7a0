import { logGamma } from './log-gamma.ts';

const LARGE = 140;

/**
 * P(D_n >= d) of Kolmogorov's two-sided statistic with n values (n >= 1), chosen by R. Simard and P. L'Ecuyer, "Computing the
 * two-sided Kolmogorov-Smirnov distribution" (2011): twice the one-sided tail where it is small, else the exact matrix for
 * n <= 140 and the Pelz-Good expansion above (error under 1e-5 there, and only for p above 0.02).
 */
export function kolmogorovUpperTail(n: number, d: number): number {
  if (d >= 1) return 0;
  if (n * d <= 0.5) return 1;
  const scaled = n * d * d;
  if (d >= 0.5 || n * d >= n - 1 || scaled >= (n <= LARGE ? 4 : 2.2)) return scaled > 370 ? 0 : Math.min(1, 2 * oneSidedTail(n, d));
  const below = n <= LARGE ? exactCdf(n, d) : pelzGood(n, d);
  return Math.min(1, Math.max(0, 1 - below));
}

/** P(D_n+ >= d): d sum over j of C(n, j) (d + j/n)^(j-1) (1 - d - j/n)^(n-j) (Z. Birnbaum, F. Tingey 1951). All terms are positive. */
function oneSidedTail(n: number, d: number): number {
  const whole = logGamma(n + 1);
  let sum = 0;
  for (let j = 0; j <= Math.floor(n * (1 - d)); j += 1) {
    const rest = 1 - d - j / n;
    if (rest <= 0) continue;
    sum += Math.exp(whole - logGamma(j + 1) - logGamma(n - j + 1) + (j - 1) * Math.log(d + j / n) + (n - j) * Math.log(rest));
  }
  return d * sum;
}

/** A square matrix by rows, scaled by a power of ten so that it neither overflows nor vanishes. */
interface Scaled {
  readonly cells: Float64Array;
  readonly exponent: number;
}

function multiply(a: Scaled, b: Scaled, m: number): Scaled {
  const cells = new Float64Array(m * m);
  for (let i = 0; i < m; i += 1) {
    for (let k = 0; k < m; k += 1) {
      const factor = a.cells[i * m + k] ?? 0;
      if (factor !== 0) addRow(cells, i * m, b.cells, k * m, m, factor);
    }
  }
  const center = cells[Math.floor(m / 2) * (m + 1)] ?? 0;
  const exponent = a.exponent + b.exponent;
  return center > 1e140 ? { cells: cells.map((cell) => cell * 1e-140), exponent: exponent + 140 } : { cells, exponent };
}

function addRow(into: Float64Array, at: number, from: Float64Array, start: number, length: number, factor: number): void {
  for (let j = 0; j < length; j += 1) into[at + j] = (into[at + j] ?? 0) + factor * (from[start + j] ?? 0);
}

/** P(D_n < d) exactly: a cell of the n-th power of a matrix, times n!/n^n (G. Marsaglia, W. Tsang, J. Wang 2003). */
function exactCdf(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const m = 2 * k - 1;
  const h = k - n * d;
  const cells = new Float64Array(m * m);
  for (let i = 0; i < m; i += 1) for (let j = 0; j < Math.min(m, i + 2); j += 1) cells[i * m + j] = 1;
  for (let i = 0; i < m; i += 1) {
    cells[i * m] = (cells[i * m] ?? 0) - h ** (i + 1);
    cells[(m - 1) * m + i] = (cells[(m - 1) * m + i] ?? 0) - h ** (m - i);
  }
  cells[(m - 1) * m] = (cells[(m - 1) * m] ?? 0) + (2 * h - 1 > 0 ? (2 * h - 1) ** m : 0);
  for (let i = 0; i < m; i += 1) for (let j = 0; j < Math.min(m, i + 2); j += 1) cells[i * m + j] = (cells[i * m + j] ?? 0) / Math.exp(logGamma(i - j + 2));
  const power = raise({ cells, exponent: 0 }, n, m);
  const cell = power.cells[(k - 1) * m + k - 1] ?? 0;
  return cell <= 0 ? 0 : Math.exp(Math.log(cell) + power.exponent * Math.LN10 + logGamma(n + 1) - n * Math.log(n));
}

function raise(matrix: Scaled, exponent: number, m: number): Scaled {
  if (exponent === 1) return matrix;
  const half = raise(matrix, Math.floor(exponent / 2), m);
  const square = multiply(half, half, m);
  return exponent % 2 === 0 ? square : multiply(square, matrix, m);
}

/** P(D_n < d) by the expansion K0 + K1/sqrt(n) + K2/n + K3/n^1.5 of W. Pelz and I. Good (1976), as printed by Simard and L'Ecuyer. */
function pelzGood(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const [z4, z6] = [z2 * z2, z2 * z2 * z2];
  const sums = [0, 0, 0, 0] as [number, number, number, number];
  // Odd multiples of pi/2, then multiples of pi; later terms are below the last digit for every z of the caller.
  for (let i = 1; i <= 60; i += 1) {
    const s = ((2 * i - 1) * Math.PI) ** 2 / 4;
    const weight = Math.exp(-s / (2 * z2));
    sums[0] += weight;
    sums[1] += weight * (s - z2);
    sums[2] += weight * (6 * z6 + 2 * z4 + s * (2 * z4 - 5 * z2) + s * s * (1 - 2 * z2));
    sums[3] += weight * (-30 * z6 - 90 * z4 * z4 + s * (135 * z4 - 96 * z6) + s * s * (212 * z4 - 60 * z2) + s ** 3 * (5 - 30 * z2));
  }
  let extra2 = 0;
  let extra3 = 0;
  for (let i = 1; i <= 60; i += 1) {
    const s = (i * Math.PI) ** 2;
    const weight = Math.exp(-s / (2 * z2));
    extra2 += weight * s;
    extra3 += weight * s * (3 * z2 - s);
  }
  const [k0, k1, k2, k3] = [
    sums[0] / z,
    sums[1] / (6 * z4),
    sums[2] / (72 * z ** 7) - extra2 / (36 * z2 * z),
    sums[3] / (6480 * z ** 10) + extra3 / (216 * z6),
  ];
  return Math.sqrt(2 * Math.PI) * (k0 + k1 / Math.sqrt(n) + k2 / n + k3 / n ** 1.5);
}
