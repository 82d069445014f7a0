import { checksText, countText, findingPlace, ruleOf, sizeText, verdictText, waiverNamed } from './report-words.ts';
import type { ReportedFile, ReportedFinding, ScanDocument } from './scan-document.ts';

const MAX_CLEAN = 50;
const MAX_OF_FILE = 20;
const MAX_TENSORS = 10;
const INDENT = '      ';

/** The report for people: files, findings with what to do, what was computed, and what was checked and what not at the end. */
export function textReport(document: ScanDocument): string[] {
  const explained = new Set<string>();
  const byFile = Map.groupBy(document.findings, ({ path }) => path[0] ?? '');
  const loud = document.files.filter(({ verdict }) => verdict !== 'clean');
  const quiet = document.files.filter(({ verdict }) => verdict === 'clean');
  return [
    ...headLines(document),
    ...loud.flatMap((file) => [fileLine(file), ...findingLines(document, byFile.get(file.path) ?? [], explained)]),
    ...quiet.slice(0, MAX_CLEAN).map(fileLine),
    ...(quiet.length > MAX_CLEAN ? [`... and ${String(quiet.length - MAX_CLEAN)} more without a finding`] : []),
    ...baselineLines(document),
    ...weightLines(document),
    ...adapterLines(document),
    ...waiverLines(document),
    '',
    ...coverageLines(document),
    ...document.notes.map((note) => `note         ${note}`),
    `verdict      ${verdictText(document)}`,
  ];
}

function headLines({ target, digest, digestNote, registered }: ScanDocument): string[] {
  return [
    `model        ${target}`,
    `digest       ${digest ?? `none: ${digestNote ?? ''}`}`,
    ...(registered === null ? [] : [`registered   ${registered.name}@${registered.version} (${registered.id}, ${registered.stage})${matchText(registered)}`]),
    ...(registered?.differs ?? []).slice(0, MAX_OF_FILE).map(({ name, fault }) => `${INDENT}${name}: ${fault}`),
    '',
  ];
}

function matchText({ matches, digest }: NonNullable<ScanDocument['registered']>): string {
  if (matches === null) return ': whether these are its bytes was not computed';
  return matches ? ': these are its bytes' : `: NOT ITS BYTES, it was registered as ${digest}`;
}

function fileLine(file: ReportedFile): string {
  const unknown = file.kind === 'file' ? 'unknown format' : file.kind;
  const what = file.formats.length > 0 ? file.formats.join(', ') : (file.other ?? unknown);
  const verdict = verdictText(file).padEnd(12);
  return `${verdict} ${file.path}  (${what}; ${sizeText(file.size)}${file.sha256 === null ? '' : `; sha256 ${file.sha256}`})${file.error === null ? '' : `: ${file.error}`}`;
}

function findingLines(document: ScanDocument, findings: readonly ReportedFinding[], explained: Set<string>): string[] {
  const lines: string[] = [];
  for (const finding of findings.slice(0, MAX_OF_FILE)) {
    const rule = ruleOf(document, finding.rule);
    lines.push(`  ${finding.severity.padEnd(8)} ${rule.id}  ${findingPlace(finding)}`, `${INDENT}found   ${finding.detail}`);
    if (!explained.has(rule.id)) {
      const references = rule.references.length === 0 ? '' : ` (${rule.references.join(', ')})`;
      lines.push(`${INDENT}why     ${rule.title}. ${rule.explanation}${references}`, `${INDENT}do      ${rule.help}`);
      explained.add(rule.id);
    }
    lines.push(...waivedLines(document, finding));
  }
  if (findings.length > MAX_OF_FILE) lines.push(`  ... and ${String(findings.length - MAX_OF_FILE)} more in this file: --format json lists them`);
  return lines;
}

function waivedLines(document: ScanDocument, { waiver, expiredWaiver }: ReportedFinding): string[] {
  if (waiver !== null) {
    const { id, reason, owner, until } = waiverNamed(document, waiver);
    return [`${INDENT}waived  until ${until} by ${owner}: ${reason} (${id})`];
  }
  if (expiredWaiver === null) return [];
  const { id, reason, owner, until, state } = waiverNamed(document, expiredWaiver);
  return [`${INDENT}counts  its waiver ${state === 'revoked' ? 'was revoked' : `expired ${until}`}: ${owner}, ${reason} (${id})`];
}

