import type { Resource } from './manifest.ts';
import { comparePathParts } from './path-order.ts';

/** How a model differs from what was listed; names, each list in path order. */
export interface ManifestDifference {
  /** There, and not listed. */
  readonly extra: readonly string[];
  /** Listed, and not there. */
  readonly missing: readonly string[];
  /** Both, with different digests. */
  readonly changed: readonly string[];
}

/** Compares digests by name; the order of either side does not matter. */
export function compareManifests(listed: readonly Resource[], actual: readonly Resource[]): ManifestDifference {
  const wanted = new Map(listed.map(({ name, digest }) => [name, digest]));
  const found = new Map(actual.map(({ name, digest }) => [name, digest]));
  const names = [...wanted.keys()].sort(comparePathParts);
  return {
    extra: [...found.keys()].filter((name) => !wanted.has(name)).sort(comparePathParts),
    missing: names.filter((name) => !found.has(name)),
    changed: names.filter((name) => found.has(name) && found.get(name) !== wanted.get(name)),
  };
}

export function isSameManifest({ extra, missing, changed }: ManifestDifference): boolean {
  return extra.length + missing.length + changed.length === 0;
}
