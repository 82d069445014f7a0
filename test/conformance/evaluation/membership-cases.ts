import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { blindScores } from '../../../src/evaluation/membership/blind-baseline.ts';
import { judgeMembership } from '../../../src/evaluation/membership/judge-membership.ts';
import { scoreRecord } from '../../../src/evaluation/membership/score-record.ts';
import type { Method, ScoredRecord } from '../../../src/evaluation/membership/token-record.ts';
import { referenceScore } from '../../../src/evaluation/membership/token-scores.ts';
import { areaUnderCurve, aucInterval, deLong, mannWhitney, truePositiveRate } from '../../../src/evaluation/statistics/auc.ts';
import { welchTest } from '../../../src/evaluation/statistics/welch-test.ts';
import type { ConformanceCase } from '../suite.ts';
import type { Figures, Tolerance } from './close-case.ts';
import { closeCase } from './close-case.ts';
import { NumpyGenerator } from './numpy-generator.ts';
import { toyRecord } from './toy-corpus.ts';
import { mixture, ngramModel, scoreText } from './toy-language-model.ts';

/** A line of `mia_*_tokens.jsonl.gz`. */
interface GoldenRecord {
  readonly id: number;
  readonly label: number;
  readonly text: string;
  readonly zlib_bytes_python: number;
  readonly lp: readonly number[];
  readonly mu: readonly number[];
  readonly sigma: readonly number[];
  readonly lp_ref: readonly number[];
  readonly lp_cond: readonly number[];
  readonly lp_lower: readonly number[];
  readonly scores: Readonly<Record<string, number>>;
}

/** `mia_*_expected.json`. */
interface GoldenSet {
  /** Share of Min-K % and Min-K %++. */
  readonly k: number;
  readonly expected: Readonly<Record<string, Figures & { readonly delong_ci95: readonly [number, number] }>>;
  readonly iid_control_auc_ref: number;
  readonly blind_baseline_auc: number;
}

const METHOD_OF: Readonly<Partial<Record<string, Method>>> = {
  loss: 'loss',
  zlib: 'zlib',
  ref: 'reference',
  lowercase: 'lowercase',
  min_k_20: 'min-k',
  min_kpp_20: 'min-k++',
  recall: 'recall',
  wbc: 'wbc',
};

/** The records are rounded to six decimals; whether a window wins can hang on the seventh. */
const PER_RECORD: Tolerance = { within: 1e-5 };
const PER_RECORD_WINDOWS: Tolerance = { within: 5e-3 };
const STATISTIC: Tolerance = { within: 1e-5 };
const STATISTIC_WINDOWS: Tolerance = { within: 1e-3 };
const GOLDEN_SEED = 20261123;

function readRecords(file: string): GoldenRecord[] {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as GoldenRecord);
}

function score(record: GoldenRecord, lowestShare: number): ScoredRecord {
  const scores = scoreRecord(
    {
      text: record.text,
      logProbs: record.lp,
      reference: record.lp_ref,
      lowercase: record.lp_lower,
      conditioned: record.lp_cond,
      mu: record.mu,
      sigma: record.sigma,
      zlibBytes: record.zlib_bytes_python,
    },
    { lowestShare },
  );
  return { id: String(record.id), text: record.text, member: record.label === 1, scores };
}

/** All cases of one golden set; `share` is the weight of the members in its toy model, from the file's name, null when it has none. */
export function membershipCases(tokensFile: string, expectedFile: string, share: number | null): ConformanceCase[] {
  const golden = JSON.parse(readFileSync(expectedFile, 'utf8')) as GoldenSet;
  const records = readRecords(tokensFile);
  const scored = records.map((record) => score(record, golden.k));
  const methods = Object.entries(golden.expected).flatMap(([name, expected]) => {
    const method = METHOD_OF[name];
    return method === undefined ? [] : [...scoreCases(name, method, records, scored), statisticCase(name, method, expected, scored)];
  });
  return [...methods, ...verdictCases(golden, scored), ...corpusCases(golden, records, share)];
}

function scoreCases(name: string, method: Method, records: readonly GoldenRecord[], scored: readonly ScoredRecord[]): ConformanceCase[] {
  const tolerance = method === 'wbc' ? PER_RECORD_WINDOWS : PER_RECORD;
  return records.map((record, i) =>
    closeCase(`score ${name}`, `${name} of record ${String(record.id)}`, { score: record.scores[name] ?? Number.NaN }, tolerance, () => ({
      score: scored[i]?.scores[method] ?? null,
    })),
  );
}

