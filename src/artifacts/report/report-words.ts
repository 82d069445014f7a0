import { placeOf } from './apply-waivers.ts';
import type { ReportedFinding, ReportedRule, ReportedWaiver, ScanDocument } from './scan-document.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes with three digits: `1.23 GB`. */
export function sizeText(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return step === 0 ? `${String(bytes)} B` : `${(bytes / 1000 ** step).toPrecision(3)} ${UNITS[step] ?? ''}`;
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}

/** Where it is: `model.pt!archive/data.pkl@23`. */
export function findingPlace({ path, offset }: Pick<ReportedFinding, 'path' | 'offset'>): string {
  return placeOf(path) + (offset === null ? '' : `@${String(offset)}`);
}

export function ruleOf(document: ScanDocument, id: string): ReportedRule {
  const rule = document.rules.find((candidate) => candidate.id === id);
  if (rule === undefined) throw new Error(`the report names the rule ${id} and does not describe it`);
  return rule;
}

export function waiverNamed(document: ScanDocument, id: string): ReportedWaiver {
  const waiver = document.waivers.find((candidate) => candidate.id === id);
  if (waiver === undefined) throw new Error(`the report names the waiver ${id} and does not describe it`);
  return waiver;
}

/** The verdict with what waivers took off: `malicious (waived)`, `malicious (waived; what is left: suspicious)`. */
export function verdictText({ verdict, counted }: Pick<ScanDocument, 'verdict' | 'counted'>): string {
  if (verdict === counted) return verdict;
  return counted === 'clean' ? `${verdict} (waived)` : `${verdict} (waived; what is left: ${counted})`;
}

/** Says only what was checked. */
export function checksText({ coverage }: ScanDocument): string {
  const checks = coverage.checked.map(({ check }) => check);
  return checks.length === 0 ? 'checks: none' : `checks: ${checks.join('; ')}`;
}

/** One sentence: verdict, how much was read, what was found. */
export function summaryText(document: ScanDocument): string {
  const { filesTotal, bytes, findingsTotal, headersOnly, coverage } = document;
  const amount = `${countText(filesTotal, 'file')}, ${sizeText(bytes)}${headersOnly ? ', headers only' : ''}`;
  const waived = document.findings.filter(({ waiver }) => waiver !== null).length;
  const open = coverage.notChecked.length === 0 ? '' : `, ${countText(coverage.notChecked.length, 'check was', 'checks were')} not carried out everywhere`;
  const verdict = verdictText(document);
  if (findingsTotal === 0 && document.verdict === 'clean')
    return `No indicator found in ${amount} (${countText(coverage.checked.length, 'kind')} of checks${open}).`;
  const found = `${countText(findingsTotal, 'finding')}${waived === 0 ? '' : `, ${String(waived)} of them waived`}`;
  return `${verdict.charAt(0).toUpperCase()}${verdict.slice(1)}: ${found} in ${amount}${open}.`;
}
