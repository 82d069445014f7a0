import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ConformanceCase, Suite } from '../suite.ts';
import { membershipCases } from './membership-cases.ts';
import { statisticsCases } from './statistics-cases.ts';

/** Golden statistics and membership scores: in `golden/` of the data, or in the folder itself. */
export const evaluationSuite: Suite = {
  summary: 'statistics and membership scores against independent golden values',
  defaultData: '../shared/data/leak',
  cases: (directory) => {
    const folder = existsSync(join(directory, 'golden')) ? join(directory, 'golden') : directory;
    const statistics = join(folder, 'stats_expected.json');
    return [...(existsSync(statistics) ? statisticsCases(statistics) : []), ...goldenSets(folder)];
  },
};

/** Every `mia_NAME_tokens.jsonl.gz` with its `mia_NAME_expected.json`; a name such as `l0.05` says the weight of the members. */
function goldenSets(folder: string): ConformanceCase[] {
  return readdirSync(folder).flatMap((file) => {
    const name = /^mia_([^/]{1,80})_tokens[.]jsonl[.]gz$/u.exec(file)?.[1];
    if (name === undefined) return [];
    const share = /^l(0?[.]\d+)$/u.exec(name)?.[1];
    return membershipCases(join(folder, file), join(folder, `mia_${name}_expected.json`), share === undefined ? null : Number(share));
  });
}
