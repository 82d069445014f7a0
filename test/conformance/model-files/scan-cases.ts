import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileReport } from '../../../src/artifacts/findings/report.ts';
import { worseVerdict } from '../../../src/artifacts/findings/verdict.ts';
import type { Verdict } from '../../../src/artifacts/findings/verdict.ts';
import { scanFolder } from '../../../src/artifacts/scan/scan-folder.ts';
import { scanInThreads } from '../../../src/artifacts/scan/scan-pool.ts';
import { SCAN_RULES } from '../../../src/artifacts/scan/scan-rules.ts';
import type { Answer, OnProgress } from '../suite.ts';
import { comparePair } from './compare-pair.ts';
import { MISSING, TIMED_OUT } from './judge.ts';
import type { LabelledModel } from './labels.ts';
import { pairIn } from './pair.ts';

/** For one case. */
const LIMIT_MS = 60_000;
/** The scan looks at its own clock, well before that. */
const LIMITS = { fileMs: 45_000 };
const THREADS = 2;

/** What was said about a case; an error where the scan itself broke. */
export type Outcome = Answer | Error;

/** Scans every case, files in threads as the program does, folders one after another. By path. */
export async function scanCases(directory: string, labels: readonly LabelledModel[], onProgress: OnProgress): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const paths = new Map(labels.map((label) => [label.path, label]));
  const keep = (path: string, outcome: Outcome): void => {
    outcomes.set(path, outcome);
    onProgress(outcomes.size, paths.size);
  };
  const files: string[] = [];
  const folders: LabelledModel[] = [];
  for (const [path, label] of paths) {
    const absolute = join(directory, path);
    if (path === '' || !existsSync(absolute)) keep(path, { answer: MISSING, why: `${absolute} does not exist` });
    else if (statSync(absolute).isDirectory()) folders.push(label);
    else files.push(path);
  }
  const jobs = files.map((path) => {
    const absolute = join(directory, path);
    return { absolute, shown: path, root: dirname(absolute), size: statSync(absolute).size, headersOnly: false, limits: LIMITS };
  });
  await scanInThreads(
    jobs,
    THREADS,
    (report) => keep(report.path, outcomeOf([report], [], report.durationMs)),
    () => undefined,
  );
  for (const label of folders) keep(label.path, await scanFolderCase(join(directory, label.path), label));
  return outcomes;
}

async function scanFolderCase(folder: string, { format, technique }: LabelledModel): Promise<Outcome> {
  const started = performance.now();
  const pair = pairIn(folder, /pair/i.test(format) || technique === 'weights-diff');
  try {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const { files } = await scanFolder(pair?.after ?? folder, { limits: LIMITS, threads: THREADS, signal });
    const compared = pair === null ? [] : comparePair(pair, signal);
    return outcomeOf(
      files,
      compared.map(({ rule }) => rule),
      performance.now() - started,
    );
  } catch (error) {
    if (performance.now() - started >= LIMIT_MS) return { answer: TIMED_OUT, why: 'the folder' };
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The worst verdict, with the rules that brought it about. A reader that broke, and a scan that took too long, are no answers. */
function outcomeOf(files: readonly FileReport[], compared: readonly { readonly id: string; readonly alarm: Verdict }[], tookMs: number): Outcome {
  const rules = [...files.flatMap(({ findings }) => findings.map(({ rule }) => rule)), ...compared];
  const has = (id: string): boolean => rules.some((rule) => rule.id === id);
  const failed = files.find(({ error }) => error !== null);
  if (failed !== undefined) return new Error(`${failed.path}: ${failed.error ?? ''}`);
  if (has(SCAN_RULES.readerFailed.id) || has(SCAN_RULES.tooLarge.id)) return new Error(brokenText(files));
  if (tookMs > LIMIT_MS || has(SCAN_RULES.tooLong.id)) return { answer: TIMED_OUT, why: `${String(Math.round(tookMs))} ms` };
  const verdict = [...files.map((file) => file.verdict), ...compared.map(({ alarm }) => alarm)].reduce<Verdict>(worseVerdict, 'clean');
  const ids = [...new Set(rules.map(({ id }) => id))].sort();
  return { answer: verdict, why: ids.length === 0 ? 'no finding' : ids.join(', ') };
}

function brokenText(files: readonly FileReport[]): string {
  const broken = files.flatMap(({ findings }) => findings).find(({ rule }) => rule.id === SCAN_RULES.readerFailed.id || rule.id === SCAN_RULES.tooLarge.id);
  return `${broken?.path.join('!') ?? ''}: ${broken?.detail ?? ''}`;
}
