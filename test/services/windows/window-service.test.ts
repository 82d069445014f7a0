import { describe, expect, test } from 'vitest';
import { allowedSpans, nextFitting, spanOf } from '../../../src/services/windows/allowed-spans.ts';
import { createWindowService } from '../../../src/services/windows/window-service.ts';
import type { WindowDefinition } from '../../../src/services/windows/window-service.ts';

const HOUR = 3_600_000;
const at = (ms: number): string => new Date(ms).toISOString();

function window(given: Partial<WindowDefinition>): WindowDefinition {
  return { name: 'w', kind: 'maintenance', cron: '0 22 * * *', duration: 4 * HOUR, timezone: 'UTC', systems: null, ...given };
}

describe('what makes no sense is refused by name', () => {
  test.each<[string, Partial<WindowDefinition>, string]>([
    ['a minute of 99', { cron: '99 0 * * *' }, 'windows.0.cron'],
    ['words', { cron: 'a b c d e' }, 'windows.0.cron'],
    ['seven fields', { cron: '* * * * * * *' }, 'windows.0.cron'],
    ['every other second', { cron: '*/2 * * * * *' }, 'windows.0.cron'],
    ['no systems at all', { systems: [] }, 'windows.0.systems'],
    ['two years', { duration: 730 * 24 * HOUR }, 'windows.0.duration'],
  ])('%s', (_what, given, field) => {
    expect(() => createWindowService([window(given)])).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', field }) as Error);
  });

  test.each([
    ['2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z', 'to'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 'to'],
    ['2026-01-01T00:00:00Z', '2027-02-06T00:00:00Z', 'to'],
    ['yesterday', '2026-01-01T00:00:00Z', 'from'],
    ['2026-01-01T00:00:00Z', '', 'to'],
  ])('a span from %s to %s', (from, to, field) => {
    expect(() => createWindowService([window({})]).between(from, to, [])).toThrow(expect.objectContaining({ code: 'FIELD_INVALID', field }) as Error);
  });

  test('a window that opens every minute costs a bounded time: a day is answered, a year is not', () => {
    const windows = createWindowService([window({ kind: 'blackout', cron: '30 * * * * *', duration: 1_000 })]);
    expect(() => windows.between('2026-01-01T00:00:00Z', '2026-12-01T00:00:00Z', [])).toThrow(/w opens too often/);
    expect(windows.between('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', [])).toHaveLength(1440);
    expect(windows.openAt('2026-01-01T00:00:30.500Z', [])).toMatchObject([{ opensAt: '2026-01-01T00:00:30.000Z', closesAt: '2026-01-01T00:00:31.000Z' }]);
    expect(windows.openAt('2026-01-01T00:00:31Z', [])).toEqual([]);
    expect(nextFitting(windows, ['a'], Date.parse('2026-01-01T00:00:00Z'), 3_600_000, 1)).toEqual([]);
  });
});

test('however many windows are renewed on and on, what is open now is answered', () => {
  const windows = createWindowService(
    Array.from({ length: 500 }, (_, at) => window({ name: `w${String(at)}`, kind: 'blackout', cron: '* * * * *', duration: 60_000 })),
  );
  expect(windows.openAt('2026-01-01T00:00:30Z', [])).toHaveLength(500);
});

test('edges: open from its first instant, closed from its last', () => {
  const windows = createWindowService([window({})]);
  expect(windows.openAt('2026-01-01T21:59:59.999Z', [])).toEqual([]);
  const open = [{ name: 'w', kind: 'maintenance', systems: null, opensAt: '2026-01-01T22:00:00.000Z', closesAt: '2026-01-02T02:00:00.000Z' }];
  expect(windows.openAt('2026-01-01T22:00:00Z', [])).toEqual(open);
  expect(windows.openAt('2026-01-02T01:59:59.999Z', [])).toEqual(open);
  expect(windows.openAt('2026-01-02T02:00:00Z', [])).toEqual([]);
});

test('a window that opened before the span counts, one that only touches it does not', () => {
  const windows = createWindowService([window({})]);
  const found = windows.between('2026-01-02T01:00:00Z', '2026-01-02T22:00:00Z', []);
  expect(found.map((open) => open.opensAt)).toEqual(['2026-01-01T22:00:00.000Z']);
  expect(windows.between('2026-01-02T02:00:00Z', '2026-01-02T22:00:00.001Z', []).map((open) => open.opensAt)).toEqual(['2026-01-02T22:00:00.000Z']);
});

