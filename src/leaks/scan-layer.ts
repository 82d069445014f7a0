import { parseCanary } from './canary.ts';
import type { CanarySet } from './canary-set.ts';
import { acrosticTexts, stridedTapes } from './decode/acrostics.ts';
import { ascii85Texts } from './decode/ascii85-runs.ts';
import { base58Texts } from './decode/base58-runs.ts';
import { base64Texts, wrappedBase64Text } from './decode/base64-runs.ts';
import { type DecodingBudget, type DerivedText, spend } from './decode/derived-text.ts';
import { hexTexts } from './decode/hex-runs.ts';
import { hiddenTexts } from './decode/hidden-characters.ts';
import { brailleTexts, morseTexts, rot47Text } from './decode/signs.ts';
import { unescapedText } from './decode/unescape.ts';
import { uuencodeTexts } from './decode/uuencode-lines.ts';
import type { Confidence, HitList } from './finding.ts';
import { alarmBits, evidenceBits, type Segment } from './partial/evidence.ts';
import { findParts } from './partial/find-parts.ts';
import { segmentsAfterMarker } from './partial/marked-heads.ts';
import { foldedSkeletonOf } from './text/leet.ts';
import { alphanumericsOf, skeletonOf, spanOf, type Tape } from './text/skeleton.ts';
import { searchTape, type TapeHit } from './search/search-tape.ts';

type Decoder = (text: string, budget: DecodingBudget) => Generator<DerivedText>;

const DECODERS: readonly Decoder[] = [unescapedText, base64Texts, wrappedBase64Text, hexTexts, base58Texts, ascii85Texts, uuencodeTexts];
/** How deep decoding goes: base64 of base64 of base64. */
const MAX_DEPTH = 3;
/** A text is read about this many times by all searches. */
const PASSES = 4;

/** What a scan of one text needs to know about parts, besides the hits. */
export interface LayerParts {
  readonly skeleton: Tape;
  readonly segments: ReadonlyMap<number, readonly Segment[]>;
  /** Plain markers on the skeleton. */
  readonly markers: number;
}

/** Puts what was found in a derived text to the place that it was derived from. */
type Report = (canary: number, via: readonly string[], confidence: Confidence, start: number, end: number) => void;

/**
 * Adds everything in a text that is a whole canary or a near copy of one to `hits`, and gives the pieces of canaries that it saw.
 * @param offset Where in the text the new message begins; before it stands the end of earlier ones.
 */
export function scanLayer(set: CanarySet, text: string, offset: number, budget: DecodingBudget, hits: HitList): LayerParts {
  const report: Report = (canary, via, confidence, start, end) => {
    hits.add({ canary, via: via.join(', '), confidence, start, end });
  };
  const parts = scanText(set, text, report);
  for (const { via, tape } of stridedTapes(parts.skeleton, budget)) {
    searchTape(set.skeleton, set.byHash, tape, false, (hit) => reportHit(text, tape, hit, [via], report));
  }
  // A message begins a line.
  const lines = offset === 0 ? text : `${text.slice(0, offset)}\n${text.slice(offset)}`;
  for (const { via, text: letters } of acrosticTexts(lines, budget)) scanSkeleton(set, { via, text: letters, start: 0, end: text.length }, report);
  for (const decoder of [rot47Text, hiddenTexts, brailleTexts, morseTexts]) {
    for (const derived of decoder(text, budget)) scanSkeleton(set, derived, report);
  }
  scanDerived(set, text, DECODERS, budget, 1, report);
  if (offset > 0) {
    scanDerived(set, text.slice(offset), [wrappedBase64Text], budget, 1, (canary, via, confidence, start, end) => {
      report(canary, via, confidence, start + offset, end + offset);
    });
  }
  return parts;
}

