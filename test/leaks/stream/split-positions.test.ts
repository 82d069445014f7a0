import { expect, test } from 'vitest';
import { SECRET_RULES } from '../../../src/leaks/secrets/secret-rules.ts';
import { compileInspection } from '../../../src/leaks/stream/inspection-table.ts';
import { mintedCanaries } from '../minted-canaries.ts';
import { ANSWER_ROWS } from './answer-rows.ts';
import { READINGS, runMatrix, WRITINGS } from './split-matrix.ts';

const canaries = mintedCanaries(20, 'split positions');
const canary = canaries[7] ?? { id: '', text: '' };
const table = compileInspection(canaries, SECRET_RULES);

for (const row of ANSWER_ROWS) {
  test(`${row.name}: cut at every split position, before the eighth character leaves`, () => {
    for (const n of [1, 3]) {
      for (const writing of WRITINGS) {
        for (const reading of READINGS) {
          const result = runMatrix(table, canary, { row, writing, reading, n });
          expect({ n, writing, reading, cut: result.cut }).toEqual({ n, writing, reading, cut: result.streams });
          expect(result.mostOut).toBeLessThanOrEqual(7);
        }
      }
    }
  });
}
