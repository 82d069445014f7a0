import { describe, expect, test } from 'vitest';
import { domainClassifier, textDrift } from '../../../src/evaluation/drift/domain-classifier.ts';
import type { DocumentBits } from '../../../src/evaluation/drift/fit-drift.ts';
import { fitDrift } from '../../../src/evaluation/drift/fit-drift.ts';
import { hashedTfIdf } from '../../../src/evaluation/drift/hashed-text.ts';
import { columnDrift, movedMost } from '../../../src/evaluation/drift/input-drift.ts';
import type { DriftWindow } from '../../../src/evaluation/drift/retrain-decision.ts';
import { decideRetraining } from '../../../src/evaluation/drift/retrain-decision.ts';
import { seededGenerator } from '../../../src/evaluation/statistics/seeded-generator.ts';

function uniform(count: number, seed: number, shift = 0): number[] {
  const random = seededGenerator(seed, 'column');
  return Array.from({ length: count }, () => random.uniform() + shift);
}

function texts(count: number, seed: number, words: readonly string[]): string[] {
  const random = seededGenerator(seed, 'texts');
  return Array.from({ length: count }, () => Array.from({ length: 12 }, () => words[random.below(words.length)] ?? '').join(' '));
}

describe('input drift', () => {
  test('stays within what the reference does to itself, over 40 draws', () => {
    const drifted = Array.from({ length: 40 }, (_unused, seed) =>
      columnDrift({ name: 'x', reference: uniform(900, seed), current: uniform(300, seed + 1000) }),
    ).filter((column) => column?.drifted === true);
    expect(drifted.length).toBeLessThanOrEqual(2);
  });

  test('a shift lies beyond it', () => {
    const column = columnDrift({ name: 'x', reference: uniform(900, 1), current: uniform(300, 2, 0.3) });
    expect(column).toMatchObject({ drifted: true, chunkSize: 100, referencePairs: 36 });
    expect(column?.measures.psi.value).toBeGreaterThan(column?.measures.psi.threshold ?? Infinity);
  });

  test('a current period smaller than a chunk sets the size of all chunks', () => {
    expect(columnDrift({ name: 'x', reference: uniform(900, 1), current: uniform(40, 2) })).toMatchObject({ chunkSize: 40, referencePairs: 190 });
  });

  test('says nothing about too little, and refuses what is no number', () => {
    expect(columnDrift({ name: 'x', reference: uniform(100, 1), current: uniform(100, 2) })).toBeNull();
    expect(columnDrift({ name: 'x', reference: uniform(900, 1), current: [] })).toBeNull();
    expect(() => columnDrift({ name: 'x', reference: [Number.NaN], current: [1] })).toThrow(/x: reference/u);
  });

  test('a constant column does not drift from itself', () => {
    const constant = new Array<number>(600).fill(4);
    expect(columnDrift({ name: 'x', reference: constant, current: constant })?.drifted).toBe(false);
  });

  test('names the column that moved most first', () => {
    const columns = [0, 0.5, 0.1].map((shift, i) => columnDrift({ name: String(i), reference: uniform(900, i), current: uniform(300, i + 9, shift) }));
    expect(movedMost(columns.flatMap((column) => column ?? []))[0]?.name).toBe('1');
  });
});

describe('the domain classifier', () => {
  const old = ['invoice', 'order', 'refund', 'ticket', 'customer', 'address', 'payment', 'delivery'];

  test('cannot tell texts of one kind apart, but a new topic', () => {
    const reference = texts(120, 1, old);
    expect(textDrift(reference, texts(80, 2, old), 1)).toMatchObject({ drifted: false });
    const drift = textDrift(reference, texts(80, 3, [...old.slice(0, 5), 'visa', 'passport', 'embassy']), 1);
    expect(drift).toMatchObject({ drifted: true });
    expect(drift?.current.auc).toBeGreaterThan(0.9);
  });

  test('repeats itself for one seed, needs 25 texts, and takes empty ones', () => {
    const [a, b] = [texts(40, 1, old), texts(40, 2, old)];
    expect(domainClassifier(a, b, 3)).toEqual(domainClassifier(a, b, 3));
    expect(domainClassifier(a.slice(0, 24), b, 3)).toBeNull();
    expect(
      domainClassifier(
        a.map(() => ''),
        b.map(() => ''),
        3,
      )?.auc,
    ).toBeGreaterThan(0);
  });

  test('vectors have length 1 and ascending places, whatever the text', () => {
    for (const { places, values } of hashedTfIdf(['a b a', 'ß 漢字 漢字', 'x'.repeat(100_000)])) {
      expect(values.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 12);
      expect([...places]).toEqual([...places].sort((a, b) => a - b));
    }
    expect(hashedTfIdf([''])[0]?.places).toHaveLength(0);
  });
});

