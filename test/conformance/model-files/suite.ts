import type { Suite } from '../suite.ts';
import { judgeModelFiles } from './judge.ts';
import { readLabels } from './labels.ts';
import { scanCases } from './scan-cases.ts';

/** Every labelled file, folder and pair of versions through the scanner, counted by technique. */
export const modelFilesSuite: Suite = {
  summary: 'model files: verdicts of the scanner, with thresholds',
  defaultData: '../shared/data/model-files',
  cases: async (directory, onProgress) => {
    const labels = readLabels(directory);
    const outcomes = await scanCases(directory, labels, onProgress);
    return labels
      .toSorted((a, b) => (a.technique < b.technique ? -1 : Number(a.technique > b.technique)))
      .map(({ path, technique, verdict, alsoOk }) => ({
        name: path,
        group: technique,
        expected: verdict,
        accepted: alsoOk,
        given: () => {
          const outcome = outcomes.get(path);
          if (outcome === undefined || outcome instanceof Error) throw outcome ?? new Error('it was not scanned');
          return outcome;
        },
      }));
  },
  judge: judgeModelFiles,
};
