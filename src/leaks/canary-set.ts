import { canaryBody, type CanaryEntry, checkMarker } from './canary.ts';
import { type Automaton, buildAutomaton } from './search/automaton.ts';
import { ALPHANUMERICS, caseForms, foldedForms, type MarkerForm, SKELETON_SYMBOLS, skeletonForms } from './search/marker-forms.ts';
import { headsOf } from './partial/marked-heads.ts';
import { buildSeedIndex, type SeedIndex } from './partial/seed-index.ts';

/** A canary to look for. Parts and misspellings of it are found only when its text is given. */
export interface WatchedCanary extends CanaryEntry {
  readonly text?: string;
}

/** Forms of all markers, and what finds them on one kind of tape. */
export interface FormSearch {
  readonly forms: readonly (MarkerForm & { readonly marker: string })[];
  readonly automaton: Automaton;
}

/**
 * Everything that a scan needs. The automata hold the markers only: what follows a marker is read in the marker's encoding and looked
 * up by its hash, so that 100,000 canaries cost a hash table, not 100,000 times the patterns. The index of parts grows with the texts given.
 */
export interface CanarySet {
  readonly canaries: readonly WatchedCanary[];
  readonly skeleton: FormSearch;
  readonly caseSensitive: FormSearch;
  readonly folded: FormSearch;
  readonly byId: ReadonlyMap<string, number>;
  readonly byHash: ReadonlyMap<string, number>;
  readonly byFoldedHash: ReadonlyMap<string, number>;
  readonly seeds: SeedIndex;
  /** Canaries with a text by their first symbols. */
  readonly heads: ReadonlyMap<string, readonly number[]>;
  readonly markers: readonly string[];
}

const MAX_MARKERS = 8;

function searchFor(markers: readonly string[], formsOf: (marker: string) => readonly MarkerForm[], alphabet: string): FormSearch {
  const forms = markers.flatMap((marker) => formsOf(marker).map((form) => ({ ...form, marker })));
  return {
    forms,
    automaton: buildAutomaton(
      forms.map(({ pattern }) => pattern),
      alphabet,
    ),
  };
}

/** @throws RangeError for a bad marker or more than eight different ones. */
export function compileCanaries(canaries: readonly WatchedCanary[]): CanarySet {
  const markers = [...new Set(canaries.map(({ marker }) => marker))];
  markers.forEach(checkMarker);
  if (markers.length > MAX_MARKERS) throw new RangeError(`canaries of at most ${String(MAX_MARKERS)} markers are looked for at once`);
  const seeds = buildSeedIndex(canaries.map(({ text, marker }) => (text === undefined ? undefined : canaryBody(text, marker))));
  return {
    canaries,
    markers,
    skeleton: searchFor(markers, skeletonForms, SKELETON_SYMBOLS),
    caseSensitive: searchFor(markers, caseForms, ALPHANUMERICS),
    folded: searchFor(markers, foldedForms, SKELETON_SYMBOLS),
    byId: new Map(canaries.map(({ id }, index) => [id, index])),
    byHash: new Map(canaries.map(({ hash }, index) => [hash, index])),
    byFoldedHash: new Map(canaries.map(({ foldedHash }, index) => [foldedHash, index])),
    seeds,
    heads: headsOf(seeds),
  };
}
