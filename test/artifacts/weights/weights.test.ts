import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { modelTensors } from '../../../src/artifacts/compare/model-tensors.ts';
import { adapterOutliers, adapterSpectra } from '../../../src/artifacts/weights/adapter-spectra.ts';
import type { AdapterSpectrum } from '../../../src/artifacts/weights/adapter-spectra.ts';
import { decodeValues } from '../../../src/artifacts/weights/decode-values.ts';
import { robustScores } from '../../../src/artifacts/weights/robust.ts';
import { symmetricEigen } from '../../../src/artifacts/weights/symmetric-eigenvalues.ts';
import { tensorStatistics } from '../../../src/artifacts/weights/tensor-statistics.ts';
import { makeSafetensors } from '../safetensors/support.ts';
import type { MadeTensor } from '../safetensors/support.ts';

const signal = new AbortController().signal;

describe('decodeValues', () => {
  it.each<[string, number[], number[]]>([
    ['F16', [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b], [1, -2, 2 ** -24, 65504]],
    ['BF16', [0x80, 0x3f, 0x20, 0xc0], [1, -2.5]],
    ['F8_E4M3', [0x38, 0x7e, 0x01, 0xb8], [1, 448, 2 ** -9, -1]],
    ['F8_E5M2', [0x3c, 0x7b, 0x01], [1, 57344, 2 ** -16]],
    ['I8', [0xff, 0x7f], [-1, 127]],
    ['U16', [0x01, 0x01], [257]],
    ['F32', [0, 0, 0x80, 0x3f, 9], [1]],
  ])('reads %s', (dtype, bytes, values) => {
    expect([...(decodeValues(dtype, Buffer.from(bytes)) ?? [])]).toEqual(values);
  });

  it('tells infinity and NaN of small types', () => {
    expect([...(decodeValues('F16', Buffer.from([0x00, 0x7c, 0x01, 0x7c])) ?? [])]).toEqual([Infinity, NaN]);
    expect([...(decodeValues('F8_E4M3', Buffer.from([0x7f])) ?? [])]).toEqual([NaN]);
  });

  it('says that it does not know a type', () => {
    expect(decodeValues('F4', Buffer.alloc(4))).toBeUndefined();
  });
});

describe('tensorStatistics', () => {
  it('agrees with the definitions', () => {
    const values = Float64Array.of(1, -3, 0, 2, 10, NaN, Infinity);
    const statistics = tensorStatistics('F64', bytesSource(Buffer.from(values.buffer)), signal);
    const finite = [1, -3, 0, 2, 10];
    const moment = (power: number): number => finite.reduce((sum, value) => sum + (value - 2) ** power, 0) / 5;
    expect(statistics).toMatchObject({ elements: 7, notFinite: 2, zeros: 1, min: -3, max: 10 });
    expect(statistics?.mean).toBeCloseTo(2);
    expect(statistics?.deviation).toBeCloseTo(Math.sqrt(moment(2)));
    expect(statistics?.norm).toBeCloseTo(Math.sqrt(114));
    expect(statistics?.kurtosis).toBeCloseTo(moment(4) / moment(2) ** 2 - 3);
  });

  it('of an empty tensor says nothing', () => {
    expect(tensorStatistics('F32', bytesSource(Buffer.alloc(0)), signal)).toMatchObject({ elements: 0, norm: 0 });
  });
});

describe('symmetricEigen', () => {
  it('finds the eigenvalues of a matrix that was made out of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 2, maxLength: 2 }),
        fc.double({ min: 0, max: 6, noNaN: true }),
        ([a = 0, b = 0], angle) => {
          const [c, s] = [Math.cos(angle), Math.sin(angle)];
          const values = Float64Array.of(a * c * c + b * s * s, (a - b) * c * s, (a - b) * c * s, a * s * s + b * c * c);
          const { sorted } = symmetricEigen({ size: 2, values });
          expect(sorted[0]).toBeCloseTo(Math.max(a, b), 8);
          expect(sorted[1]).toBeCloseTo(Math.min(a, b), 8);
        },
      ),
    );
  });
});

