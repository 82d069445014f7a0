import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { occurrencesOf } from '../../../src/services/windows/occurrences.ts';
import { createWindowService } from '../../../src/services/windows/window-service.ts';
import { minutesOf, slowOccurrences } from './slow-windows.ts';

const MINUTE = 60_000;
const DAYS = 6;

/** Whole local days around each change of the clocks; looked at are those after the first two, in which windows may have opened. */
const CHANGES = [
  ['Europe/Berlin', '2026-03-26T23:00:00Z'],
  ['Europe/Berlin', '2026-10-22T22:00:00Z'],
  ['America/New_York', '2026-03-06T05:00:00Z'],
  ['America/New_York', '2026-10-30T04:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-01T13:30:00Z'],
  ['Australia/Lord_Howe', '2026-04-02T13:00:00Z'],
] as const;

// Mostly the hours in which clocks change.
const minuteField = fc.oneof(
  fc.integer({ min: 0, max: 59 }).map(String),
  fc.constantFrom('0', '15', '30', '45', '*', '*/7', '*/15', '*/30', '0,30', '10-12,59'),
);
const hourField = fc.oneof(fc.integer({ min: 0, max: 23 }).map(String), fc.constantFrom('0', '1', '2', '3', '*', '*/2', '*/6', '1,2', '2,14', '1-3', '0-23'));
const weekdayField = fc.constantFrom('*', '0', '1-5', '0,6', '6');
const fields = fc.tuple(minuteField, hourField, weekdayField);
const duration = fc.oneof(fc.integer({ min: 1, max: 180 }), fc.integer({ min: 1, max: 2 * 1440 }));

describe.each(CHANGES)('%s from %s', (timezone, from) => {
  const minutes = minutesOf(from, DAYS, timezone);
  const [first, last] = [minutes[0]?.ms ?? 0, minutes.at(-1)?.ms ?? 0];
  const looked = minutes.slice(2 * 1440, -1);

  test('clocks change within', () => {
    expect(minutes[0]).toMatchObject({ hour: 0, minute: 0 });
    const shown = new Set(looked.map((at) => `${at.date} ${String(at.hour)}:${String(at.minute)}`));
    const steps = looked
      .slice(1)
      .filter((at, index) => (at.hour * 60 + at.minute - (looked[index]?.hour ?? 0) * 60 - (looked[index]?.minute ?? 0) + 1440) % 1440 !== 1);
    expect(steps).toHaveLength(1);
    expect(shown.size).toBeLessThanOrEqual(looked.length);
  });

  test('no occurrence is lost or doubled', () => {
    fc.assert(
      fc.property(fields, (cron) => {
        const occurrences = occurrencesOf(`${cron[0]} ${cron[1]} * * ${cron[2]}`, timezone, 'cron');
        const forward: number[] = [];
        for (let at = occurrences.after(first - 1_000); at !== null && at <= last; at = occurrences.after(at)) forward.push(at);
        const backward: number[] = [];
        for (let at = occurrences.atOrBefore(last); at !== null && at >= first; at = occurrences.atOrBefore(at - 1)) backward.unshift(at);
        expect(forward).toEqual(slowOccurrences(minutes, cron));
        expect(backward).toEqual(forward);
      }),
      { numRuns: 25 },
    );
  });

  test('windows are open in exactly the minutes in which the slow reading says so', () => {
    fc.assert(
      fc.property(fields, duration, (cron, length) => {
        const definition = {
          name: 'w',
          kind: 'blackout',
          cron: `${cron[0]} ${cron[1]} * * ${cron[2]}`,
          duration: length * MINUTE,
          timezone,
          systems: null,
        } as const;
        const windows = createWindowService([definition]);
        const opens = slowOccurrences(minutes, cron);
        const [start, end] = [looked[0]?.ms ?? 0, last];
        const spans = windows
          .between(new Date(start).toISOString(), new Date(end).toISOString(), [])
          .map((open) => [Date.parse(open.opensAt), Date.parse(open.closesAt)] as const);
        const wrong = looked.filter(({ ms }) => {
          const slow = opens.some((opened) => opened <= ms && ms < opened + length * MINUTE);
          return slow !== spans.some(([opened, closed]) => opened <= ms && ms < closed);
        });
        expect(wrong).toEqual([]);
        for (const { ms } of looked.filter((_, index) => index % 97 === 0)) {
          const open = windows.openAt(new Date(ms).toISOString(), []);
          expect(open.length).toBe(spans.some(([opened, closed]) => opened <= ms && ms < closed) ? 1 : 0);
        }
      }),
      { numRuns: 25 },
    );
  });
});
