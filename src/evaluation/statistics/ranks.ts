/** Ranks of the values from 1, ties at the mean of their places, and the sum of t^3 - t over the groups of t equal values. */
export function midranks(values: readonly number[]): { readonly ranks: Float64Array; readonly tieTerm: number } {
  const order = Float64Array.from(values).sort();
  const ranks = new Float64Array(values.length);
  const rankOf = new Map<number, number>();
  let tieTerm = 0;
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && order[end] === order[start]) end += 1;
    const ties = end - start;
    tieTerm += ties ** 3 - ties;
    // Normalizes -0: Map treats it as 0, so does the comparison above.
    rankOf.set(order[start] ?? 0, (start + 1 + end) / 2);
    start = end;
  }
  for (let i = 0; i < values.length; i += 1) ranks[i] = rankOf.get(values[i] ?? 0) ?? 0;
  return { ranks, tieTerm };
}