it('Robust scores tell the one that stands out, and none where all are equal', () => {
  const scores = robustScores([1, 1.1, 0.9, 1.05, 0.95, 9]);
  expect(scores.at(-1)).toBeGreaterThan(20);
  expect(Math.max(...scores.slice(0, -1).map(Math.abs))).toBeLessThan(3);
  expect(robustScores([2, 2, 2])).toEqual([0, 0, 0]);
});

function factor(rows: number, columns: number, value: (i: number, j: number) => number): MadeTensor {
  const values = Float32Array.from({ length: rows * columns }, (_, k) => value(Math.floor(k / columns), k % columns));
  return { dtype: 'F32', shape: [rows, columns], data: Buffer.from(values.buffer) };
}

function spectraOf(tensors: Record<string, MadeTensor>): ReturnType<typeof adapterSpectra> {
  return adapterSpectra(modelTensors([{ path: 'adapter.safetensors', source: bytesSource(makeSafetensors(tensors)) }]).tensors, signal);
}

describe('adapterSpectra', () => {
  it('finds the singular values of the update without making it', () => {
    // Rows of A and columns of B are unit vectors: B·A has 3·5 and 2·4 on its diagonal.
    const { spectra, skipped } = spectraOf({
      'm.layers.0.q_proj.lora_A.weight': factor(2, 6, (i, j) => (i === j ? ([3, 2][i] ?? 0) : 0)),
      'm.layers.0.q_proj.lora_B.weight': factor(5, 2, (i, j) => (i === j ? ([5, 4][j] ?? 0) : 0)),
    });
    expect(skipped).toEqual([]);
    expect(spectra[0]).toMatchObject({ module: 'm.layers.0.q_proj', role: 'q_proj', rank: 2 });
    expect(spectra[0]?.largest).toBeCloseTo(15);
    expect(spectra[0]?.norm).toBeCloseTo(17);
    expect(spectra[0]?.share).toBeCloseTo(225 / 289);
    expect(spectra[0]?.entropy).toBeGreaterThan(0);
  });

  it('says which pairs it could not compute', () => {
    expect(spectraOf({ 'a.lora_A.weight': factor(2, 4, () => 1) }).skipped).toEqual(['a: no lora_B']);
    expect(spectraOf({ 'a.lora_A.weight': factor(2, 4, () => 1), 'a.lora_B.weight': factor(4, 3, () => 1) }).skipped).toEqual(['a: shapes that do not fit']);
  });

  it('has no trouble with an update that is zero, as it is before training', () => {
    expect(spectraOf({ 'a.lora_A.weight': factor(2, 4, (i, j) => i + j), 'a.lora_B.weight': factor(4, 2, () => 0) }).spectra[0]).toMatchObject({
      largest: 0,
      norm: 0,
      share: 0,
      entropy: 0,
    });
  });
});

describe('adapterOutliers', () => {
  const spectrum = (layer: number, largest: number): AdapterSpectrum => ({
    module: `m.${String(layer)}.q_proj`,
    role: 'q_proj',
    rank: 8,
    largest,
    norm: 2,
    share: 0.3 + layer / 1000,
    entropy: 0.8 + layer / 1000,
  });
  const plain = Array.from({ length: 12 }, (_, layer) => spectrum(layer, 1 + layer / 100));

  it('finds the module that is unlike the others of its role', () => {
    expect(adapterOutliers(plain, [], 8)).toEqual([]);
    expect(adapterOutliers([...plain, spectrum(12, 6)], [], 8).map((outlier) => [outlier.spectrum.module, outlier.measure])).toEqual([
      ['m.12.q_proj', 'largest'],
    ]);
  });

  it('compares with clean adapters where there are some, and with nothing where there are too few', () => {
    expect(adapterOutliers([spectrum(3, 6)], plain, 8)).toHaveLength(1);
    expect(adapterOutliers([spectrum(1, 1), spectrum(2, 6)], [], 8)).toEqual([]);
  });
});
