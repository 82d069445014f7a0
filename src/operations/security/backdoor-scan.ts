import { isAbsolute, relative } from 'node:path';
import { z } from 'zod';
import { runAnalysis } from '../../artifacts/compare/run-analysis.ts';
import { drawReport } from '../../artifacts/report/draw-report.ts';
import { makeDocument } from '../../artifacts/report/make-document.ts';
import { outcomeOf } from '../../artifacts/report/outcome.ts';
import { summaryText } from '../../artifacts/report/report-words.ts';
import { scanDocument } from '../../artifacts/report/scan-document.ts';
import type { ScanDocument } from '../../artifacts/report/scan-document.ts';
import { monotonicMs, wallAt } from '../../core/clock.ts';
import { grants } from '../../services/people/roles.ts';
import { STAGES } from '../../services/registry/service.ts';
import type { RegisteredModel } from '../../services/registry/service.ts';
import { waiverState } from '../../services/waivers/service.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { readableHere } from '../host-paths.ts';
import { modelTarget } from '../models/target.ts';
import type { ModelTarget } from '../models/target.ts';
import { scanBaseline } from './scan-baseline.ts';
import { givenAdapter, scanAdapters, scanFiles } from './scan-files.ts';
import { scannedDigest } from './scanned-digest.ts';
import type { ScannedDigest } from './scanned-digest.ts';

const model = z.string().min(1).max(4096);

const input = z.strictObject({
  model: model.describe('File or folder, or a registered model: id, NAME@VERSION or digest.'),
  baseline: model
    .optional()
    .describe('Compare tensors and chat templates with this version. Default for a registered model: the previous version of its name.'),
  adapter: z.array(model).max(100).optional().describe('Scan this adapter too, and look at the spectra of its modules.'),
  headersOnly: z.boolean().default(false).describe('Read only what readers ask for: no digests, no look at every byte. No gate result comes of it.'),
  weights: z.boolean().default(false).describe('Compute statistics of every tensor.'),
  strict: z.boolean().default(true).describe('Let only malicious findings exit 3; by default malformed and suspicious ones do too.'),
  format: z
    .enum(['text', 'json', 'sarif', 'cyclonedx'])
    .default('text')
    .describe('What stdout gets: a report for people, JSON, SARIF 2.1.0 or a CycloneDX 1.6 ML-BOM. --json prints the operation report instead.'),
});

type Input = z.output<typeof input>;

/** The registered version that was named, or that lies at the path. */
async function registeredTarget(context: OperationContext, { path, registered }: ModelTarget): Promise<RegisteredModel | null> {
  if (registered !== null || context.local) return registered;
  const models = await context.services.registry.list(STAGES.filter((stage) => stage !== 'retired'));
  return models.find(({ location }) => location === path) ?? null;
}

async function waiversOf(context: OperationContext, digest: string | null) {
  if (context.local || digest === null) return [];
  const now = wallAt();
  const waivers = await context.services.waivers.ofDigest(digest);
  return waivers.map((waiver) => ({ ...waiver, state: waiverState(waiver, now) }));
}

function registeredPart({ registered, matches, differs }: ScannedDigest): ScanDocument['registered'] {
  if (registered === null) return null;
  const { id, name, version, digest, stage } = registered;
  return { id, name, version, digest, stage, matches, differs: differs.map((one) => ({ ...one })) };
}

/** A path as the caller sees it: in their own process from the folder that they are in. */
function shownTarget({ local }: OperationContext, given: string, path: string): string {
  const below = relative(process.cwd(), path);
  return local && !below.startsWith('..') && !isAbsolute(below) ? below || '.' : given;
}

