import { describe, expect, test } from 'vitest';
import { blindBaseline, blindScores } from '../../../src/evaluation/membership/blind-baseline.ts';
import { judgeCanaries } from '../../../src/evaluation/membership/canary-exposure.ts';
import { datasetInference } from '../../../src/evaluation/membership/dataset-inference.ts';
import { judgeMembership } from '../../../src/evaluation/membership/judge-membership.ts';
import { scoreRecord } from '../../../src/evaluation/membership/score-record.ts';
import { solveLinear } from '../../../src/evaluation/membership/solve-linear.ts';
import type { ScoredRecord } from '../../../src/evaluation/membership/token-record.ts';
import { seededGenerator, shuffle } from '../../../src/evaluation/statistics/seeded-generator.ts';
import { toyRecord } from '../../conformance/evaluation/toy-corpus.ts';
import { mixture, ngramModel, scoreText } from '../../conformance/evaluation/toy-language-model.ts';

const MEMBERS = 60;

/** A toy model that was trained on the first records and on none of the others. */
function toyRecords(): ScoredRecord[] {
  const random = seededGenerator(7, 'toy');
  const texts = Array.from({ length: 460 }, () => toyRecord({ integers: (low, high) => low + random.below(high - low) }));
  const vocabulary = [...new Set(Array.from(texts.join('')))].sort();
  const background = ngramModel(texts.slice(260), vocabulary);
  const target = mixture(background, ngramModel(texts.slice(0, MEMBERS), vocabulary), 0.1);
  return texts.slice(0, 260).map((text, i) => {
    const { logProbs, mu, sigma } = scoreText(target, vocabulary, text);
    const reference = scoreText(background, vocabulary, text).logProbs;
    return { id: String(i).padStart(4, '0'), text, member: i < MEMBERS, scores: scoreRecord({ text, logProbs, mu, sigma, reference }) };
  });
}

const records = toyRecords();
const members = records.slice(0, MEMBERS);
const others = records.slice(MEMBERS).map((record) => ({ ...record, member: false }));
const options = { seed: 1, shuffles: 1000 };

describe('the verdict over a set', () => {
  const leak = judgeMembership([...members, ...others.slice(0, MEMBERS)], options);

  test('a model that was trained on the members leaks, by its primary method', () => {
    expect(leak).toMatchObject({ verdict: 'LEAK', primary: 'wbc', members: MEMBERS, controls: MEMBERS });
    expect(leak.reasons[0]?.code).toBe('primary-separates');
    expect(leak.methods[0]).toMatchObject({ method: 'wbc', role: 'primary' });
    expect(leak.methods.slice(1).every(({ role, adjustedP, p }) => role === 'secondary' && adjustedP >= p)).toBe(true);
  });

  test('records that it never saw give no evidence, over 40 splits', () => {
    const words = Array.from({ length: 40 }, (_unused, seed) => {
      const drawn = shuffle([...others], seededGenerator(seed, 'split')).slice(0, 120);
      return judgeMembership(
        drawn.map((record, i) => ({ ...record, member: i < 60 })),
        { seed, shuffles: 300 },
      ).verdict;
    });
    expect(words.filter((word) => word === 'NO_EVIDENCE').length).toBeGreaterThanOrEqual(37);
    expect(words.filter((word) => word === 'LEAK').length).toBeLessThanOrEqual(1);
  });

  test('no evidence says what it cannot exclude', () => {
    const { verdict, reasons } = judgeMembership(
      others.slice(0, 120).map((record, i) => ({ ...record, member: i % 2 === 0 })),
      options,
    );
    expect(verdict).toBe('NO_EVIDENCE');
    expect(reasons[0]?.text).toMatch(/^cannot exclude AUC up to 0[.]\d{3}/u);
  });

  test('is plain data, and the same whatever the order of the records', () => {
    const turned = judgeMembership([...others.slice(0, MEMBERS), ...members].reverse(), options);
    expect(turned).toEqual(leak);
    expect(JSON.parse(JSON.stringify(leak))).toEqual(leak);
  });

  test('controls that read differently are no controls', () => {
    const different = others.slice(0, MEMBERS).map((record) => ({ ...record, text: `Lorem ipsum ${record.text.toUpperCase()}` }));
    const verdict = judgeMembership([...members, ...different], options);
    expect(verdict).toMatchObject({ verdict: 'INVALID_CONTROLS', methods: [], rankedForReview: [], primary: null });
    expect(verdict.blindBaseline?.auc).toBeGreaterThan(0.9);
  });

  test('fewer than 25 of a class are not judged', () => {
    const verdict = judgeMembership([...members.slice(0, 24), ...others], options);
    expect(verdict).toMatchObject({ verdict: 'INCONCLUSIVE', members: 24, methods: [] });
    expect(verdict.reasons[0]?.code).toBe('too-few-records');
    expect(judgeMembership([], options)).toMatchObject({ verdict: 'INCONCLUSIVE', detectableAuc: 1 });
  });

  test('records without scores, or with one score for all, decide nothing', () => {
    const all = [...members, ...others.slice(0, MEMBERS)];
    expect(
      judgeMembership(
        all.map((record) => ({ ...record, scores: {} })),
        options,
      ).reasons[0]?.code,
    ).toBe('no-scores');
    const constant = judgeMembership(
      all.map((record) => ({ ...record, scores: { coverage: 0 } })),
      options,
    );
    expect(constant).toMatchObject({ verdict: 'INCONCLUSIVE', primary: 'coverage' });
    expect(constant.reasons[0]?.code).toBe('constant-scores');
  });

  test('an extracted canary is a leak whatever else is known', () => {
    const canaries = judgeCanaries([{ id: 'k', secret: 0, decoys: [0, 1, 2], extracted: true }], { spaceBits: 20 });
    const { verdict, reasons } = judgeMembership(members.slice(0, 3), { ...options, canaries });
    expect(verdict).toBe('LEAK');
    expect(reasons.map(({ code }) => code)).toEqual(['canary-extracted', 'too-few-records']);
  });

  test('members are ranked for review with q-values that never fall', () => {
    const { rankedForReview } = leak;
    expect(rankedForReview).toHaveLength(MEMBERS);
    rankedForReview.forEach(({ q, score }, i) => {
      expect(q).toBeGreaterThanOrEqual(rankedForReview[i - 1]?.q ?? 0);
      expect(score).toBeLessThanOrEqual(rankedForReview[i - 1]?.score ?? Infinity);
    });
  });

  test('no sentence is about one record', () => {
    for (const { text } of leak.reasons) expect(text).not.toMatch(/record|trained on/u);
  });

  test('groups keep what only tells groups apart from counting', () => {
    const scored = others.slice(0, 120).map((record, i) => {
      // Members are mostly long, and long ones score high: nothing within a group.
      const long = i < 60 ? i % 10 !== 0 : i % 10 === 0;
      return { ...record, member: i < 60, group: long ? 'long' : 'short', scores: { loss: (long ? 10 : 0) + ((i * 37) % 11) } };
    });
    expect(
      judgeMembership(
        scored.map(({ group: _, ...record }) => record),
        options,
      ).verdict,
    ).toBe('LEAK');
    expect(judgeMembership(scored, options).verdict).not.toBe('LEAK');
  });

  test('refuses equal ids and scores that are no numbers', () => {
    expect(() => judgeMembership([...members, ...members], options)).toThrow(/two records/u);
    expect(() => judgeMembership([{ id: 'a', text: '', member: true, scores: { loss: Number.NaN } }], options)).toThrow(/record a: loss/u);
  });
});

