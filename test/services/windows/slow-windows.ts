/** A second, slow reading of cron expressions: every minute of a span is looked at, as the clocks of the zone show it. */

const MINUTE = 60_000;

export interface Minute {
  readonly ms: number;
  /** `2026-03-29` */
  readonly date: string;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

export function minutesOf(from: string, days: number, timezone: string): Minute[] {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  return Array.from({ length: days * 1440 }, (_, at) => {
    const ms = Date.parse(from) + at * MINUTE;
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value])) as Record<string, string>;
    return {
      ms,
      date: `${parts['year'] ?? ''}-${parts['month'] ?? ''}-${parts['day'] ?? ''}`,
      weekday: WEEKDAYS.indexOf(parts['weekday'] ?? ''),
      hour: Number(parts['hour']),
      minute: Number(parts['minute']),
    };
  });
}

function valuesOf(field: string, most: number): number[] {
  const all = Array.from({ length: most + 1 }, (_, value) => value);
  if (field.startsWith('*')) return all.filter((value) => value % Number(field.slice(2) || '1') === 0);
  return field.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split('-');
    return all.filter((value) => value >= Number(first) && value <= Number(last));
  });
}

/** Fields: minute, hour and weekday; day and month are `*`. */
export function slowOccurrences(minutes: readonly Minute[], [minuteField, hourField, weekdayField]: readonly [string, string, string]): number[] {
  const [inMinutes, inHours, onDays] = [valuesOf(minuteField, 59), valuesOf(hourField, 23), valuesOf(weekdayField, 6)];
  const fits = (at: Minute): boolean => onDays.includes(at.weekday);
  if (minuteField.startsWith('*') || hourField.startsWith('*')) {
    return minutes.filter((at) => fits(at) && inHours.includes(at.hour) && inMinutes.includes(at.minute)).map(({ ms }) => ms);
  }
  const byDate = Map.groupBy(minutes.filter(fits), ({ date }) => date);
  const found = [...byDate.values()].flatMap((day) =>
    inHours.flatMap((hour) =>
      inMinutes.flatMap((minute) => {
        // In the order of time: the first minute that shows it, else the first one after the gap that it fell into.
        const shown = day.find((at) => at.hour === hour && at.minute === minute);
        const after = day.find((at, index) => at.hour * 60 + at.minute > hour * 60 + minute && index > 0);
        return shown ?? after ?? [];
      }),
    ),
  );
  return [...new Set(found.map(({ ms }) => ms))].sort((a, b) => a - b);
}
