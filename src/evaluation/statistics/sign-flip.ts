import { requireCount, requireSample } from './checked-numbers.ts';
import { seededGenerator } from './seeded-generator.ts';

export interface SignFlipResult {
  /** One-sided: the mean is greater than 0. */
  readonly greater: number;
  readonly twoSided: number;
  /** True when all 2^n signs were tried. */
  readonly exact: boolean;
}

const EXACT_UP_TO = 20;
/** Sums that differ by rounding alone count as equal; relative to the sum of the absolute values. */
const TIE = 1e-12;

/**
 * Sign-flip permutation test of paired differences: their sum under all choices of signs, or under `flips` random ones for
 * more than 20 differences that are not zero (p = (1 + hits) / (1 + flips), so never 0).
 * Throws a RangeError for an empty sample or one that is not finite.
 */
export function signFlipTest(differences: readonly number[], seed: number, flips = 10_000): SignFlipResult {
  requireSample('differences', differences);
  requireCount('flips', flips, 1);
  // A zero stays zero under either sign: it changes no comparison.
  const moving = differences.filter((difference) => difference !== 0);
  const slack =
    TIE *
    Math.max(
      1,
      moving.reduce((sum, difference) => sum + Math.abs(difference), 0),
    );
  const observed = moving.reduce((sum, difference) => sum + difference, 0);
  return moving.length <= EXACT_UP_TO ? allFlips(moving, observed, slack) : someFlips(moving, observed, slack, seed, flips);
}

/** Visits the signs in Gray order: each differs from the one before by one sign. */
function allFlips(differences: readonly number[], observed: number, slack: number): SignFlipResult {
  const signs = differences.map(() => 1);
  const all = 2 ** differences.length;
  let sum = observed;
  let greater = 1;
  let twoSided = 1;
  for (let step = 1; step < all; step += 1) {
    const flipped = 31 - Math.clz32(step & -step);
    sum -= 2 * (signs[flipped] ?? 0) * (differences[flipped] ?? 0);
    signs[flipped] = -(signs[flipped] ?? 0);
    if (sum >= observed - slack) greater += 1;
    if (Math.abs(sum) >= Math.abs(observed) - slack) twoSided += 1;
  }
  return { greater: greater / all, twoSided: twoSided / all, exact: true };
}

function someFlips(differences: readonly number[], observed: number, slack: number, seed: number, flips: number): SignFlipResult {
  const random = seededGenerator(seed, 'sign-flip');
  let greater = 1;
  let twoSided = 1;
  for (let flip = 0; flip < flips; flip += 1) {
    let bits = 0;
    let sum = 0;
    for (let i = 0; i < differences.length; i += 1) {
      if (i % 32 === 0) bits = random.uint32();
      sum += bits & 1 ? (differences[i] ?? 0) : -(differences[i] ?? 0);
      bits >>>= 1;
    }
    if (sum >= observed - slack) greater += 1;
    if (Math.abs(sum) >= Math.abs(observed) - slack) twoSided += 1;
  }
  return { greater: greater / (1 + flips), twoSided: twoSided / (1 + flips), exact: false };
}
