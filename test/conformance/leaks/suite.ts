import type { Suite } from '../suite.ts';
import { fullScanCases } from './full-scan-cases.ts';
import { inStreamCases } from './in-stream-cases.ts';

/** Canaries in text: the search in the stream at every split position, the search after the reply by transformation. */
export const leaksSuite: Suite = {
  summary: 'canaries: in the stream at every split position; what is found of 89 transformations, false alarms',
  defaultData: '../shared/data/leak',
  cases: (directory) => [...fullScanCases(directory), ...inStreamCases(directory)],
};
