import { createHash } from 'node:crypto';
import type { FileReport } from '../findings/report.ts';
import { mergeCoverage } from '../findings/report.ts';
import type { Finding, Rule } from '../findings/rule.ts';
import { VERDICTS, worseVerdict } from '../findings/verdict.ts';
import type { Verdict } from '../findings/verdict.ts';
import { countedVerdict, waiverOf } from './apply-waivers.ts';
import type { KnownWaiver } from './apply-waivers.ts';
import { adaptersOf, baselineOf, weightsOf } from './computed-parts.ts';
import type { ReportedFile, ReportedFinding, ReportedRule, ScanDocument } from './scan-document.ts';
import type { ScanFacts } from './scan-facts.ts';

const MAX_FINDINGS = 10_000;
const MAX_FILES = 10_000;
const MAX_COVERAGE = 1000;
const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;

interface Judged {
  readonly finding: Finding;
  readonly waiver: KnownWaiver | undefined;
}

interface JudgedFile {
  readonly file: FileReport;
  readonly findings: readonly Judged[];
  readonly verdict: Verdict;
  readonly counted: Verdict;
}

/** Brings everything together: waivers are applied, lists are cut to what a report can hold, and that is said. */
export function makeDocument(facts: ScanFacts): ScanDocument {
  const { report, analysis } = facts;
  const files = judgedFiles(facts);
  const judged = files.flatMap(({ findings }) => findings);
  const listed = cut(
    judged,
    MAX_FINDINGS,
    ({ finding }) => VERDICTS.indexOf(finding.rule.alarm) * SEVERITIES.length + SEVERITIES.indexOf(finding.rule.severity),
  );
  const shown = cut(files, MAX_FILES, ({ verdict }) => VERDICTS.indexOf(verdict));
  const cutNotes = [
    ...(listed.length < judged.length ? [`${String(judged.length - listed.length)} of ${String(judged.length)} findings are not listed, the lesser ones`] : []),
    ...(shown.length < files.length ? [`${String(files.length - shown.length)} of ${String(files.length)} files are not listed`] : []),
  ];
  return {
    target: facts.target,
    format: facts.format,
    startedAt: report.startedAt,
    tookMs: facts.tookMs,
    headersOnly: report.headersOnly,
    strict: facts.strict,
    digest: facts.digest,
    digestNote: facts.digestNote,
    registered: facts.registered,
    verdict: files.reduce<Verdict>((worst, { verdict }) => worseVerdict(worst, verdict), report.verdict),
    counted: files.reduce<Verdict>((worst, { counted }) => worseVerdict(worst, counted), 'clean'),
    bytes: report.bytes,
    filesTotal: files.length,
    files: shown.map(reportedFile),
    rules: rulesOf(listed.map(({ finding }) => finding.rule)),
    findingsTotal: judged.length,
    findings: listed.map(reportedFinding),
    coverage: coverageOf(facts),
    baseline: baselineOf(facts),
    templates: analysis.templates.map((template) => ({ ...template })),
    weights: weightsOf(analysis),
    adapters: adaptersOf(analysis),
    facts: {
      ...analysis.facts,
      baseModels: [...analysis.facts.baseModels],
      datasets: [...analysis.facts.datasets],
      languages: [...analysis.facts.languages],
      sources: [...analysis.facts.sources],
    },
    waivers: facts.waivers.map(({ id, rule, path, reason, owner, until, state }) => {
      const findings = judged.filter(({ waiver }) => waiver?.id === id).length;
      return { id, rule, path, reason, owner, until, state, findings };
    }),
    notes: [...facts.notes, ...cutNotes],
  };
}

/** The first `most` by rank, in the order that they had. */
function cut<T>(all: readonly T[], most: number, rank: (one: T) => number): readonly T[] {
  if (all.length <= most) return all;
  const kept = new Set(all.toSorted((a, b) => rank(a) - rank(b)).slice(0, most));
  return all.filter((one) => kept.has(one));
}

/** Findings about tensors and templates go to their file; those about what is missing to the first file there is. */
function judgedFiles({ report, adapterFiles, analysis, waivers }: ScanFacts): JudgedFile[] {
  const files = [...report.files, ...adapterFiles];
  const paths = new Set(files.map(({ path }) => path));
  const home = (path: string): string => (paths.has(path) ? path : (files[0]?.path ?? path));
  const computed = Map.groupBy(analysis.findings, ({ path }) => home(path[0] ?? ''));
  const own = new Set(report.files);
  return files.map((file) => {
    const all = [...file.findings, ...(computed.get(file.path) ?? [])];
    const known = own.has(file) ? waivers : [];
    const findings = all.map((finding) => ({ finding, waiver: waiverOf(finding, known) }));
    const waived = new Set(findings.filter(({ waiver }) => waiver?.state === 'active').map(({ finding }) => finding));
    const verdict = all.reduce<Verdict>((worst, { rule }) => worseVerdict(worst, rule.alarm), file.verdict);
    return { file, findings, verdict, counted: countedVerdict(file, all, (finding) => waived.has(finding)) };
  });
}

function reportedFile({ file, findings, verdict, counted }: JudgedFile): ReportedFile {
  const { path, kind, size, sha256, formats, other, error } = file;
  return { path, kind, size, sha256, formats: [...formats], other, verdict, counted, findings: findings.length, error };
}

function reportedFinding({ finding, waiver }: Judged): ReportedFinding {
  const { rule, path, offset, detail } = finding;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([rule.id, path, offset, detail]))
    .digest('hex')
    .slice(0, 32);
  const isActive = waiver?.state === 'active';
  return {
    rule: rule.id,
    alarm: rule.alarm,
    severity: rule.severity,
    path: [...path],
    offset,
    detail,
    fingerprint,
    waiver: isActive ? waiver.id : null,
    expiredWaiver: waiver !== undefined && !isActive ? waiver.id : null,
  };
}

function rulesOf(rules: readonly Rule[]): ReportedRule[] {
  // Of a rule that is milder in some places the whole one is described.
  const byId = new Map(rules.toSorted((a, b) => VERDICTS.indexOf(b.alarm) - VERDICTS.indexOf(a.alarm)).map((rule) => [rule.id, rule]));
  return [...byId.values()]
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, alarm, severity, title, explanation, help, references }) => ({
      id,
      alarm,
      severity,
      title,
      explanation,
      help,
      references: [...(references ?? [])],
    }));
}

function coverageOf({ report, adapterFiles, analysis }: ScanFacts): ScanDocument['coverage'] {
  const computed = {
    checked: analysis.checked.map((check) => ({ check, times: 1 })),
    notChecked: analysis.notChecked.map((one) => ({ ...one, times: 1 })),
  };
  const { checked, notChecked } = mergeCoverage([report.coverage, ...adapterFiles.map(({ coverage }) => coverage), computed]);
  return {
    checked: checked.slice(0, MAX_COVERAGE).map((one) => ({ ...one })),
    notChecked: notChecked.slice(0, MAX_COVERAGE).map((one) => ({ ...one, path: [...one.path] })),
  };
}