/** Searches a text as it is: its skeleton, its letters in their case, its folded skeleton, and pieces. */
function scanText(set: CanarySet, text: string, report: Report, via: readonly string[] = []): LayerParts {
  const skeleton = skeletonOf(text);
  const marked = new Map<number, Segment[]>();
  let markers = 0;
  searchTape(
    set.skeleton,
    set.byHash,
    skeleton,
    false,
    (hit) => reportHit(text, skeleton, hit, via, report),
    (behind) => {
      markers += 1;
      for (const [canary, segment] of segmentsAfterMarker(set.seeds.bodies, set.heads, skeleton, behind)) marked.set(canary, [segment]);
    },
  );
  const cased = alphanumericsOf(text);
  searchTape(set.caseSensitive, set.byHash, cased, false, (hit) => reportHit(text, cased, hit, via, report));
  const folded = foldedSkeletonOf(text, skeleton);
  searchTape(set.folded, set.byFoldedHash, folded, true, (hit) => reportHit(text, folded, hit, via, report));
  const parts = findParts(set.seeds, skeleton);
  for (const { canary, distance, first, last } of parts.copies) {
    const { start, end } = spanOf(text, skeleton, first, last);
    if (distance === 0) report(canary, [...via, 'without marker'], 'encoded', start, end);
    else report(canary, [...via, 'misspelled'], 'partial', start, end);
  }
  const segments = new Map<number, readonly Segment[]>(marked);
  for (const [canary, list] of parts.segments) segments.set(canary, [...(marked.get(canary) ?? []), ...list]);
  return { skeleton, segments, markers };
}

function reportHit(text: string, tape: Tape, { canary, form, marker, first, last }: TapeHit, via: readonly string[], report: Report): void {
  const { start, end } = spanOf(text, tape, first, last);
  if (form.via !== 'plain') {
    report(canary, [...via, form.via], 'encoded', start, end);
    return;
  }
  const verbatim = parseCanary(text.slice(start, end), marker) !== undefined;
  if (via.length > 0) report(canary, via, 'encoded', start, end);
  else report(canary, [verbatim ? 'verbatim' : 'disguised'], verbatim ? 'exact' : 'encoded', start, end);
}

/** A derived text in which only a canary in letters, digits or bits makes sense. */
function scanSkeleton(set: CanarySet, { via, text, start, end }: DerivedText, report: Report): void {
  const tape = skeletonOf(text);
  searchTape(set.skeleton, set.byHash, tape, false, (hit) =>
    reportHit(text, tape, hit, [via], (canary, path, confidence) => {
      report(canary, path, confidence, start, end);
    }),
  );
}

/** Decodes what can be decoded, searches it, and goes on with that. */
function scanDerived(set: CanarySet, text: string, decoders: readonly Decoder[], budget: DecodingBudget, depth: number, report: Report): void {
  for (const decoder of decoders) {
    for (const derived of decoder(text, budget)) {
      if (!spend(budget, derived.text.length * PASSES)) return;
      const inner: Report = (canary, path, confidence) => {
        report(canary, [derived.via, ...path], confidence, derived.start, derived.end);
      };
      scanInner(set, derived.text, inner);
      if (depth < MAX_DEPTH) scanDerived(set, derived.text, DECODERS, budget, depth + 1, inner);
    }
  }
}

/** As `scanText`, with pieces judged at once: they are not put together with those of other texts. */
function scanInner(set: CanarySet, text: string, report: Report): void {
  const decoded: Report = (canary, path, confidence, start, end) => {
    const rest = path.filter((step) => step !== 'verbatim' && step !== 'disguised');
    report(canary, rest, confidence === 'exact' ? 'encoded' : confidence, start, end);
  };
  const { skeleton, segments, markers } = scanText(set, text, decoded);
  for (const [canary, list] of segments) {
    const bits = evidenceBits(set.seeds.bodies[canary] ?? '', list, skeleton.length, markers);
    if (bits >= alarmBits(set.seeds.count)) decoded(canary, ['part'], 'partial', 0, text.length);
  }
}
