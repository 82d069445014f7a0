import { readFileSync } from 'node:fs';
import { aucSampleSize, hanleyMcNeil } from '../../../src/evaluation/statistics/auc-power.ts';
import { mannWhitney } from '../../../src/evaluation/statistics/auc.ts';
import { binnedDrift } from '../../../src/evaluation/statistics/binned-drift.ts';
import { chiSquareHomogeneity } from '../../../src/evaluation/statistics/chi-square.ts';
import { exposure, skewNormalExposure } from '../../../src/evaluation/statistics/exposure.ts';
import { kolmogorovSmirnov, wassersteinDistance } from '../../../src/evaluation/statistics/kolmogorov-smirnov.ts';
import { kernelWidths, unbiasedMmd } from '../../../src/evaluation/statistics/maximum-mean-discrepancy.ts';
import { mcnemarItems, mcnemarOneSided, mcnemarTwoSided } from '../../../src/evaluation/statistics/mcnemar.ts';
import { mean } from '../../../src/evaluation/statistics/moments.ts';
import { benjaminiHochberg, holmAdjusted } from '../../../src/evaluation/statistics/multiple-tests.ts';
import { ngramContainment } from '../../../src/evaluation/statistics/ngram-containment.ts';
import { poissonCusum } from '../../../src/evaluation/statistics/poisson-cusum.ts';
import type { Interval } from '../../../src/evaluation/statistics/proportion-intervals.ts';
import { clopperPearsonInterval, wilsonInterval, zeroFailureTrials } from '../../../src/evaluation/statistics/proportion-intervals.ts';
import { shapiroWilk } from '../../../src/evaluation/statistics/shapiro-wilk.ts';
import { signFlipTest } from '../../../src/evaluation/statistics/sign-flip.ts';
import { fitSkewNormal } from '../../../src/evaluation/statistics/skew-normal.ts';
import type { ConformanceCase } from '../suite.ts';
import type { Figures, Tolerance } from './close-case.ts';
import { closeCase } from './close-case.ts';

/** `stats_expected.json` as far as it is read. */
interface Golden {
  readonly wilson95: readonly { readonly k: number; readonly n: number; readonly ci: readonly [number, number] }[];
  readonly clopper_pearson95: Golden['wilson95'];
  readonly rule_of_three_n_for_max_rate: Figures;
  readonly mcnemar_exact_two_sided: readonly { readonly b: number; readonly c: number; readonly p: number }[];
  readonly mcnemar_one_sided_regression_c_gt_b: Golden['mcnemar_exact_two_sided'];
  readonly signflip_exact: { readonly d: readonly number[]; readonly p_greater: number; readonly p_two: number };
  readonly bh_adjusted: { readonly p: readonly number[]; readonly q: readonly number[] };
  readonly holm_adjusted: Golden['bh_adjusted'];
  readonly drift: { readonly reference: readonly number[]; readonly current: readonly number[] } & Figures;
  readonly chi2_2x4: { readonly ref: readonly number[]; readonly cur: readonly number[]; readonly p: number };
  readonly shapiro: readonly { readonly x: readonly number[]; readonly W: number }[];
  readonly exposure: {
    readonly candidates: readonly number[];
    readonly canary: number;
    readonly rank: number;
    readonly exposure_rank_bits: number;
    readonly skewnorm_fit: readonly [number, number, number];
    readonly exposure_skewnorm_bits: number;
    readonly exposure_normal_bits: number;
  };
  readonly cusum_poisson: { readonly x: readonly number[]; readonly lambda0: number; readonly lambda1: number; readonly path: readonly number[] };
  readonly hanley_mcneil: { readonly auc: number; readonly n1: number; readonly n0: number; readonly se: number };
  readonly n_per_class_for_80pct_power_one_sided_5pct: Figures;
  readonly n_items_mcnemar_80pct_power_one_sided: Figures;
  readonly mmd2_unbiased: {
    readonly X: readonly number[][];
    readonly Y: readonly number[][];
    readonly sigmas: readonly number[];
    readonly mmd2_XY: number;
    readonly mmd2_X6_X6: number;
  };
  readonly ngram_containment_4: readonly { readonly target: string; readonly text: string; readonly value: number }[];
}

