import type { BomProperty, BomVulnerability } from './cyclonedx-shapes.ts';
import { findingPlace, ruleOf, waiverNamed } from './report-words.ts';
import type { ReportedFinding, ScanDocument } from './scan-document.ts';

/** Each finding as a vulnerability of the file that it is in. */
export function vulnerabilitiesOf(document: ScanDocument, fileRef: (path: string) => string): BomVulnerability[] {
  const files = new Set(document.files.map(({ path }) => path));
  return document.findings.map((finding, at) => {
    const { id, title, explanation, help, references } = ruleOf(document, finding.rule);
    const file = finding.path[0] ?? '';
    const advisories = references.filter((reference) => !reference.startsWith('CWE-'));
    const cwes = references.flatMap((reference) => (reference.startsWith('CWE-') ? [Number(reference.slice(4))] : [])).filter(Number.isSafeInteger);
    return {
      'bom-ref': `finding:${String(at)}`,
      id,
      source: { name: 'elulmc security backdoor-scan' },
      ...(advisories.length === 0 ? {} : { references: advisories.map((reference) => ({ id: reference, source: { name: sourceOf(reference) } })) }),
      ratings: [{ severity: finding.severity, method: 'other' }],
      ...(cwes.length === 0 ? {} : { cwes }),
      description: `${title}. ${explanation}`,
      detail: `${findingPlace(finding)}: ${finding.detail}`.toWellFormed(),
      recommendation: help,
      ...analysisOf(document, finding),
      affects: [{ ref: files.has(file) ? fileRef(file) : 'model' }],
      properties: [
        { name: 'elulmc:alarm', value: finding.alarm },
        { name: 'elulmc:fingerprint', value: finding.fingerprint },
        { name: 'elulmc:member', value: finding.path.slice(1).join('!').toWellFormed() },
        ...(finding.offset === null ? [] : [{ name: 'elulmc:offset', value: String(finding.offset) }]),
        ...expiredOf(document, finding),
      ].filter(({ value }) => value !== ''),
    };
  });
}

function sourceOf(reference: string): string {
  if (reference.startsWith('CVE-')) return 'NVD';
  return reference.startsWith('GHSA-') ? 'GitHub Advisories' : 'literature';
}

function analysisOf(document: ScanDocument, { waiver }: ReportedFinding): Pick<BomVulnerability, 'analysis'> {
  if (waiver === null) return {};
  const { id, reason, owner, until } = waiverNamed(document, waiver);
  return { analysis: { response: ['will_not_fix'], detail: `Waived until ${until} by ${owner}: ${reason} (${id})`.toWellFormed() } };
}

function expiredOf(document: ScanDocument, { expiredWaiver }: ReportedFinding): BomProperty[] {
  if (expiredWaiver === null) return [];
  const { id, until, owner, reason, state } = waiverNamed(document, expiredWaiver);
  return [{ name: `elulmc:waiver-${state}`, value: `${id}, until ${until}, ${owner}: ${reason}`.toWellFormed() }];
}
