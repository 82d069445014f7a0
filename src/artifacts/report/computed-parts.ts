import type { Analysis } from '../compare/analysis.ts';
import type { ScanDocument } from './scan-document.ts';
import type { ScanFacts } from './scan-facts.ts';

const MAX_NAMES = 1000;
const MAX_CHANGED = 200;
const MAX_TENSORS = 5000;
const MAX_MODULES = 2000;
const MAX_NAME = 200;

/** JSON has no infinities. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function names(all: readonly string[]): string[] {
  return all.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME));
}

export function baselineOf({ baseline, analysis }: ScanFacts): ScanDocument['baseline'] {
  const { comparison } = analysis;
  if (baseline === null || comparison === null) return null;
  return {
    ...baseline,
    compared: comparison.compared,
    added: names(comparison.added),
    missing: names(comparison.missing),
    reshaped: names(comparison.reshaped),
    changedTotal: comparison.changed.length,
    changed: comparison.changed.slice(0, MAX_CHANGED).map(({ name, changed, elements, relative, concentration }) => ({
      name: name.slice(0, MAX_NAME),
      changed,
      elements,
      relative: finite(relative),
      first: concentration === null ? null : finite(concentration.first),
      four: concentration === null ? null : finite(concentration.four),
    })),
    notComputed: names(comparison.notComputed),
  };
}

export function weightsOf({ weights }: Analysis): ScanDocument['weights'] {
  if (weights === null) return null;
  return {
    total: weights.tensors.length + weights.skipped.length,
    skipped: names(weights.skipped),
    tensors: weights.tensors.slice(0, MAX_TENSORS).map((tensor) => ({
      name: tensor.name.slice(0, MAX_NAME),
      path: tensor.path,
      dtype: tensor.dtype,
      shape: [...tensor.shape],
      elements: tensor.elements,
      notFinite: tensor.notFinite,
      zeros: tensor.zeros,
      min: finite(tensor.min),
      max: finite(tensor.max),
      mean: finite(tensor.mean),
      deviation: finite(tensor.deviation),
      norm: finite(tensor.norm),
      kurtosis: finite(tensor.kurtosis),
    })),
  };
}

export function adaptersOf({ adapters }: Analysis): ScanDocument['adapters'] {
  return adapters.map(({ path, spectra, skipped, against }) => ({
    path,
    modules: spectra.length,
    skipped: names(skipped),
    against,
    spectra: spectra
      .slice(0, MAX_MODULES)
      .map((spectrum) => ({ ...spectrum, module: spectrum.module.slice(0, MAX_NAME), role: spectrum.role.slice(0, MAX_NAME) })),
  }));
}
