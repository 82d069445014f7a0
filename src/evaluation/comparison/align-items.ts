/** Outcome of one item in one run: 0 or 1, or a grade in between. Repeats of an item share its `cluster`. */
export interface ItemOutcome {
  readonly id: string;
  readonly score: number;
  readonly cluster?: string;
}

/** One item with both outcomes. */
export interface PairedItem {
  readonly id: string;
  readonly cluster: string;
  readonly base: number;
  readonly candidate: number;
}

/** Items of both runs in the order of their ids, and what only one of them has: a comparison over different items is none. */
export interface AlignedItems {
  readonly items: readonly PairedItem[];
  readonly missingInBase: readonly string[];
  readonly missingInCandidate: readonly string[];
}

function byId(name: string, outcomes: readonly ItemOutcome[]): Map<string, ItemOutcome> {
  const all = new Map<string, ItemOutcome>();
  for (const outcome of outcomes) {
    if (all.has(outcome.id)) throw new RangeError(`${name}: two outcomes have the id ${outcome.id}`);
    if (!Number.isFinite(outcome.score)) throw new RangeError(`${name}: the score of ${outcome.id} is ${String(outcome.score)}`);
    all.set(outcome.id, outcome);
  }
  return all;
}

/** Pairs outcomes by item id. Throws a RangeError for two outcomes of one id or a score that is not finite. */
export function alignItems(base: readonly ItemOutcome[], candidate: readonly ItemOutcome[]): AlignedItems {
  const [first, second] = [byId('base', base), byId('candidate', candidate)];
  const ids = [...new Set([...first.keys(), ...second.keys()])].sort();
  const items = ids.flatMap((id) => {
    const [a, b] = [first.get(id), second.get(id)];
    return a === undefined || b === undefined ? [] : [{ id, cluster: b.cluster ?? a.cluster ?? id, base: a.score, candidate: b.score }];
  });
  return { items, missingInBase: ids.filter((id) => !first.has(id)), missingInCandidate: ids.filter((id) => !second.has(id)) };
}
