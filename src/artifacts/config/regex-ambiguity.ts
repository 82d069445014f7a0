import { positionsOf, type Positions } from './regex-positions.ts';
import { parseRegex, RegexFault, RegexLimit, type RegexNode } from './regex-syntax.ts';

const MAX_STEPS = 2_000_000;
const MAX_PARTS = 200;

/**
 * Whether a backtracking engine can take exponential time for a pattern, as nested quantifiers such as `(a+)+` make it: some loop can be
 * gone through in two ways on the same text. `unreadable`: it is no pattern. `too-large`: nobody can say.
 */
export function backtracking(pattern: string): 'exponential' | 'bounded' | 'unreadable' | 'too-large' {
  try {
    const pending: RegexNode[] = [parseRegex(pattern)];
    const budget = { steps: MAX_STEPS };
    let parts = 0;
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (++parts > MAX_PARTS) return 'too-large';
      if (
        isAmbiguous(
          positionsOf(node, (body) => void pending.push(body)),
          budget,
        )
      )
        return 'exponential';
    }
    return 'bounded';
  } catch (error) {
    if (error instanceof RegexLimit) return 'too-large';
    if (error instanceof RegexFault) return 'unreadable';
    throw error;
  }
}

/** Two different paths from a state back to itself on one text (Weber and Seidl 1991, criterion EDA). */
function isAmbiguous(positions: Positions, budget: { steps: number }): boolean {
  const before = reversed(positions.follow);
  for (const loop of loopsOf(positions.follow, before)) {
    if ([...loop].some((state) => hasTwoWays(positions.follow[state], loop))) return true;
    for (const state of loop) {
      const forward = pairsFrom(state, loop, positions.follow, positions, budget);
      if (![...forward].some(isApart)) continue;
      const backward = pairsFrom(state, loop, before, positions, budget);
      if ([...forward].some((pair) => isApart(pair) && backward.has(pair))) return true;
    }
  }
  return false;
}

function hasTwoWays(follow: ReadonlyMap<number, number> | undefined, loop: ReadonlySet<number>): boolean {
  return follow !== undefined && [...follow].some(([next, ways]) => ways > 1 && loop.has(next));
}

const SHIFT = 4096;
const isApart = (pair: number): boolean => Math.floor(pair / SHIFT) !== pair % SHIFT;

/** Pairs of states that one text leads to from the same state twice; along reversed edges, that lead to it. */
function pairsFrom(
  start: number,
  loop: ReadonlySet<number>,
  follow: readonly ReadonlyMap<number, number>[],
  { sets }: Positions,
  budget: { steps: number },
): ReadonlySet<number> {
  const known = new Set<number>([start * SHIFT + start]);
  for (const pair of known) {
    const [firsts, seconds] = [follow[Math.floor(pair / SHIFT)], follow[pair % SHIFT]].map((edges) => [...(edges?.keys() ?? [])].filter((to) => loop.has(to)));
    budget.steps -= (firsts?.length ?? 0) * (seconds?.length ?? 0) + 1;
    if (budget.steps < 0) throw new RegexLimit('too many ways through it');
    for (const a of firsts ?? []) for (const b of overlapping(sets, a, seconds ?? [])) known.add(a * SHIFT + b);
  }
  return known;
}

function overlapping(sets: Positions['sets'], state: number, others: readonly number[]): number[] {
  return others.filter((other) => ((sets[state] ?? 0n) & (sets[other] ?? 0n)) !== 0n);
}

function reversed(follow: readonly ReadonlyMap<number, number>[]): Map<number, number>[] {
  const before = follow.map(() => new Map<number, number>());
  for (const [from, edges] of follow.entries()) for (const [to, ways] of edges) before[to]?.set(from, ways);
  return before;
}

/** The strongly connected parts that have a loop. */
function loopsOf(follow: readonly ReadonlyMap<number, number>[], before: readonly ReadonlyMap<number, number>[]): Set<number>[] {
  const loops: Set<number>[] = [];
  const done = new Set<number>();
  for (const start of follow.keys()) {
    if (done.has(start)) continue;
    const reached = reach(start, follow);
    const loop = new Set([...reach(start, before)].filter((state) => reached.has(state)));
    for (const state of loop) done.add(state);
    if (loop.size > 0) loops.push(loop);
  }
  return loops;
}

/** What is reached by at least one step. */
function reach(start: number, follow: readonly ReadonlyMap<number, number>[]): Set<number> {
  const known = new Set<number>(follow[start]?.keys() ?? []);
  for (const state of known) for (const next of follow[state]?.keys() ?? []) known.add(next);
  return known;
}