/** Closed forms and exact tests agree to rounding. */
const EXACT: Tolerance = { within: 1e-11 };
const RELATIVE: Tolerance = { within: 1e-10, relative: true };
/** The reference computes W by the older, single-precision quantile of AS R94. */
const SHAPIRO: Tolerance = { within: 1e-7 };
/** The reference's fit stops at four digits (simplex search with a tolerance of 1e-4); ours goes on to the maximum. */
const FITTED: Tolerance = { within: 2e-3 };

function numbered(values: readonly number[]): Figures {
  return Object.fromEntries(values.map((value, i) => [String(i), value]));
}

const ends = ({ lower, upper }: Interval): Figures => ({ lower, upper });

export function statisticsCases(file: string): ConformanceCase[] {
  const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;
  return [...proportionCases(golden), ...pairedCases(golden), ...driftCases(golden), ...exposureCases(golden), ...powerCases(golden), ...textCases(golden)];
}

function proportionCases(golden: Golden): ConformanceCase[] {
  const interval = (name: string, rows: Golden['wilson95'], compute: (k: number, n: number) => Interval): ConformanceCase[] =>
    rows.map(({ k, n, ci: [lower, upper] }) => closeCase('intervals', `${name} ${String(k)}/${String(n)}`, { lower, upper }, EXACT, () => ends(compute(k, n))));
  return [
    ...interval('Wilson', golden.wilson95, (k, n) => wilsonInterval(k, n)),
    ...interval('Clopper-Pearson', golden.clopper_pearson95, (k, n) => clopperPearsonInterval(k, n)),
    ...Object.entries(golden.rule_of_three_n_for_max_rate).map(([rate, n]) =>
      closeCase('intervals', `no failures, rate ${rate}`, { n }, EXACT, () => ({ n: zeroFailureTrials(Number(rate)) })),
    ),
  ];
}

function pairedCases(golden: Golden): ConformanceCase[] {
  const mcnemar = (name: string, rows: Golden['mcnemar_exact_two_sided'], compute: (b: number, c: number) => number): ConformanceCase[] =>
    rows.map(({ b, c, p }) => closeCase('paired tests', `McNemar ${name} ${String(b)}/${String(c)}`, { p }, RELATIVE, () => ({ p: compute(b, c) })));
  const { signflip_exact: flip, bh_adjusted: bh, holm_adjusted: holm } = golden;
  return [
    ...mcnemar('two-sided', golden.mcnemar_exact_two_sided, mcnemarTwoSided),
    ...mcnemar('one-sided', golden.mcnemar_one_sided_regression_c_gt_b, mcnemarOneSided),
    closeCase('paired tests', 'sign-flip, exact', { greater: flip.p_greater, twoSided: flip.p_two }, EXACT, () => {
      const { greater, twoSided } = signFlipTest(flip.d, 1);
      return { greater, twoSided };
    }),
    closeCase('adjusted p', 'Benjamini-Hochberg', numbered(bh.q), EXACT, () => numbered(benjaminiHochberg(bh.p))),
    closeCase('adjusted p', 'Holm', numbered(holm.q), EXACT, () => numbered(holmAdjusted(holm.p))),
  ];
}