test('a duration longer than the period is one span; one that just reaches the next is too', () => {
  const overlapping = createWindowService([window({ cron: '0 */12 * * *', duration: 13 * HOUR })]);
  const [open] = overlapping.openAt('2026-01-01T05:00:00Z', []);
  expect(Date.parse(open?.closesAt ?? '')).toBeGreaterThanOrEqual(Date.parse('2027-01-01T00:00:00Z'));
  const touching = createWindowService([window({ cron: '0 0 * * 1-5', duration: 24 * HOUR })]);
  expect(touching.between('2026-01-05T00:00:00Z', '2026-01-19T00:00:00Z', [])).toMatchObject([
    { opensAt: '2026-01-05T00:00:00.000Z', closesAt: '2026-01-10T00:00:00.000Z' },
    { opensAt: '2026-01-12T00:00:00.000Z', closesAt: '2026-01-17T00:00:00.000Z' },
  ]);
});

test('a window that never opens is never open', () => {
  const windows = createWindowService([window({ cron: '0 0 30 2 *', systems: ['a'] })]);
  expect(windows.openAt('2026-02-28T00:00:00Z', ['a'])).toEqual([]);
  expect(windows.between('2026-01-01T00:00:00Z', '2026-12-01T00:00:00Z', ['a'])).toEqual([]);
  expect(nextFitting(windows, ['a'], 0, HOUR, 3)).toEqual([]);
});

test('systems: nested and overlapping windows each count for what they are about', () => {
  const windows = createWindowService([
    window({ name: 'all', kind: 'blackout', cron: '0 0 24 12 *', duration: 72 * HOUR }),
    window({ name: 'gpu', kind: 'blackout', cron: '0 6 25 12 *', duration: HOUR, systems: ['upstream:gpu-1'] }),
    window({ name: 'demo', cron: '0 0 25 12 *', duration: 24 * HOUR, systems: ['route:demo', 'upstream:gpu-1'] }),
  ]);
  const names = (systems: string[]): string[] => windows.openAt('2026-12-25T06:30:00Z', systems).map((open) => open.name);
  expect(names([])).toEqual(['all', 'gpu', 'demo']);
  expect(names(['upstream:gpu-1'])).toEqual(['all', 'gpu', 'demo']);
  expect(names(['route:demo'])).toEqual(['all', 'demo']);
  expect(names(['route:other', 'upstream:gpu'])).toEqual(['all']);
  expect(windows.between('2026-12-24T00:00:00Z', '2026-12-26T00:00:00Z', []).map((open) => open.name)).toEqual(['all', 'demo', 'gpu']);
  expect(windows.maintained(['route:demo', 'route:other', 'upstream:gpu-1'])).toEqual(['route:demo', 'upstream:gpu-1']);
  expect(windows.maintained([])).toEqual([]);
});

describe('when systems may be changed', () => {
  const windows = createWindowService([
    window({ name: 'nights', cron: '0 22 * * *', duration: 2 * HOUR, systems: ['a', 'b'] }),
    window({ name: 'mornings', cron: '0 0 * * *', duration: 2 * HOUR, systems: ['a'] }),
    window({ name: 'first', cron: '0 12 1 * *', duration: HOUR }),
    window({ name: 'freeze', kind: 'blackout', cron: '30 23 2 * *', duration: 24 * HOUR, systems: ['a'] }),
  ]);
  const from = Date.parse('2026-03-01T00:00:00Z');
  const spans = (systems: string[], hours: number): string[] =>
    allowedSpans(windows, systems, { start: from, end: from + hours * HOUR }).map(({ start, end }) => `${at(start).slice(8, 16)} ${at(end).slice(8, 16)}`);

  test('windows that follow each other are one chance; one about everything counts; blackouts cut', () => {
    expect(spans(['a'], 72)).toEqual(['01T00:00 01T02:00', '01T12:00 01T13:00', '01T22:00 02T02:00', '02T22:00 02T23:30', '03T23:30 04T00:00']);
  });

  test('two systems need a window each', () => {
    expect(spans(['a', 'b'], 48)).toEqual(['01T12:00 01T13:00', '01T22:00 02T00:00', '02T22:00 02T23:30']);
  });

  test('a system without windows of its own is changed any time, and nobody knows of what touches nothing that has a name', () => {
    expect(spans(['c'], 24)).toEqual(['01T00:00 02T00:00']);
    expect(spans([], 72)).toEqual(['01T00:00 04T00:00']);
  });

  test('the next that are long enough', () => {
    expect(nextFitting(windows, ['a'], from, 3 * HOUR, 2).map(({ start }) => at(start))).toEqual(['2026-03-01T22:00:00.000Z', '2026-03-04T22:00:00.000Z']);
    expect(nextFitting(windows, ['b'], from, 3 * HOUR, 2)).toEqual([]);
    expect(nextFitting(windows, ['c'], from, HOUR, 1)).toEqual([{ start: from, end: from + 7 * 24 * HOUR }]);
  });
});

test('a span as numbers', () => {
  expect(spanOf({ opensAt: '1970-01-01T00:00:01Z', closesAt: '1970-01-01T00:00:02Z' })).toEqual({ start: 1_000, end: 2_000 });
});
