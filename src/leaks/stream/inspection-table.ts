import { createHash } from 'node:crypto';
import { BYTES_AFTER, BYTES_BEFORE, byteClasses, type SecretRule } from '../secrets/secret-rule.ts';
import { compilePatterns, type Pattern, type PatternTable } from './pattern-table.ts';

/** A rule behind one of its anchors, with what the scan asks for at every byte. */
export interface WatchedRule {
  readonly rule: SecretRule;
  readonly anchor: string;
  readonly classes: Uint8Array;
}

/** Everything that the inspection of streams needs; never changed, shared by all streams. A new set of canaries is a new table. */
export interface InspectionTable {
  readonly patterns: PatternTable;
  /** By anchor: the rules that wait for it. */
  readonly anchors: readonly (readonly WatchedRule[])[];
  readonly hasRules: boolean;
  /** 16 hexadecimal digits: which canaries and rules these are, for the record of a request. */
  readonly version: string;
}

/**
 * @param canaries What may not leave, found in any case of ASCII letters.
 * @param rules Kinds of credentials that may not leave.
 * @throws RangeError for a canary of less than 8 or more than 250 bytes, an anchor of less than two characters, or a rule that waits for
 * more than 256: the number of credentials that are waited for at once is bounded by these two.
 */
export function compileInspection(canaries: readonly Pattern[], rules: readonly SecretRule[]): InspectionTable {
  const watchedBy = new Map<string, WatchedRule[]>();
  for (const rule of rules) {
    if (rule.most > BYTES_AFTER || rule.anchors.some(({ length }) => length < 2 || length > BYTES_BEFORE / 2))
      throw new RangeError(`rule ${rule.id}: anchors have 2 to 32 characters, and at most 256 bytes are waited for`);
    const classes = byteClasses(rule);
    for (const anchor of rule.anchors) {
      const watched = watchedBy.get(anchor.toLowerCase()) ?? [];
      watched.push({ rule, anchor, classes });
      watchedBy.set(anchor.toLowerCase(), watched);
    }
  }
  return {
    patterns: compilePatterns(canaries, [...watchedBy.keys()]),
    anchors: [...watchedBy.values()],
    hasRules: rules.length > 0,
    version: versionOf(canaries, rules),
  };
}

function versionOf(canaries: readonly Pattern[], rules: readonly SecretRule[]): string {
  const hash = createHash('sha256');
  for (const id of canaries.map((canary) => canary.id).toSorted()) hash.update(`canary ${id}\n`);
  for (const { id, anchors, pattern, entropy } of rules) hash.update(`rule ${id} ${anchors.join(' ')} ${pattern.source} ${String(entropy)}\n`);
  return hash.digest('hex').slice(0, 16);
}