function baselineLines({ baseline }: ScanDocument): string[] {
  if (baseline === null) return [];
  const { target, from, compared, added, missing, reshaped, changedTotal, changed, notComputed } = baseline;
  const parts = [
    `${String(changedTotal)} of ${String(compared)} tensors changed`,
    ...(added.length > 0 ? [`${String(added.length)} are new`] : []),
    ...(missing.length > 0 ? [`${String(missing.length)} are missing`] : []),
    ...(reshaped.length > 0 ? [`${String(reshaped.length)} have another shape or type`] : []),
    ...(notComputed.length > 0 ? [`${String(notComputed.length)} differ and are of a type that is not computed with`] : []),
  ];
  return [
    '',
    `against      ${target} (${from === 'given' ? 'given' : 'the previous registered version'}): ${parts.join(', ')}`,
    ...changed.slice(0, MAX_TENSORS).map((tensor) => {
      const spectrum =
        tensor.first === null || tensor.four === null ? '' : `, ${percent(tensor.first)} of it in one direction, ${percent(tensor.four)} in four`;
      return `${INDENT}${tensor.name}  relative change ${tensor.relative?.toPrecision(3) ?? 'from zero'}${spectrum}`;
    }),
    ...(changedTotal > MAX_TENSORS ? [`${INDENT}... and ${String(changedTotal - MAX_TENSORS)} more: --format json lists them`] : []),
  ];
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

function weightLines({ weights }: ScanDocument): string[] {
  if (weights === null) return [];
  const largest = weights.tensors.toSorted((a, b) => (b.kurtosis ?? 0) - (a.kurtosis ?? 0)).slice(0, MAX_TENSORS);
  return [
    '',
    `weights      ${countText(weights.total, 'tensor')}, ${String(weights.skipped.length)} of a type that is not computed with; those with the heaviest tails:`,
    ...largest.map(
      ({ name, mean, deviation, min, max, kurtosis, notFinite }) =>
        `${INDENT}${name}  mean ${figure(mean)}, deviation ${figure(deviation)}, ${figure(min)} to ${figure(max)}, kurtosis ${figure(kurtosis)}${notFinite === 0 ? '' : `, ${String(notFinite)} not finite`}`,
    ),
  ];
}

function figure(value: number | null): string {
  return value === null ? '-' : value.toPrecision(3);
}

function adapterLines({ adapters }: ScanDocument): string[] {
  return adapters.map(({ path, modules, skipped, against }) => {
    const compared = against === 'baseline' ? 'those of the baseline' : 'modules of the same role';
    return `adapter      ${path}: ${countText(modules, 'module')} compared with ${compared}${skipped.length === 0 ? '' : `, ${String(skipped.length)} not computed`}`;
  });
}

function waiverLines({ waivers }: ScanDocument): string[] {
  return waivers.map(({ id, rule, path, owner, until, state, findings }) => {
    const about = `${rule}${path === null ? '' : ` in ${path}`}`;
    return `waiver       ${id} ${state}, ${about}, until ${until}, ${owner}: ${countText(findings, 'finding')}`;
  });
}

function coverageLines(document: ScanDocument): string[] {
  const { coverage, verdict } = document;
  const none = document.findingsTotal === 0 && verdict === 'clean' ? 'no indicator found ' : '';
  return [
    none === '' ? checksText(document) : `${none}(${checksText(document)})`,
    ...coverage.notChecked.slice(0, MAX_CLEAN).map(({ check, reason, path, times }) => {
      const more = times > 1 ? `, and ${countText(times - 1, 'time')} more` : '';
      return `not checked  ${check}: ${reason} (${path.join('!')}${more})`;
    }),
    ...(coverage.notChecked.length > MAX_CLEAN ? [`... and ${String(coverage.notChecked.length - MAX_CLEAN)} more: --format json lists them`] : []),
  ];
}