function statisticCase(name: string, method: Method, golden: GoldenSet['expected'][string], scored: readonly ScoredRecord[]): ConformanceCase {
  const {
    delong_ci95: [lower, upper],
    ...figures
  } = golden;
  return closeCase('statistics of a set', name, { ...figures, lower, upper }, method === 'wbc' ? STATISTIC_WINDOWS : STATISTIC, () => {
    const valuesOf = (member: boolean): number[] => scored.flatMap((record) => (record.member === member ? (record.scores[method] ?? []) : []));
    const [members, controls] = [valuesOf(true), valuesOf(false)];
    const estimate = deLong(members, controls);
    return {
      auc: estimate.auc,
      delong_se: estimate.standardError,
      ...aucInterval(estimate),
      tpr_at_1pct_fpr: truePositiveRate(members, controls, 0.01).rate,
      tpr_at_5pct_fpr: truePositiveRate(members, controls, 0.05).rate,
      mannwhitney_p_greater: mannWhitney(members, controls).greater,
      welch_t_p_greater: welchTest(members, controls)?.p ?? null,
    };
  });
}

/** Members must be found where the golden statistics leave no doubt; halves of the controls, none of which was trained on, must not. */
function verdictCases({ expected }: GoldenSet, scored: readonly ScoredRecord[]): ConformanceCase[] {
  const controls = scored.filter(({ member }) => !member).map((record, i) => ({ ...record, member: i % 2 === 0 }));
  const isClear = (expected['wbc']?.delong_ci95[0] ?? 0) > 0.6;
  const cases: ConformanceCase[] = [
    { group: 'verdicts', name: 'members against controls', expected: 'LEAK', given: () => judgeMembership(scored, { seed: 1 }).verdict },
    {
      group: 'verdicts',
      name: 'controls against controls',
      expected: 'no leak',
      given: () => (judgeMembership(controls, { seed: 1 }).verdict === 'LEAK' ? 'LEAK' : 'no leak'),
    },
  ];
  return isClear ? cases : cases.slice(1);
}

/** The corpus, the fresh controls and the folds of the blind baseline are drawn again with numpy's generator, if it gives this set's texts. */
function corpusCases(golden: GoldenSet, records: readonly GoldenRecord[], share: number | null): ConformanceCase[] {
  const random = new NumpyGenerator(GOLDEN_SEED);
  const documents = Array.from({ length: 1200 }, () => toyRecord(random));
  if (records.some(({ text }, i) => text !== documents[i])) return [];
  // Three records of the prefix come between, then the fresh controls.
  for (let i = 0; i < 3; i += 1) toyRecord(random);
  const fresh = Array.from({ length: 200 }, () => toyRecord(random));
  const order = random.permutation(records.length);
  const blind = closeCase('controls', 'blind baseline', { auc: golden.blind_baseline_auc }, STATISTIC, () => {
    const scores = blindScores(
      records.map(({ text, label }) => ({ text, member: label === 1 })),
      order,
    );
    const ofClass = (label: number): number[] => scores.filter((_score, i) => records[i]?.label === label);
    return { auc: areaUnderCurve(ofClass(1), ofClass(0)) };
  });
  if (share === null) return [blind];
  const control = closeCase('controls', 'fresh controls against controls', { auc: golden.iid_control_auc_ref }, STATISTIC, () => {
    const vocabulary = [...new Set(Array.from(`${documents.join('')}abcdefghijklmnopqrstuvwxyz`))].sort();
    const background = ngramModel(documents.slice(800), vocabulary);
    const target = mixture(background, ngramModel(documents.slice(0, 200), vocabulary), share);
    const reference = mixture(background, ngramModel(documents.slice(400, 600), vocabulary), share);
    const scores = fresh.map((text) => referenceScore(scoreText(target, vocabulary, text).logProbs, scoreText(reference, vocabulary, text).logProbs) ?? 0);
    return {
      auc: areaUnderCurve(
        scores,
        records.filter(({ label }) => label === 0).map((record) => record.scores['ref'] ?? 0),
      ),
    };
  });
  return [blind, control];
}
