import { concentration } from './concentration.ts';
import type { ChangedTensor, Comparison, ComparisonFinding } from './comparison.ts';
import * as rules from './compare-rules.ts';
import { judgeChanges } from './judge-changes.ts';
import type { ModelTensor, ModelTensors } from './model-tensors.ts';
import { tensorDifference } from './tensor-difference.ts';
import type { TensorDifference } from './tensor-difference.ts';

/** Where all tensors changed, the spectra of so many are computed, spread over the model. */
const SAMPLED = 48;

/**
 * Compares a version of a model with the previous one: the inventory, how much each tensor changed, and in how many directions. Reads both in
 * pieces; matrices of differences are cut to their strongest rows.
 */
export function compareModels(before: ModelTensors, after: ModelTensors, signal: AbortSignal, onProgress?: (done: number, total: number) => void): Comparison {
  const added = [...after.tensors.keys()].filter((name) => !before.tensors.has(name));
  const missing = [...before.tensors.keys()].filter((name) => !after.tensors.has(name));
  const pairs = [...before.tensors.values()].flatMap((old) => {
    const now = after.tensors.get(old.name);
    return now === undefined ? [] : [{ old, now }];
  });
  const sameShape = pairs.filter(({ old, now }) => old.shape.join() === now.shape.join());
  const retyped = sameShape.filter(({ old, now }) => old.dtype !== now.dtype);
  // A model that was converted as a whole is the same model.
  const converted = retyped.length === sameShape.length;
  const reshaped = pairs.filter(({ old, now }) => old.shape.join() !== now.shape.join() || (old.dtype !== now.dtype && !converted)).map(({ now }) => now);
  const { changed, notComputed } = differences(sameShape, signal, onProgress);
  const findings = [
    ...[...before.unreadable, ...after.unreadable].map((detail) => ({ rule: rules.COMPARE_UNREADABLE, path: null, offset: null, detail })),
    ...inventory(added, missing, reshaped, before, after),
    ...judgeChanges(
      sameShape.map(({ now }) => now),
      changed,
    ),
  ];
  return { added, missing, reshaped: reshaped.map(({ name }) => name), compared: sameShape.length, changed, notComputed, findings };
}

interface Pair {
  readonly old: ModelTensor;
  readonly now: ModelTensor;
}

function differences(
  pairs: readonly Pair[],
  signal: AbortSignal,
  onProgress?: (done: number, total: number) => void,
): { changed: ChangedTensor[]; notComputed: string[] } {
  const notComputed: string[] = [];
  const found: { pair: Pair; difference: TensorDifference }[] = [];
  for (const [done, pair] of pairs.entries()) {
    onProgress?.(done, pairs.length);
    const difference = tensorDifference(pair.old, pair.now, signal);
    if (difference === undefined) notComputed.push(pair.now.name);
    else if (difference.changed > 0) found.push({ pair, difference });
  }
  const step = Math.ceil(found.length / SAMPLED);
  const strongest = new Set([...found].sort((a, b) => b.difference.relative - a.difference.relative).slice(0, SAMPLED / 3));
  const changed = found.map((entry, i) => {
    const computed = i % step === 0 || strongest.has(entry) ? concentration(entry.pair.old, entry.pair.now, entry.difference, signal) : undefined;
    // Energies of rows are not kept: there is one for each row of each tensor.
    return { ...entry.difference, rowEnergies: new Float64Array(0), concentration: computed ?? null };
  });
  return { changed, notComputed };
}

function inventory(
  added: readonly string[],
  missing: readonly string[],
  reshaped: readonly ModelTensor[],
  before: ModelTensors,
  after: ModelTensors,
): ComparisonFinding[] {
  const finding = (tensor: ModelTensor | undefined, detail: string): ComparisonFinding => ({
    rule: rules.COMPARE_INVENTORY,
    path: tensor?.path ?? null,
    offset: tensor?.offset ?? null,
    detail: detail.slice(0, 300),
  });
  const shown = (tensor: ModelTensor | undefined): string => (tensor === undefined ? '' : `${tensor.dtype} [${tensor.shape.join(', ')}]`);
  return [
    ...added.map((name) => finding(after.tensors.get(name), `"${name}" is new: ${shown(after.tensors.get(name))}`)),
    ...missing.map((name) => finding(undefined, `"${name}" is missing`)),
    ...reshaped.map((now) => finding(now, `"${now.name}" was ${shown(before.tensors.get(now.name))} and is ${shown(now)}`)),
  ];
}
