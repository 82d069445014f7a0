import { decodeValues, VALUE_BYTES } from './decode-values.ts';
import type { ByteSource } from '../bytes/byte-source.ts';

/** What a tensor looks like as numbers. NaN and infinities are counted and left out of the rest. */
export interface TensorStatistics {
  readonly elements: number;
  readonly notFinite: number;
  readonly zeros: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly deviation: number;
  /** Frobenius norm. */
  readonly norm: number;
  /** Fourth standardised moment minus 3: 0 for a normal distribution; large where a few values stand out. */
  readonly kurtosis: number;
}

const CHUNK_BYTES = 256 * 1024;

/** Reads a tensor in pieces. Undefined for a type that cannot be computed with. */
export function tensorStatistics(dtype: string, source: ByteSource, signal: AbortSignal): TensorStatistics | undefined {
  if (!VALUE_BYTES.has(dtype)) return undefined;
  const sums = new MomentSums();
  for (let at = 0; at < source.size; at += CHUNK_BYTES) {
    signal.throwIfAborted();
    sums.add(decodeValues(dtype, source.read(at, CHUNK_BYTES)) ?? new Float64Array(0));
  }
  return sums.result();
}

class MomentSums {
  private elements = 0;
  private notFinite = 0;
  private zeros = 0;
  private min = Infinity;
  private max = -Infinity;
  /** Powers are taken around the first value that comes, which keeps their sums apart from each other. */
  private origin: number | undefined;
  private readonly powers: [number, number, number, number] = [0, 0, 0, 0];
  private squares = 0;

  add(values: Float64Array): void {
    for (const value of values) {
      this.elements++;
      if (!Number.isFinite(value)) {
        this.notFinite++;
        continue;
      }
      if (value === 0) this.zeros++;
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
      this.origin ??= value;
      const d = value - this.origin;
      const d2 = d * d;
      this.powers[0] += d;
      this.powers[1] += d2;
      this.powers[2] += d2 * d;
      this.powers[3] += d2 * d2;
      this.squares += value * value;
    }
  }

  result(): TensorStatistics {
    const { elements, notFinite, zeros } = this;
    const n = elements - notFinite;
    if (n === 0) return { elements, notFinite, zeros, min: NaN, max: NaN, mean: NaN, deviation: NaN, norm: 0, kurtosis: NaN };
    const [a, b, c, d] = this.powers.map((power) => power / n) as [number, number, number, number];
    const variance = Math.max(0, b - a * a);
    const fourth = d - 4 * a * c + 6 * a * a * b - 3 * a ** 4;
    const kurtosis = variance === 0 ? 0 : fourth / variance ** 2 - 3;
    return {
      elements,
      notFinite,
      zeros,
      min: this.min,
      max: this.max,
      mean: (this.origin ?? 0) + a,
      deviation: Math.sqrt(variance),
      norm: Math.sqrt(this.squares),
      kurtosis,
    };
  }
}
