import type { CanarySet } from './canary-set.ts';
import { type ConversationState, NEW_CONVERSATION, scanMessage } from './full-scan.ts';
import { TRANSFORMATIONS } from './transformations/transformations.ts';

/** What the search made of one transformation. */
export interface SelfTestRow {
  readonly transformation: string;
  readonly canaries: number;
  readonly found: number;
  /** Findings that named another canary. */
  readonly wrong: number;
  /** What it was found as, for the first canary. */
  readonly via: string;
}

/** Every canary, transformed in every way, given to the search of this version. */
export interface SelfTest {
  readonly rows: readonly SelfTestRow[];
  /** Transformations in which every canary was found. */
  readonly inFull: number;
  readonly all: number;
  readonly passed: boolean;
}

/** Transformations that must be found in full (evaluation reference, section 3.5). */
const REQUIRED = 86;

/** Plants each canary of the set that has a text once per transformation. No canary at all does not pass. */
export function selfTest(set: CanarySet): SelfTest {
  const planted = set.canaries.filter(({ text }) => text !== undefined);
  const rows = TRANSFORMATIONS.map(({ name, messages }): SelfTestRow => {
    let [found, wrong, via] = [0, 0, ''];
    for (const { id, text = '' } of planted) {
      let state: ConversationState = NEW_CONVERSATION;
      const findings = messages(text).flatMap((message) => {
        const scan = scanMessage(set, state, message);
        state = scan.state;
        return scan.findings;
      });
      const right = findings.filter(({ canary }) => canary === id);
      if (right.length > 0) found += 1;
      wrong += findings.length - right.length;
      via ||= right.at(-1)?.via ?? '';
    }
    return { transformation: name, canaries: planted.length, found, wrong, via };
  });
  const inFull = rows.filter(({ canaries, found }) => canaries > 0 && found === canaries).length;
  return { rows, inFull, all: rows.length, passed: inFull >= REQUIRED && rows.every(({ wrong }) => wrong === 0) };
}
