/** From `start` up to and without `end`, in milliseconds since the Unix epoch. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The same instants in as few spans as possible, in order. */
export function union(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans.filter(({ start, end }) => start < end).toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || last.end < span.start) merged.push(span);
    else if (last.end < span.end) merged[merged.length - 1] = { start: last.start, end: span.end };
  }
  return merged;
}

/** What lies in both of two unions. */
export function intersection(a: readonly Span[], b: readonly Span[]): Span[] {
  return union(a.flatMap((x) => b.map((y) => ({ start: Math.max(x.start, y.start), end: Math.min(x.end, y.end) }))));
}

/** What lies in `a` and not in `b`, both unions. */
export function difference(a: readonly Span[], b: readonly Span[]): Span[] {
  return a.flatMap((whole) => {
    const rest: Span[] = [];
    let { start } = whole;
    for (const hole of b.filter((span) => span.end > whole.start && span.start < whole.end)) {
      if (hole.start > start) rest.push({ start, end: hole.start });
      start = Math.max(start, hole.end);
    }
    return start < whole.end ? [...rest, { start, end: whole.end }] : rest;
  });
}
