import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frequencyScorer } from '../../../src/evaluation/membership/frequency-calibration.ts';
import { commonSubstringShare, ngramCoverage } from '../../../src/evaluation/membership/ngram-coverage.ts';
import { scoreRecord } from '../../../src/evaluation/membership/score-record.ts';
import { minK, minKPlusPlus, referenceScorePerByte, windowComparison } from '../../../src/evaluation/membership/token-scores.ts';

describe('scores of one text', () => {
  const full = {
    text: 'abcd',
    logProbs: [-1, -2, -3, -4, -5],
    reference: [-2, -2, -2, -2, -2],
    lowercase: [-6],
    conditioned: [-1, -1, -1, -1, -1],
    mu: [-2, -2, -2, -2, -2],
    sigma: [1, 1, 1, 1, 0],
    zlibBytes: 10,
    tokens: ['a', 'b', 'a', 'c', 'd'],
    suffix: 'one two three four',
    samples: ['zero one two three'],
  };

  test('all that the fields allow', () => {
    const frequencies = frequencyScorer({ counts: new Map([['a', 7]]), vocabulary: 3 });
    const scores = scoreRecord(full, { frequencies });
    expect(scores).toMatchObject({ loss: -3, zlib: -0.3, reference: -1, lowercase: 2, 'min-k': -5, 'min-k++': -2, coverage: 0.75, 'common-substring': 0.75 });
    expect(scores.recall).toBeCloseTo(1 / 3, 12);
    expect(scores['dc-pdd']).toBeGreaterThan(0);
  });

  test('fields that are absent have no score, texts without tokens none at all', () => {
    expect(Object.keys(scoreRecord({ text: 'a', logProbs: [-1] }))).toEqual(['loss', 'min-k']);
    expect(scoreRecord({ text: '', logProbs: [] })).toEqual({});
    expect(scoreRecord({ text: 'a', logProbs: [-1], reference: [-2] }).wbc).toBeNull();
  });

  test('a model that is certain of everything has no ratios', () => {
    expect(scoreRecord({ text: 'a', logProbs: [0, 0], lowercase: [-1], conditioned: [-1] })).toMatchObject({ loss: 0, lowercase: null, recall: null });
  });

  test('tokenizers that differ are compared by bytes of text', () => {
    const { reference, wbc } = scoreRecord({ text: 'äb', logProbs: [-3 * Math.LN2], reference: [-3 * Math.LN2, -3 * Math.LN2], sameTokenizer: false });
    expect(reference).toBeCloseTo(1, 12);
    expect(wbc).toBeUndefined();
    expect(referenceScorePerByte([-1], [-1], '')).toBeNull();
  });

  test.each([
    ['logProbs', { logProbs: [Number.NaN, -1] }],
    ['logProbs', { logProbs: [-Infinity, -1] }],
    ['reference', { reference: [-1] }],
    ['mu', { mu: [-1] }],
    ['sigma', { sigma: [1, 1, 1, 1, -1] }],
    ['tokens', { tokens: [] }],
    ['zlibBytes', { zlibBytes: 0 }],
  ])('a bad %s is refused by name', (name, change) => {
    expect(() => scoreRecord({ ...full, ...change })).toThrow(new RegExp(name, 'u'));
  });
});

describe('Min-K %', () => {
  test('takes at least one value', () => {
    expect(minK([-1], 0.2)).toBe(-1);
    expect(minK([-1, -9, -2], 0)).toBe(-9);
    expect(minK([], 0.2)).toBeNull();
  });

  test('of all values is their mean; more values only raise it', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -50, max: 0, noNaN: true }), { minLength: 1, maxLength: 50 }), (values) => {
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        expect(minK(values, 1)).toBeCloseTo(mean, 9);
        expect((minK(values, 0.2) ?? 0) <= mean + 1e-9).toBe(true);
      }),
    );
  });

  test('a token without spread counts as nothing', () => {
    expect(minKPlusPlus([-1e-9], [-1e-9], [0])).toBe(0);
  });
});

describe('window comparison', () => {
  test('is 1 where the model always wins, 0 where it never does or both are the same', () => {
    const [low, high] = [new Array<number>(50).fill(-2), new Array<number>(50).fill(-1)];
    expect(windowComparison(high, low)).toBe(1);
    expect(windowComparison(low, high)).toBe(0);
    // Sums of tenths do not cancel exactly; that is no win.
    expect(
      windowComparison(
        low.map((_value, i) => -0.1 * i),
        low.map((_value, i) => -0.1 * i),
      ),
    ).toBe(0);
  });

  test('windows longer than the text are left out', () => {
    expect(windowComparison([-1, -3], [-2, -1])).toBe(0);
    expect(windowComparison([-1, -1, -9], [-2, -2, -2])).toBeCloseTo((1 / 2 + 0) / 2, 12);
  });
});

describe('n-gram coverage', () => {
  test('counts words in shared runs of three, over the best sample', () => {
    const suffix = 'a b c d e f g h';
    expect(ngramCoverage(suffix, ['x a b c y e f z'])).toBeCloseTo(3 / 8, 12);
    expect(ngramCoverage(suffix, ['nothing at all', 'a b c d - e f g h'])).toBe(1);
    expect(ngramCoverage('a b', ['a b'])).toBeNull();
    expect(ngramCoverage(suffix, [])).toBeNull();
    expect(ngramCoverage(suffix, [''])).toBe(0);
  });

  test('overlapping runs count once', () => {
    expect(ngramCoverage('a b c d', ['a b c d'])).toBe(1);
  });

  test('longest common run', () => {
    expect(commonSubstringShare('a b c d', ['x b c y', 'd a'])).toBe(0.5);
    expect(commonSubstringShare('', ['a'])).toBeNull();
  });

  test('a reply of a million words is cut, not digested', () => {
    const flood = 'word '.repeat(1_000_000);
    expect(ngramCoverage('word word word', [flood])).toBe(1);
    expect(commonSubstringShare(flood, [flood])).toBe(1);
  });
});

test('frequency calibration looks at the first occurrence of a token', () => {
  const scorer = frequencyScorer({ counts: new Map([['the', 98]]), vocabulary: 1 });
  // p ln(1/f), f = 99/99: a token that is all of the corpus says nothing.
  expect(scorer.score([-0.1, -0.1], ['the', 'the'])).toBeCloseTo(0, 12);
  expect(scorer.score([-10, 0], ['rare', 'rare'])).toBeCloseTo(Math.exp(-10) * Math.log(99), 12);
  expect(scorer.score([], [])).toBeNull();
});
