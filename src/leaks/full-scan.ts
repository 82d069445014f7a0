import type { CanarySet } from './canary-set.ts';
import type { DecodingBudget } from './decode/derived-text.ts';
import { type Hit, HitList, type LeakFinding, redactedExcerpt } from './finding.ts';
import { alarmBits, EVIDENCE_SCOPE, evidenceBits, type Segment } from './partial/evidence.ts';
import { type LayerParts, scanLayer } from './scan-layer.ts';
import { searchTape } from './search/search-tape.ts';
import { templateResidues, withRecent } from './template-residues.ts';
import { skeletonOf } from './text/skeleton.ts';

/** A piece of a canary by its id, so that the state outlives the set of canaries. */
export interface SeenSegment extends Segment {
  readonly id: string;
}

/**
 * What the messages so far leave behind for the next one of the same conversation: plain data of at most about 20 KB.
 * It holds text of the conversation, so it is as secret as that.
 */
export interface ConversationState {
  /** The end of what was said. */
  readonly tail: string;
  /** Skeleton characters so far. */
  readonly characters: number;
  readonly markers: number;
  readonly segments: readonly SeenSegment[];
  readonly recent: readonly string[];
  /** Canaries that were found as fragments over messages: each is told once. */
  readonly told: readonly string[];
}

export interface MessageScan {
  readonly findings: readonly LeakFinding[];
  readonly state: ConversationState;
  /** Decoding reached its limit: what is nested deeper was not searched. */
  readonly limited: boolean;
}

export const NEW_CONVERSATION: ConversationState = { tail: '', characters: 0, markers: 0, segments: [], recent: [], told: [] };

const TAIL = 512;
/** Longer messages are searched in pieces, so that memory stays bounded; pieces overlap by more than an encoded canary. */
const PIECE = 1024 * 1024;
const PIECE_TAIL = 4096;
const MAX_SEGMENTS = 256;
const MAX_TOLD = 64;
const BUDGET_PER_CHARACTER = 64;
const BUDGET_BASE = 4 * 1024 * 1024;

/** Everything that a text shows of the canaries. Nothing found proves nothing: paraphrase, encryption and private codes are not seen. */
export function scanText(set: CanarySet, text: string): Pick<MessageScan, 'findings' | 'limited'> {
  return scanMessage(set, NEW_CONVERSATION, text);
}

/** The next message of a conversation: whole and encoded canaries, parts of them, and those that are spread over messages. */
export function scanMessage(set: CanarySet, state: ConversationState, message: string): MessageScan {
  const findings: LeakFinding[] = [];
  let [now, limited] = [state, false];
  for (let start = 0; start === 0 || start < message.length; start += PIECE) {
    const piece = message.slice(start, start + PIECE);
    const scan = scanPiece(set, now, piece, start + PIECE < message.length ? PIECE_TAIL : TAIL);
    limited ||= scan.limited;
    now = scan.state;
    // What began in an earlier piece of this message began in this message.
    for (const found of scan.findings)
      findings.push({ ...found, start: found.start + start, end: found.end + start, acrossMessages: found.acrossMessages && start === 0 });
  }
  return { findings, state: { ...now, recent: withRecent(state.recent, message) }, limited };
}

function scanPiece(set: CanarySet, state: ConversationState, piece: string, tailSize: number): MessageScan {
  const text = state.tail + piece;
  const offset = state.tail.length;
  const hits = new HitList();
  const budget: DecodingBudget = { left: BUDGET_BASE + BUDGET_PER_CHARACTER * text.length };
  const parts = scanLayer(set, text, offset, budget, hits);
  const told = new Set(state.told);
  const { segments, characters, markers } = addParts(set, state, parts, offset, hits, told);
  addResidues(set, state, piece, offset, hits, told);
  const fresh = hits.hits.filter((hit) => hit.end > offset && !isRepeated(set, state, hit, offset));
  for (const { canary, confidence } of fresh) if (confidence === 'partial') told.add(set.canaries[canary]?.id ?? '');
  return {
    findings: fresh.map((hit) => findingOf(set, hit, text, offset, hits.hits)),
    state: { tail: text.slice(-tailSize), characters, markers, segments, recent: state.recent, told: [...told].slice(-MAX_TOLD) },
    limited: budget.left <= 0,
  };
}

