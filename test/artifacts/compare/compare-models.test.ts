import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { compareModels } from '../../../src/artifacts/compare/compare-models.ts';
import type { Comparison } from '../../../src/artifacts/compare/comparison.ts';
import { modelTensors } from '../../../src/artifacts/compare/model-tensors.ts';
import { makeSafetensors } from '../safetensors/support.ts';
import type { MadeTensor } from '../safetensors/support.ts';

const SIDE = 48;
const LAYERS = 6;

/** Numbers of a normal distribution, always the same ones for a seed. */
function normal(seed: number, scale: number, count: number): number[] {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return Array.from({ length: count }, () => scale * Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next()));
}

type Weights = Record<string, number[]>;

function base(): Weights {
  const names = Array.from({ length: LAYERS }, (_, layer) => ['q_proj', 'mlp'].map((role) => `model.layers.${String(layer)}.${role}.weight`)).flat();
  return Object.fromEntries(names.map((name, i) => [name, normal(i + 1, 1, SIDE * SIDE)]));
}

function rankOne(scale: number): number[] {
  const u = normal(901, 1, SIDE);
  const v = normal(902, 1, SIDE);
  return Array.from({ length: SIDE * SIDE }, (_, i) => scale * (u[Math.floor(i / SIDE)] ?? 0) * (v[i % SIDE] ?? 0));
}

function add(weights: Weights, change: (name: string, i: number) => number[] | undefined): Weights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, values], i) => {
      const difference = change(name, i);
      return [name, difference === undefined ? values : values.map((value, k) => value + (difference[k] ?? 0))];
    }),
  );
}

function file(weights: Weights, shape: readonly number[] = [SIDE, SIDE]): Buffer {
  const tensors = Object.entries(weights).map(([name, values]): [string, MadeTensor] => [
    name,
    { dtype: 'F32', shape, data: Buffer.from(Float32Array.from(values).buffer) },
  ]);
  return makeSafetensors(Object.fromEntries(tensors));
}

function compare(before: Buffer, after: Buffer): Comparison {
  const model = (bytes: Buffer): ReturnType<typeof modelTensors> => modelTensors([{ path: 'model.safetensors', source: bytesSource(bytes) }]);
  return compareModels(model(before), model(after), new AbortController().signal);
}

const ids = ({ findings }: Comparison): string[] => [...new Set(findings.map(({ rule }) => rule.id))];
const noise = (seed: number): number[] => normal(100 + seed, 0.01, SIDE * SIDE);