function driftCases({ drift, chi2_2x4: chi2, shapiro }: Golden): ConformanceCase[] {
  const { reference, current } = drift;
  const figure = (name: string, tolerance: Tolerance, compute: () => number): ConformanceCase => {
    const expected = (drift as Figures)[name] ?? Number.NaN;
    return closeCase('drift', name, { [name]: expected }, tolerance, () => ({ [name]: compute() }));
  };
  const populationDeviation = (): number => Math.sqrt(mean(reference.map((value) => (value - mean(reference)) ** 2)));
  return [
    figure('psi', EXACT, () => binnedDrift(reference, current).populationStability),
    figure('js_divergence_bits', EXACT, () => binnedDrift(reference, current).jensenShannonBits),
    figure('js_distance_bits', EXACT, () => binnedDrift(reference, current).jensenShannonDistance),
    figure('hellinger', EXACT, () => binnedDrift(reference, current).hellinger),
    figure('ks', EXACT, () => kolmogorovSmirnov(reference, current).statistic),
    figure('ks_p_asymp', RELATIVE, () => kolmogorovSmirnov(reference, current).p),
    figure('wasserstein', EXACT, () => wassersteinDistance(reference, current)),
    figure('wasserstein_norm_by_ref_std', EXACT, () => wassersteinDistance(reference, current) / populationDeviation()),
    figure('mannwhitney_p_two', RELATIVE, () => mannWhitney(reference, current).twoSided),
    closeCase('drift', 'chi-square', { p: chi2.p }, RELATIVE, () => ({ p: chiSquareHomogeneity(chi2.ref, chi2.cur).p })),
    ...shapiro.map(({ x, W }, i) => closeCase('drift', `Shapiro-Wilk ${String(i)}`, { W }, SHAPIRO, () => ({ W: shapiroWilk(x)?.w ?? null }))),
  ];
}

function exposureCases({ exposure: golden }: Golden): ConformanceCase[] {
  const decoys = golden.candidates.map((perplexity) => -perplexity);
  const [shape, location, scale] = golden.skewnorm_fit;
  return [
    closeCase('exposure', 'rank', { rank: golden.rank, bits: golden.exposure_rank_bits }, EXACT, () => {
      const { rank, rankBits } = exposure(-golden.canary, decoys);
      return { rank, bits: rankBits };
    }),
    closeCase('exposure', 'normal', { bits: golden.exposure_normal_bits }, RELATIVE, () => ({ bits: exposure(-golden.canary, decoys).gaussianBits })),
    closeCase('exposure', 'skew-normal fit', { shape, location, scale }, FITTED, () => ({ ...fitSkewNormal(golden.candidates) })),
    closeCase('exposure', 'skew-normal', { bits: golden.exposure_skewnorm_bits }, FITTED, () => ({ bits: skewNormalExposure(-golden.canary, decoys) })),
  ];
}

function powerCases(golden: Golden): ConformanceCase[] {
  const { auc, n1, n0, se } = golden.hanley_mcneil;
  const { x, lambda0, lambda1, path } = golden.cusum_poisson;
  return [
    closeCase('power', 'Hanley-McNeil', { se }, EXACT, () => ({ se: hanleyMcNeil(auc, n1, n0) })),
    ...Object.entries(golden.n_per_class_for_80pct_power_one_sided_5pct).map(([area, n]) =>
      closeCase('power', `n for AUC ${area}`, { n }, EXACT, () => ({ n: aucSampleSize(Number(area)) })),
    ),
    ...Object.entries(golden.n_items_mcnemar_80pct_power_one_sided).map(([name, n]) => {
      const [drop = 0, discordance = 0] = name.split(',').map((part) => Number(part.split('=')[1]));
      return closeCase('power', `n for McNemar ${name}`, { n }, EXACT, () => ({ n: mcnemarItems(drop, discordance) }));
    }),
    closeCase('power', 'Poisson CUSUM', numbered(path), EXACT, () => numbered(poissonCusum(x, lambda0, lambda1 / lambda0).path)),
  ];
}

function textCases({ mmd2_unbiased: mmd, ngram_containment_4: containment }: Golden): ConformanceCase[] {
  const widths = (): readonly number[] => kernelWidths(mmd.X) ?? [];
  return [
    closeCase('MMD', 'kernel widths', numbered(mmd.sigmas), EXACT, () => numbered(widths())),
    closeCase('MMD', 'X against Y', { mmd: mmd.mmd2_XY }, EXACT, () => ({ mmd: unbiasedMmd(mmd.X, mmd.Y, widths()) })),
    closeCase('MMD', 'halves of X', { mmd: mmd.mmd2_X6_X6 }, EXACT, () => ({ mmd: unbiasedMmd(mmd.X.slice(0, 6), mmd.X.slice(6), widths()) })),
    ...containment.map(({ target, text, value }, i) =>
      closeCase('containment', `text ${String(i)}`, { share: value }, EXACT, () => ({ share: ngramContainment(target, text) })),
    ),
  ];
}
