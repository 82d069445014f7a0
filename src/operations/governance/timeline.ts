/** A span on a row, in milliseconds since the Unix epoch, drawn with one sign. */
interface Mark {
  readonly start: number;
  readonly end: number;
  readonly sign: string;
}

export interface TimelineRow {
  readonly label: string;
  readonly marks: readonly Mark[];
}

const DAY_MS = 86_400_000;
const CELLS = 4;
const LABEL_WIDTH = 30;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function labelOf(text: string): string {
  return text.length <= LABEL_WIDTH ? text.padEnd(LABEL_WIDTH) : `${text.slice(0, LABEL_WIDTH - 3)}...`;
}

/** Rows of spans over whole days of UTC from `from` on; each sign is a quarter of a day that a span touches. */
export function timeline(rows: readonly TimelineRow[], from: number, days: number): readonly string[] {
  const dates = Array.from({ length: days }, (_, day) => new Date(from + day * DAY_MS));
  const months = dates.map((date, day) => (day === 0 || date.getUTCDate() === 1 ? (MONTHS[date.getUTCMonth()] ?? '') : '').padEnd(CELLS + 1));
  const numbers = dates.map((date) =>
    String(date.getUTCDate())
      .padStart(2, '0')
      .padEnd(CELLS + 1),
  );
  const cell = (row: TimelineRow, start: number): string => row.marks.find((mark) => mark.start < start + DAY_MS / CELLS && mark.end > start)?.sign ?? '.';
  const drawn = rows.map(({ label, marks }) => {
    const cells = dates.map((date) => Array.from({ length: CELLS }, (_, at) => cell({ label, marks }, date.getTime() + (at * DAY_MS) / CELLS)).join(''));
    return `${labelOf(label)} ${cells.join(' ')}`;
  });
  return [`${labelOf('')} ${months.join('')}`.trimEnd(), `${labelOf('UTC')} ${numbers.join('')}`.trimEnd(), ...drawn];
}
