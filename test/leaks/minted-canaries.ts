import { canaryEntry, type CanaryPlace, DEFAULT_MARKER, mintCanary } from '../../src/leaks/canary.ts';
import type { WatchedCanary } from '../../src/leaks/canary-set.ts';

/** Canaries of `count` documents, the same for the same seed. */
export function mintedCanaries(count: number, seed: string, marker = DEFAULT_MARKER): readonly Required<WatchedCanary>[] {
  const secret = Buffer.from(seed.padEnd(32, '.'));
  return Array.from({ length: count }, (_, i) => {
    const place: CanaryPlace = { kind: 'document', place: `document ${String(i)}`, epoch: 0 };
    return watchedCanary(mintCanary(secret, place, marker), place, marker);
  });
}

/** The registry's entry of a canary together with its text. */
export function watchedCanary(text: string, place: CanaryPlace, marker = DEFAULT_MARKER): Required<WatchedCanary> {
  return { ...canaryEntry(text, place, marker), text };
}