describe('the blind baseline', () => {
  test('is at chance for texts of one kind and for texts without a character 3-gram', () => {
    const texts = others.slice(0, 100).map(({ text }, i) => ({ text, member: i % 2 === 0 }));
    expect(Math.abs(blindBaseline(texts, 1).auc - 0.5)).toBeLessThan(0.2);
    expect(
      blindBaseline(
        texts.map(({ member }) => ({ member, text: 'a' })),
        1,
      ).auc,
    ).toBe(0.5);
  });

  test('learns from the other folds only', () => {
    const texts = Array.from('aabbaabbaa').map((letter) => ({ text: letter.repeat(3), member: letter === 'a' }));
    const scores = blindScores(
      texts,
      texts.map((_text, i) => i),
    );
    texts.forEach(({ member }, i) => {
      expect((scores[i] ?? 0) > 0).toBe(member);
    });
  });
});

describe('dataset inference', () => {
  const rows = (shift: number, seed: number): { features: number[]; member: boolean }[] => {
    const random = seededGenerator(seed, 'rows');
    return Array.from({ length: 300 }, (_unused, i) => ({ member: i < 150, features: [random.uniform() + (i < 150 ? shift : 0), random.uniform(), 3] }));
  };

  test('finds a shift of one feature, and nothing without one', () => {
    expect(datasetInference(rows(0.3, 1), 1)).toBeLessThan(1e-4);
    const found = Array.from({ length: 40 }, (_unused, seed) => datasetInference(rows(0, seed), seed) ?? 1).filter((p) => p < 0.05);
    expect(found.length).toBeLessThanOrEqual(6);
  });

  test('needs 100 of each class and features', () => {
    expect(datasetInference(rows(0.3, 1).slice(60), 1)).toBeNull();
    expect(datasetInference([], 1)).toBeNull();
    expect(
      datasetInference(
        rows(0, 1).map(({ member }) => ({ member, features: [1] })),
        1,
      ),
    ).toBeNull();
  });
});

test('linear equations with a pivot of zero', () => {
  expect(
    solveLinear(
      [
        [0, 2],
        [4, 1],
      ],
      [6, 11],
    ),
  ).toEqual([2, 3]);
  expect(() =>
    solveLinear(
      [
        [1, 1],
        [1, 1],
      ],
      [1, 2],
    ),
  ).toThrow(/singular/u);
});