describe('compareModels', () => {
  it('finds no change in the same model', () => {
    const { changed, compared, findings } = compare(file(base()), file(base()));
    expect({ changed, compared, findings }).toEqual({ changed: [], compared: 2 * LAYERS, findings: [] });
  });

  it('takes a slight change of all tensors for training, and says how large it is', () => {
    const comparison = compare(file(base()), file(add(base(), (_, i) => noise(i))));
    expect(comparison.findings).toEqual([]);
    expect(comparison.changed).toHaveLength(2 * LAYERS);
    for (const { relative, concentration } of comparison.changed) {
      expect(relative).toBeGreaterThan(0.008);
      expect(relative).toBeLessThan(0.012);
      expect(concentration?.first).toBeLessThan(0.12);
    }
  });

  it('finds a change of rank one in a single matrix, with the figures', () => {
    const comparison = compare(file(base()), file(add(base(), (name) => (name === 'model.layers.3.mlp.weight' ? rankOne(0.1) : undefined))));
    expect(ids(comparison)).toEqual(['compare-concentrated-change']);
    expect(comparison.findings[0]?.detail).toMatch(
      /"model\.layers\.3\.mlp\.weight": relative change 0\.1\d* in 2304 of 2304 values, 100\.0 % of it in one direction.*1 of 12 tensors changed/,
    );
    expect(comparison.findings[0]?.offset).toBeGreaterThan(0);
  });

  it('finds a single changed row, and a single changed value', () => {
    const row = compare(file(base()), file(add(base(), (name) => (name.includes('.2.q_proj') ? normal(7, 1, SIDE) : undefined))));
    expect(ids(row)).toEqual(['compare-concentrated-change']);
    const value = compare(file(base()), file(add(base(), (name) => (name.includes('.2.q_proj') ? [0.5] : undefined))));
    expect(ids(value)).toEqual(['compare-concentrated-change']);
  });

  it('finds a planted direction under a change of all tensors', () => {
    const comparison = compare(
      file(base()),
      file(
        add(base(), (name, i) => {
          const trained = noise(i);
          return name.includes('.1.mlp') ? trained.map((value, k) => value + (rankOne(0.03)[k] ?? 0)) : trained;
        }),
      ),
    );
    expect(ids(comparison)).toEqual(['compare-spectral-outlier']);
  });

  it('finds a change that is far larger than the others', () => {
    const comparison = compare(file(base()), file(add(base(), (name, i) => (name.includes('.1.mlp') ? normal(5, 0.5, SIDE * SIDE) : noise(i)))));
    expect(ids(comparison)).toEqual(['compare-spectral-outlier']);
  });

  it('takes an adapter that was merged into one role of all layers for training', () => {
    expect(ids(compare(file(base()), file(add(base(), (name) => (name.includes('q_proj') ? rankOne(0.1) : undefined)))))).toEqual([]);
  });

  it('takes the last layers alone for training, and a layer in between for none', () => {
    const only = (layers: readonly number[]): Comparison =>
      compare(file(base()), file(add(base(), (name, i) => (layers.some((layer) => name.includes(`.${String(layer)}.`)) ? noise(i) : undefined))));
    expect(ids(only([4, 5]))).toEqual([]);
    expect(ids(only([2]))).toEqual(['compare-isolated-change']);
    const single = compare(file(base()), file(add(base(), (name, i) => (name.includes('.5.mlp') ? noise(i) : undefined))));
    expect(ids(single)).toEqual(['compare-isolated-change']);
  });

  it('finds tensors that were added, are missing, or have another shape or type', () => {
    const one = { w: { dtype: 'F32', shape: [2, 2], data: Buffer.alloc(16) }, v: { dtype: 'F32', shape: [1], data: Buffer.alloc(4) } };
    const changed = compare(
      makeSafetensors(one),
      makeSafetensors({ w: { dtype: 'F32', shape: [4], data: Buffer.alloc(16) }, x: { dtype: 'F32', shape: [1], data: Buffer.alloc(4) } }),
    );
    expect({ added: changed.added, missing: changed.missing, reshaped: changed.reshaped, ids: ids(changed) }).toEqual({
      added: ['x'],
      missing: ['v'],
      reshaped: ['w'],
      ids: ['compare-inventory'],
    });
    const retyped = compare(makeSafetensors(one), makeSafetensors({ ...one, v: { dtype: 'F16', shape: [1], data: Buffer.alloc(2) } }));
    expect(retyped.reshaped).toEqual(['v']);
  });

  it('takes a model that was converted as a whole for the same', () => {
    const half = (dtype: string, data: Buffer): Buffer => makeSafetensors({ w: { dtype, shape: [2], data } });
    const bfloat = Buffer.from([0x80, 0x3f, 0x00, 0xc0]);
    expect(compare(half('F32', Buffer.from(Float32Array.of(1, -2).buffer)), half('BF16', bfloat))).toMatchObject({ changed: [], reshaped: [], findings: [] });
  });

  it('compares shards by the names of tensors', () => {
    const [first = '', ...rest] = Object.keys(base());
    const weights = base();
    const part = (names: readonly string[]): Buffer => file(Object.fromEntries(names.map((name) => [name, weights[name] ?? []])));
    const whole = modelTensors([{ path: 'all', source: bytesSource(file(weights)) }]);
    const shards = modelTensors([
      { path: '1', source: bytesSource(part([first])) },
      { path: '2', source: bytesSource(part(rest)) },
    ]);
    expect(compareModels(whole, shards, new AbortController().signal)).toMatchObject({ added: [], missing: [], changed: [], findings: [] });
  });

  it('says so when a version cannot be read', () => {
    expect(ids(compare(file(base()), Buffer.from('no tensors')))).toEqual(['compare-unreadable', 'compare-inventory']);
  });
});