describe('drift of fit', () => {
  const documents = (prefix: string, perByte: number, seed: number): DocumentBits[] => {
    const random = seededGenerator(seed, prefix);
    return Array.from({ length: 60 }, (_unused, i) => ({ id: `${prefix}${String(i)}`, bytes: 200, bits: 200 * (perByte + (random.uniform() - 0.5) / 5) }));
  };
  const anchor = documents('anchor', 1.8, 1);

  test('is the difference of the differences, and a new engine cancels', () => {
    const slower = anchor.map((document) => ({ ...document, bits: document.bits * 1.1 }));
    const { difference } = fitDrift(
      { freshNow: [{ id: 'f', bytes: 10, bits: 30 }], anchorNow: anchor, freshAtRelease: [{ id: 'g', bytes: 10, bits: 20 }], anchorAtRelease: anchor },
      { seed: 1 },
    );
    expect(difference).toBeCloseTo(1, 12);
    const same = fitDrift({ freshNow: slower, anchorNow: slower, freshAtRelease: anchor, anchorAtRelease: anchor }, { seed: 1, resamples: 200 });
    expect(same.difference).toBeCloseTo(0, 12);
    // All four sets are the same documents, drawn together.
    expect(same.interval?.upper).toBeCloseTo(0, 12);
  });

  test('its interval holds the true difference and shrinks with the documents', () => {
    const sets = { freshNow: documents('now', 2.1, 2), anchorNow: anchor, freshAtRelease: documents('then', 1.9, 3), anchorAtRelease: anchor };
    const { interval, resolution } = fitDrift(sets, { seed: 1, resamples: 2000 });
    expect(interval?.lower).toBeLessThan(0.2);
    expect(interval?.upper).toBeGreaterThan(0.2);
    expect(resolution).toBeLessThan(0.03);
    expect(fitDrift(sets, { seed: 1, resamples: 500 })).toEqual(fitDrift(sets, { seed: 1, resamples: 500 }));
  });

  test('one document has no interval; none, or one without bytes, is refused', () => {
    const one = [{ id: 'a', bytes: 10, bits: 20 }];
    expect(fitDrift({ freshNow: one, anchorNow: one, freshAtRelease: one, anchorAtRelease: one }, { seed: 1 })).toEqual({
      difference: 0,
      interval: null,
      resolution: null,
    });
    expect(() => fitDrift({ freshNow: [], anchorNow: one, freshAtRelease: one, anchorAtRelease: one }, { seed: 1 })).toThrow(/freshNow/u);
    expect(() => fitDrift({ freshNow: one, anchorNow: [{ id: 'b', bytes: 0, bits: 1 }], freshAtRelease: one, anchorAtRelease: one }, { seed: 1 })).toThrow(
      /bytes of b/u,
    );
  });
});

describe('whether to train again', () => {
  const fit = (lower: number): DriftWindow['fit'] => ({ difference: lower + 0.02, interval: { lower, upper: lower + 0.04 } });
  const quiet: DriftWindow = { inputDrifted: false, fit: fit(-0.02), quality: { difference: 0, interval: { lower: -0.02, upper: 0.02 } } };
  const bad: DriftWindow = { ...quiet, inputDrifted: true, fit: fit(0.05) };

  test('loss and drift in two windows running', () => {
    expect(decideRetraining(bad, bad).decision).toBe('RETRAIN');
    const worse: DriftWindow = { inputDrifted: true, fit: null, quality: { difference: -0.1, interval: { lower: -0.15, upper: -0.05 } } };
    expect(decideRetraining(worse, bad).decision).toBe('RETRAIN');
  });

  test.each<[string, DriftWindow, DriftWindow | null]>([
    ['the first window', bad, null],
    ['once', bad, quiet],
    ['loss without drift', { ...bad, inputDrifted: false }, bad],
    ['drift without loss', { ...quiet, inputDrifted: true }, bad],
  ])('watch: %s', (_name, current, previous) => {
    expect(decideRetraining(current, previous).decision).toBe('WATCH');
  });

  test('drift without loss has a cheaper answer', () => {
    expect(decideRetraining({ ...quiet, inputDrifted: true }, null).cheaperFirst).toBe(true);
    expect(decideRetraining(bad, null).cheaperFirst).toBe(false);
  });

  test('keep, with the loss that would have been seen', () => {
    const { decision, power } = decideRetraining(quiet, bad);
    expect(decision).toBe('KEEP');
    expect(power.fitBits).toBeCloseTo(0.05, 12);
    expect(power.quality).toBeCloseTo(0.05, 12);
  });

  test('nothing measured decides nothing', () => {
    expect(decideRetraining({ inputDrifted: true, fit: null, quality: null }, bad).decision).toBe('INCONCLUSIVE');
    expect(decideRetraining({ inputDrifted: false, fit: { difference: 1, interval: null }, quality: null }, null).decision).toBe('INCONCLUSIVE');
  });
});
