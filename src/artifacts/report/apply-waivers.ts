import type { FileReport } from '../findings/report.ts';
import { verdictOf } from '../findings/report.ts';
import type { Finding } from '../findings/rule.ts';
import { worseVerdict } from '../findings/verdict.ts';
import type { Verdict } from '../findings/verdict.ts';
import { SCAN_RULES } from '../scan/scan-rules.ts';

/** A waiver of the scanned digest, as the control plane knows it. */
export interface KnownWaiver {
  readonly id: string;
  readonly rule: string;
  /** File, or file!member; null for the whole model. */
  readonly path: string | null;
  readonly reason: string;
  readonly owner: string;
  /** RFC 3339. */
  readonly until: string;
  readonly state: 'active' | 'expired' | 'revoked';
}

/** How the place of a finding is written: `model.pt!archive/data.pkl`. */
export function placeOf(path: readonly string[]): string {
  return path.join('!');
}

function covers({ rule, path }: KnownWaiver, finding: Finding): boolean {
  return finding.rule.id === rule && (path === null || path === finding.path[0] || path === placeOf(finding.path));
}

/** The first active waiver that covers it, else the first of the others. */
export function waiverOf(finding: Finding, waivers: readonly KnownWaiver[]): KnownWaiver | undefined {
  const covering = waivers.filter((waiver) => covers(waiver, finding));
  return covering.find(({ state }) => state === 'active') ?? covering[0];
}

/**
 * The verdict about a file without the findings that are waived. A list that was cut at its limit may have lost others: then nothing
 * is taken off, unless the cut itself is waived.
 */
export function countedVerdict(file: FileReport, findings: readonly Finding[], isWaived: (finding: Finding) => boolean): Verdict {
  const all = findings.reduce<Verdict>((worst, { rule }) => worseVerdict(worst, rule.alarm), file.verdict);
  const left = findings.filter((finding) => !isWaived(finding));
  if (left.length === findings.length || left.some(({ rule }) => rule.id === SCAN_RULES.tooManyFindings.id)) return all;
  return verdictOf(left, file.error === null && (file.formats.length > 0 || file.other !== null));
}
