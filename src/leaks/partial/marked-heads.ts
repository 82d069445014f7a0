import type { Tape } from '../text/skeleton.ts';
import type { Segment } from './evidence.ts';
import type { SeedIndex } from './seed-index.ts';

/** Symbols behind a marker by which a canary is told from others. */
const HEAD = 2;
const MAX_HEADS = 1024;

/** The canaries by their first two symbols. */
export function headsOf({ bodies }: SeedIndex): ReadonlyMap<string, readonly number[]> {
  const heads = new Map<string, number[]>();
  for (const [canary, body] of bodies.entries()) {
    if (body === undefined) continue;
    const list = heads.get(body.slice(0, HEAD));
    if (list === undefined) heads.set(body.slice(0, HEAD), [canary]);
    else list.push(canary);
  }
  return heads;
}

/** The beginnings of canaries behind a marker that ends before `start`. */
export function segmentsAfterMarker(
  bodies: SeedIndex['bodies'],
  heads: ReadonlyMap<string, readonly number[]>,
  { codes, length }: Tape,
  start: number,
): readonly (readonly [canary: number, segment: Segment])[] {
  if (start + HEAD > length) return [];
  const head = String.fromCharCode(...codes.subarray(start, start + HEAD));
  return (heads.get(head) ?? []).slice(0, MAX_HEADS).map((canary) => {
    const body = bodies[canary] ?? '';
    let to = HEAD;
    while (to < body.length && start + to < length && codes[start + to] === body.charCodeAt(to)) to += 1;
    return [canary, { from: 0, to, at: start, marked: true }] as const;
  });
}
