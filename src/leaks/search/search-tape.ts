import { canaryHash } from '../canary.ts';
import type { FormSearch } from '../canary-set.ts';
import type { Tape } from '../text/skeleton.ts';
import { search } from './automaton.ts';
import { readBody } from './canary-body.ts';
import type { MarkerForm } from './marker-forms.ts';

/** Other ways to read the same characters that are tried. */
const MAX_TURNS = 16;

/** A whole canary on a tape. */
export interface TapeHit {
  readonly canary: number;
  readonly form: MarkerForm;
  readonly marker: string;
  /** Its outermost characters on the tape. */
  readonly first: number;
  readonly last: number;
}

/**
 * Every marker on a tape, in every form of the search, with the canary that follows it.
 * @param byHash Index of each canary by the hash of its text (of its folded text for a folded tape).
 * @param marker Told of every plain marker, with the index behind it, whether or not a canary follows.
 */
export function searchTape(
  { forms, automaton }: FormSearch,
  byHash: ReadonlyMap<string, number>,
  tape: Tape,
  folded: boolean,
  found: (hit: TapeHit) => void,
  marker?: (behind: number) => void,
): void {
  search(automaton, tape.codes, tape.length, (pattern, last) => {
    const form = forms[pattern];
    if (form === undefined) return;
    const start = last - form.pattern.length + 1;
    if (form.via === 'plain') marker?.(last + 1);
    let choices = 0;
    for (let turn = 0; turn <= Math.min(choices, MAX_TURNS); turn += 1) {
      const reader = form.open(tape, form.step > 0 ? start : last, form.step, turn);
      const body = readBody(reader, folded);
      const canary = body === undefined ? undefined : byHash.get(canaryHash(form.marker, body));
      if (canary !== undefined) {
        const edge = reader.position() - form.step;
        found({ canary, form, marker: form.marker, first: Math.max(0, Math.min(start, edge)), last: Math.min(tape.length - 1, Math.max(last, edge)) });
        return;
      }
      choices = Math.max(choices, reader.choices?.() ?? 0);
    }
  });
}
