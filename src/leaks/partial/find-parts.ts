import { BODY_SYMBOLS } from '../canary.ts';
import type { Tape } from '../text/skeleton.ts';
import { nearestMatch } from './edit-distance.ts';
import type { Segment } from './evidence.ts';
import { firstPosting, SEED, type SeedIndex, seedSymbol } from './seed-index.ts';

/** A whole body with at most two errors. */
export interface NearCopy {
  readonly canary: number;
  readonly distance: number;
  readonly first: number;
  readonly last: number;
}

export interface Parts {
  readonly copies: readonly NearCopy[];
  /** By canary; `at` is an index on the tape. */
  readonly segments: ReadonlyMap<number, readonly Segment[]>;
}

/** Two substitutions, one transposition. C(16, 2) * 31^2 words are that near: 63 of 80 bits are left. */
const MAX_DISTANCE = 2;
/** Bounds for a text that is made of seeds. */
const MAX_SEGMENTS = 16;
const MAX_CANARIES = 4096;
const MAX_COPIES = 64;
const SEED_MASK = 0x3fffffff;

/** Pieces of five and more symbols of known canaries on a skeleton, and near copies around them. */
export function findParts(index: SeedIndex, tape: Tape): Parts {
  const copies: NearCopy[] = [];
  const segments = new Map<number, Segment[]>();
  if (index.count === 0) return { copies, segments };
  let seed = 0;
  for (let i = 0; i < tape.length; i += 1) {
    seed = ((seed << 6) | seedSymbol(tape.codes[i] ?? 0)) & SEED_MASK;
    if (i < SEED - 1) continue;
    for (let posting = firstPosting(index, seed); posting >= 0; posting = index.links[posting] ?? -1) {
      const code = index.postings[posting] ?? 0;
      const canary = Math.floor(code / BODY_SYMBOLS);
      const body = index.bodies[canary] ?? '';
      const place = code % BODY_SYMBOLS;
      const start = i - SEED + 1;
      // Only the first seed of a piece: the same piece is not looked at again for each of its seeds.
      if (place > 0 && tape.codes[start - 1] === body.charCodeAt(place - 1)) continue;
      addSegment(segments, canary, grownSegment(body, tape, place, start));
      addCopy(copies, canary, body, tape, start - place);
    }
  }
  return { copies, segments };
}

function grownSegment(body: string, { codes, length }: Tape, from: number, at: number): Segment {
  let to = from + SEED;
  while (to < BODY_SYMBOLS && at + to - from < length && codes[at + to - from] === body.charCodeAt(to)) to += 1;
  return { from, to, at, marked: false };
}

function addSegment(segments: Map<number, Segment[]>, canary: number, segment: Segment): void {
  const list = segments.get(canary);
  if (list === undefined) {
    if (segments.size < MAX_CANARIES) segments.set(canary, [segment]);
    return;
  }
  const same = list.findIndex(({ from }) => from === segment.from);
  const known = list[same];
  if (known === undefined) {
    if (list.length < MAX_SEGMENTS) list.push(segment);
  } else if (segment.to - segment.from > known.to - known.from) list[same] = segment;
}

function addCopy(copies: NearCopy[], canary: number, body: string, tape: Tape, start: number): void {
  if (copies.length >= MAX_COPIES) return;
  const from = Math.max(0, start - MAX_DISTANCE);
  const to = Math.min(tape.length, start + BODY_SYMBOLS + MAX_DISTANCE);
  const { distance, last } = nearestMatch(body, tape.codes, from, to);
  if (distance > MAX_DISTANCE || copies.some((copy) => copy.canary === canary && copy.last >= from && last >= copy.first)) return;
  copies.push({ canary, distance, first: Math.max(from, last - BODY_SYMBOLS + 1), last });
}
