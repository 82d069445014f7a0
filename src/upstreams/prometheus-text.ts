/**
 * Reads the Prometheus text format and what OpenMetrics adds to it (exemplars, `# EOF`).
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** May be NaN or infinite. */
  readonly value: number;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*,?/y;
const LABELS_END = /[ \t]*\}/y;
const VALUE = /[ \t]*([^ \t]+)/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
]);

function match(pattern: RegExp, line: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(line);
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

function parseLabels(line: string, start: number): { readonly labels: Map<string, string>; readonly end: number } | undefined {
  const labels = new Map<string, string>();
  let at = start;
  for (let found = match(LABEL, line, at); found !== null; found = match(LABEL, line, at)) {
    const [whole, name = '', value = ''] = found;
    labels.set(name, unescape(value));
    at += whole.length;
  }
  const end = match(LABELS_END, line, at);
  return end === null ? undefined : { labels, end: at + end[0].length };
}

function parseValue(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : SPECIAL.get(text.toLowerCase());
}

function parseLine(line: string): Sample | undefined {
  const name = match(NAME, line, 0)?.[0];
  if (name === undefined) return undefined;
  const labelled = line[name.length] === '{' ? parseLabels(line, name.length + 1) : { labels: new Map<string, string>(), end: name.length };
  if (labelled === undefined) return undefined;
  const value = parseValue(match(VALUE, line, labelled.end)?.[1] ?? '');
  return value === undefined ? undefined : { name, labels: labelled.labels, value };
}

/** Every sample in order; lines that are none, comments and garbage alike, are left out. */
export function parsePrometheusText(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const sample = line.startsWith('#') ? undefined : parseLine(line.trim());
    if (sample !== undefined) samples.push(sample);
  }
  return samples;
}

/** Finite values of the first of `names` that has any: an engine has one series per replica, old and new releases other names. */
function valuesOf(samples: readonly Sample[], names: readonly string[]): number[] {
  for (const name of names) {
    const values = samples.filter((sample) => sample.name === name && Number.isFinite(sample.value)).map((sample) => sample.value);
    if (values.length > 0) return values;
  }
  return [];
}

/** Sum over all series; null when there is none. */
export function sumOf(samples: readonly Sample[], names: readonly string[]): number | null {
  const values = valuesOf(samples, names);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

/** Mean over all series; null when there is none. */
export function meanOf(samples: readonly Sample[], names: readonly string[]): number | null {
  const values = valuesOf(samples, names);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
