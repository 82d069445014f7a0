import { requireBetween } from '../statistics/checked-numbers.ts';
import type { BootstrapOptions } from '../statistics/bootstrap.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import type { Interval } from '../statistics/proportion-intervals.ts';

/** One document under one model: its summed -log2 likelihood and its length in UTF-8 bytes. */
export interface DocumentBits {
  readonly id: string;
  readonly bits: number;
  readonly bytes: number;
}

/** Fresh text and an anchor that never changes, each scored now and when the model was released. */
export interface FitSets {
  readonly freshNow: readonly DocumentBits[];
  readonly anchorNow: readonly DocumentBits[];
  readonly freshAtRelease: readonly DocumentBits[];
  readonly anchorAtRelease: readonly DocumentBits[];
}

export interface FitDrift {
  /** D = [bpb(fresh now) - bpb(anchor now)] - [bpb(fresh at release) - bpb(anchor at release)], bits per byte: above 0 the model fits today's text worse. */
  readonly difference: number;
  /** Percentile bootstrap by document, 95 %; null with fewer than two documents in a set. */
  readonly interval: Interval | null;
  /** Smallest D whose lower bound would probably exceed 0: the half width of the interval. */
  readonly resolution: number | null;
}

const SETS = ['freshNow', 'anchorNow', 'freshAtRelease', 'anchorAtRelease'] as const;
const SIGNS = [1, -1, -1, 1] as const;

function requireDocuments(name: string, documents: readonly DocumentBits[]): void {
  if (documents.length === 0) throw new RangeError(`${name} has no documents`);
  for (const { id, bits, bytes } of documents) {
    requireBetween(`${name}: bits of ${id}`, bits, 0, Number.MAX_VALUE);
    requireBetween(`${name}: bytes of ${id}`, bytes, 1, Number.MAX_SAFE_INTEGER);
  }
}

function bitsPerByte(documents: readonly DocumentBits[], drawn: Iterable<number>): number {
  let bits = 0;
  let bytes = 0;
  for (const index of drawn) {
    const document = documents[index];
    bits += document?.bits ?? 0;
    bytes += document?.bytes ?? 0;
  }
  return bits / bytes;
}

/** For each set the stratum it is drawn with: sets of the same documents are drawn together, so that what both share cancels. */
function strataOf(sets: readonly (readonly DocumentBits[])[]): { readonly strata: number[]; readonly sizes: number[] } {
  const strata: number[] = [];
  const sizes: number[] = [];
  sets.forEach((documents, i) => {
    const twin = sets.findIndex((other, j) => j < i && other.length === documents.length && other.every(({ id }, k) => id === documents[k]?.id));
    strata.push(twin >= 0 ? (strata[twin] ?? 0) : sizes.length);
    if (twin < 0) sizes.push(documents.length);
  });
  return { strata, sizes };
}

/**
 * Difference in differences of bits per byte, so that neither tokenizers nor a change of the engine matter. Throws a
 * RangeError for an empty set, bits below 0 or documents without bytes.
 */
export function fitDrift(input: FitSets, options: BootstrapOptions): FitDrift {
  for (const name of SETS) requireDocuments(name, input[name]);
  const sets = SETS.map((name) => [...input[name]].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)));
  const combine = (bitsOf: (documents: readonly DocumentBits[], set: number) => number): number =>
    sets.reduce((sum, documents, i) => sum + (SIGNS[i] ?? 0) * bitsOf(documents, i), 0);
  const difference = combine((documents) =>
    bitsPerByte(
      documents,
      documents.map((_document, i) => i),
    ),
  );
  const { strata, sizes } = strataOf(sets);
  const interval = bootstrapInterval(sizes, (drawn) => combine((documents, i) => bitsPerByte(documents, drawn[strata[i] ?? 0] ?? [])), options);
  return { difference, interval, resolution: interval === null ? null : (interval.upper - interval.lower) / 2 };
}