async function scan(context: OperationContext, given: Input): Promise<ScanDocument> {
  const startedMs = monotonicMs();
  const target = await modelTarget(context, given.model);
  const adapters = (given.adapter ?? []).map((path) => givenAdapter(readableHere(context, path, 'adapter')));
  const named = await registeredTarget(context, target);
  if (given.baseline !== undefined) await scanBaseline(context, given.baseline, named);
  const report = await scanFiles(context, target.path, given.headersOnly);
  const adapterFiles = await scanAdapters(context, adapters, given.headersOnly);
  const digest = await scannedDigest(context, target.path, report, named);
  const { baseline, note } = await scanBaseline(context, given.baseline, digest.registered);
  const analysis = await runAnalysis(
    { model: target.path, baseline: baseline?.path ?? null, adapters, weights: given.weights },
    { signal: context.signal, onProgress: context.progress },
  );
  return makeDocument({
    format: given.format,
    strict: given.strict,
    target: shownTarget(context, given.model, target.path),
    report,
    tookMs: Math.round(monotonicMs() - startedMs),
    analysis,
    adapterFiles,
    digest: digest.digest,
    digestNote: digest.note,
    registered: registeredPart(digest),
    baseline: baseline === null ? null : { target: shownTarget(context, baseline.target, baseline.path), from: baseline.from },
    waivers: await waiversOf(context, digest.digest),
    notes: [
      ...(note === null ? [] : [note]),
      ...(context.local ? ['read by a process of the caller: waivers and the registry are with the control plane'] : []),
    ],
  });
}

/** Whoever may not operate cannot choose what the control plane vouches for. */
function mayVouch({ actor }: OperationContext): boolean {
  return actor.kind === 'system' || (actor.kind === 'person' && grants(actor.role, 'operate'));
}

/** Keeps what was found as a gate result, always by the strict rule: what a caller wants to be told does not change the gate. */
async function keep(context: OperationContext, document: ScanDocument): Promise<void> {
  const { digest, registered } = document;
  if (context.local || digest === null || (registered === null && !mayVouch(context))) return;
  const summary = summaryOf(document).slice(0, 1000);
  await context.services.registry.record({
    digest: registered?.digest ?? digest,
    gate: 'backdoor-scan',
    verdict: outcomeOf(document, true),
    summary,
    runId: context.runId,
    at: wallAt(),
  });
}

function summaryOf(document: ScanDocument): string {
  const { registered } = document;
  if (registered?.matches !== false) return summaryText(document);
  const names = registered.differs.map(({ name, fault }) => `${name} ${fault}`).slice(0, 5);
  return `These are not the bytes of ${registered.name}@${registered.version} (${names.join('; ')}). ${summaryText(document)}`;
}

export const backdoorScan = defineOperation({
  room: 'security',
  name: 'backdoor-scan',
  runbookLine: 'security/backdoor_scan.py',
  summary: 'Look into a model file for code, tampering and planted changes.',
  description:
    'Reads every byte of a file or folder and never loads, unpickles, renders or runs any of it: pickles, archives, tensors, chat templates, configurations, code. Against --baseline, or the previous version of a registered model, ' +
    'it compares tensors (inventory, differences, concentration in few directions) and chat templates. It says what was checked and what was not; a model without a finding is one in which no indicator was found. ' +
    'Exit 0 without a finding, 3 with a malicious, malformed or suspicious one, 8 for a format that nobody here reads, 7 when a registered model has other bytes than those that were registered. ' +
    'Waivers (waive-finding) of exactly this digest are shown and do not count. The result is kept for the gates of the registry.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  onFinding: 'stop',
  local: 'fallback',
  hostPaths: ['model', 'baseline', 'adapter'],
  input,
  output: scanDocument,
  frameworks: {
    csf: 'DE.CM',
    atlas: ['AML.T0018', 'AML.T0018.000', 'AML.T0018.001', 'AML.T0018.002', 'AML.T0011.000', 'AML.T0010.003', 'AML.T0058', 'AML.T0109'],
  },
  examples: [
    'elulmc security backdoor-scan --model new_model.bin',
    'elulmc security backdoor-scan --model ./models/new --baseline ./models/old --weights',
    'elulmc security backdoor-scan --model demo@4 --format sarif',
    'elulmc security backdoor-scan --model ./models/new --format cyclonedx',
  ],
  errors: ['NOT_FOUND', 'NOT_ALLOWED', 'CONTROL_UNREACHABLE', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    await modelTarget(context, given.model);
    return { changes: [], notes: [] };
  },
  perform: async (context, given) => {
    const document = await scan(context, given);
    await keep(context, document);
    return { output: document, verdict: outcomeOf(document, given.strict), summary: summaryOf(document) };
  },
  undo: 'Nothing to take back: it only reads.',
  render: drawReport,
});