/** A part that was told in an earlier message and goes on in this one. */
function isRepeated(set: CanarySet, { told }: ConversationState, { canary, confidence, start }: Hit, offset: number): boolean {
  return confidence === 'partial' && start < offset && told.includes(set.canaries[canary]?.id ?? '');
}

/** Judges the pieces of this text together with earlier ones. */
function addParts(
  set: CanarySet,
  state: ConversationState,
  { skeleton, segments, markers: seen }: LayerParts,
  offset: number,
  hits: HitList,
  told: Set<string>,
): Pick<ConversationState, 'segments' | 'characters' | 'markers'> {
  let repeated = 0;
  while (repeated < skeleton.length && (skeleton.origin[repeated] ?? 0) < offset) repeated += 1;
  const shift = state.characters - repeated;
  const characters = shift + skeleton.length;
  const markers = state.markers + seen;
  const alarm = alarmBits(set.seeds.count);
  const kept: SeenSegment[] = state.segments.filter(({ at }) => at > characters - EVIDENCE_SCOPE);
  for (const [canary, list] of segments) {
    const id = set.canaries[canary]?.id ?? '';
    const fresh = list.filter(({ at, from, to }) => at + to - from > repeated);
    if (fresh.length === 0) continue;
    const moved = fresh.map((segment): SeenSegment => ({ ...segment, at: segment.at + shift, id }));
    const body = set.seeds.bodies[canary] ?? '';
    // What was told already counts again only when all of it stands in this message.
    const counted = told.has(id) ? list.filter(({ at }) => at >= repeated) : list;
    const alone = evidenceBits(body, counted, skeleton.length, seen) >= alarm;
    const earlier = kept.filter((segment) => segment.id === id);
    const together = !told.has(id) && evidenceBits(body, [...earlier, ...moved], characters, markers) >= alarm;
    kept.push(...moved);
    if (!alone && !together) continue;
    told.add(id);
    const places = fresh.map(({ at, from, to }) => [skeleton.origin[at] ?? 0, (skeleton.origin[at + to - from - 1] ?? 0) + 1] as const);
    const [start, end] = [Math.min(...places.map(([first]) => first)), Math.max(...places.map(([, last]) => last))];
    if (!hits.has(canary)) hits.add({ canary, via: alone ? 'part' : 'fragments', confidence: 'partial', start, end });
  }
  return { segments: kept.slice(-MAX_SEGMENTS), characters, markers };
}

/** What stands in the same frame in message after message, put together. */
function addResidues(set: CanarySet, state: ConversationState, message: string, offset: number, hits: HitList, told: Set<string>): void {
  const residues = templateResidues(withRecent(state.recent, message));
  if (residues === undefined) return;
  for (const text of new Set(residues.texts)) {
    searchTape(set.skeleton, set.byHash, skeletonOf(text), false, ({ canary, form }) => {
      const id = set.canaries[canary]?.id ?? '';
      if (hits.has(canary) || told.has(id)) return;
      told.add(id);
      const via = form.via === 'plain' ? 'fragments in a frame' : `fragments in a frame, ${form.via}`;
      hits.add({ canary, via, confidence: 'encoded', start: offset + residues.start, end: offset + Math.max(residues.end, residues.start + 1) });
    });
  }
}

function findingOf(set: CanarySet, hit: Hit, text: string, offset: number, all: readonly Hit[]): LeakFinding {
  const canary = set.canaries[hit.canary];
  if (canary === undefined) throw new Error('a hit without its canary');
  return {
    canary: canary.id,
    kind: canary.kind,
    place: canary.place,
    via: hit.via,
    confidence: hit.confidence,
    start: Math.max(0, hit.start - offset),
    end: hit.end - offset,
    acrossMessages: hit.start < offset || hit.via.startsWith('fragments'),
    excerpt: redactedExcerpt(text, hit.start, hit.end, all),
  };
}
