import { expect, test } from 'vitest';
import { isId } from '../../../src/core/ids.ts';
import { occurrenceRunId } from '../../../src/services/schedules/occurrence-run-id.ts';
import { ms } from './started-runs.ts';

test('run ids: of the right form, sorted by time, different for each schedule and instant', () => {
  const ids = ['2026-03-01T00:00:00Z', '2026-03-01T00:00:01Z', '2031-01-01T00:00:00Z'].map((due) => occurrenceRunId('daily', ms(due)));
  expect(ids.every((id) => isId('run', id))).toBe(true);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set([...ids, occurrenceRunId('daily2', ms('2026-03-01T00:00:00Z'))]).size).toBe(4);
  expect(occurrenceRunId('daily', ms('2026-03-01T00:00:00Z'))).toBe(ids[0]);
});
