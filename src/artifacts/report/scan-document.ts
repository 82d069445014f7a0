import { z } from 'zod';
import { VERDICTS } from '../findings/verdict.ts';

/** What a scan says, as every report is drawn from it. docs/formats/scan-report.md describes it; it is the output of `backdoor-scan`. */

const verdict = z.enum(VERDICTS);
const count = z.int().min(0);
const members = z.array(z.string()).describe('File below the scanned folder, then the members that lead to the bytes.');

const alarm = z.enum(['malicious', 'malformed', 'suspicious']);
const severity = z.enum(['critical', 'high', 'medium', 'low']);

const rule = z.object({
  id: z.string(),
  alarm,
  severity,
  title: z.string(),
  explanation: z.string().describe('Why it is bad.'),
  help: z.string().describe('What to do.'),
  references: z.array(z.string()).describe('CVE, GHSA and CWE ids, papers.'),
});

const finding = z.object({
  rule: z.string().describe('Id of a rule of `rules`.'),
  alarm: alarm.describe('Less than that of its rule where nothing loads the bytes.'),
  severity,
  path: members,
  offset: count.nullable().describe('In the innermost member, in bytes; null where it is about the whole of it.'),
  detail: z.string().describe('What was found here.'),
  fingerprint: z.string().describe('The same in every scan that finds the same thing in the same place.'),
  waiver: z.string().nullable().describe('The waiver by which it does not count: id of `waivers`.'),
  expiredWaiver: z.string().nullable().describe('A waiver that would have covered it and has ended or was revoked.'),
});

const file = z.object({
  path: z.string(),
  kind: z.enum(['file', 'link', 'special', 'folder']),
  size: count.describe('Bytes.'),
  sha256: z.string().nullable().describe('Null when it was not read to its end.'),
  formats: z.array(z.string()),
  other: z.string().nullable().describe('text, image and the like for a file of no model format.'),
  verdict: verdict.describe('With every finding.'),
  counted: verdict.describe('Without the findings that are waived.'),
  findings: count.describe('Listed findings.'),
  error: z.string().nullable(),
});

const notChecked = z.object({ check: z.string(), reason: z.string(), path: members, times: count });

const comparedTensor = z.object({
  name: z.string(),
  changed: count.describe('Elements with another value.'),
  elements: count,
  relative: z.number().nullable().describe('Norm of the difference over the one of the old tensor; null where that was 0.'),
  first: z.number().nullable().describe('Part of the difference in its strongest direction; null where it was not computed.'),
  four: z.number().nullable().describe('The same in the four strongest.'),
});

const baseline = z.object({
  target: z.string(),
  from: z.enum(['given', 'registry']).describe('Whether the caller named it or it is the previous registered version.'),
  compared: count.describe('Tensors of both versions with one shape.'),
  added: z.array(z.string()),
  missing: z.array(z.string()),
  reshaped: z.array(z.string()),
  changedTotal: count,
  changed: z.array(comparedTensor).describe('Those that changed most first, at most 200.'),
  notComputed: z.array(z.string()).describe('Tensors of a type that is not computed with, whose bytes differ.'),
});

const template = z.object({ path: z.string(), name: z.string(), sha256: z.string(), bytes: count, offset: count });

const weights = z.object({
  total: count,
  skipped: z.array(z.string()).describe('Tensors of a type that is not computed with.'),
  tensors: z
    .array(
      z.object({
        name: z.string(),
        path: z.string(),
        dtype: z.string(),
        shape: z.array(z.number()),
        elements: count,
        notFinite: count,
        zeros: count,
        min: z.number().nullable(),
        max: z.number().nullable(),
        mean: z.number().nullable(),
        deviation: z.number().nullable(),
        norm: z.number().nullable(),
        kurtosis: z.number().nullable(),
      }),
    )
    .describe('In the order of the files, at most 5000.'),
});

const adapter = z.object({
  path: z.string(),
  modules: count,
  skipped: z.array(z.string()),
  against: z.enum(['own-modules', 'baseline']).describe('What the modules were compared with.'),
  spectra: z
    .array(
      z.object({
        module: z.string(),
        role: z.string(),
        rank: count,
        largest: z.number(),
        norm: z.number(),
        share: z.number(),
        entropy: z.number(),
      }),
    )
    .describe('At most 2000.'),
});

const facts = z.object({
  name: z.string().nullable(),
  architecture: z.string().nullable(),
  task: z.string().nullable(),
  license: z.string().nullable().describe('As the files state it.'),
  baseModels: z.array(z.string()),
  datasets: z.array(z.string()),
  languages: z.array(z.string()),
  sources: z.array(z.string()).describe('Files that say so.'),
});

const registered = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  stage: z.string(),
  matches: z.boolean().nullable().describe('Whether the scanned bytes are those that were registered; null when that was not computed.'),
  differs: z.array(z.object({ name: z.string(), fault: z.string() })).describe('Files that are not as registered, at most 100.'),
});

const waiver = z.object({
  id: z.string(),
  rule: z.string(),
  path: z.string().nullable().describe('File or file!member; null for the whole model.'),
  reason: z.string(),
  owner: z.string(),
  until: z.string(),
  state: z.enum(['active', 'expired', 'revoked']),
  findings: count.describe('Findings that it covers, or would cover.'),
});

export const scanDocument = z.object({
  target: z.string().describe('As it was given.'),
  format: z.enum(['text', 'json', 'sarif', 'cyclonedx']).describe('What a terminal gets.'),
  startedAt: z.string(),
  tookMs: z.number(),
  headersOnly: z.boolean(),
  strict: z.boolean().describe('Whether malformed and suspicious count as findings.'),
  digest: z.string().nullable().describe('OMS root of the model: SHA-256 over the SHA-256 digests of all files.'),
  digestNote: z.string().nullable().describe('Why there is no digest.'),
  registered: registered.nullable(),
  verdict: verdict.describe('With every finding.'),
  counted: verdict.describe('Without the findings that are waived.'),
  bytes: count,
  filesTotal: count,
  files: z.array(file).describe('Sorted by path; when there are more than 10,000, those with findings first.'),
  rules: z.array(rule).describe('Every rule that a finding names.'),
  findingsTotal: count.describe('Before the list was cut to 10,000.'),
  findings: z.array(finding),
  coverage: z.object({ checked: z.array(z.object({ check: z.string(), times: count })), notChecked: z.array(notChecked) }),
  baseline: baseline.nullable(),
  templates: z.array(template).describe('Chat templates.'),
  weights: weights.nullable(),
  adapters: z.array(adapter),
  facts,
  waivers: z.array(waiver).describe('Every waiver of this digest.'),
  notes: z.array(z.string()),
});

export type ScanDocument = z.output<typeof scanDocument>;
export type ReportedFinding = ScanDocument['findings'][number];
export type ReportedFile = ScanDocument['files'][number];
export type ReportedRule = ScanDocument['rules'][number];
export type ReportedWaiver = ScanDocument['waivers'][number];
