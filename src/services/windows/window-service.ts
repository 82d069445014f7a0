import type { Config } from '../../core/config.ts';
import { ElulmcError } from '../../core/errors.ts';
import { occurrencesOf } from './occurrences.ts';
import type { Occurrences } from './occurrences.ts';
import type { OpenWindow, WindowService } from './service.ts';
import type { Span } from './spans.ts';

export type WindowDefinition = Config['windows'][number];

const DAY_MS = 86_400_000;
/** How far a question may reach. */
const LONGEST_SPAN_MS = 400 * DAY_MS;
/** Enough for a window that opens every quarter of an hour of 30 days. Looking one occurrence up costs about 50 microseconds, and nothing else runs meanwhile. */
const MOST_OCCURRENCES = 4_000;
/** How many occurrences that touch each other are one span; a window that is renewed more often goes on in the next span. */
const LONGEST_CHAIN = 1_000;

interface Window extends WindowDefinition {
  readonly occurrences: Occurrences;
}

function instantOf(text: string, field: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new ElulmcError('FIELD_INVALID', `${field}: ${JSON.stringify(text.slice(0, 80))} is not an instant (RFC 3339)`, { field });
  return ms;
}

function isAbout(window: WindowDefinition, systems: readonly string[]): boolean {
  return window.systems === null || systems.length === 0 || window.systems.some((system) => systems.includes(system));
}

/** Counts occurrences down over one question, whatever windows it looks at. */
class Budget {
  #left = MOST_OCCURRENCES;
  readonly #reserved: number;

  /** `reserved`: as many are kept for `spend`. */
  constructor(reserved: number) {
    this.#reserved = reserved;
  }

  /** For what may be left out. False when there is nothing to spend on it. */
  trySpend(): boolean {
    if (this.#left <= this.#reserved) return false;
    this.#left--;
    return true;
  }

  spend(window: WindowDefinition): void {
    if (this.#left-- > 0) return;
    throw new ElulmcError('FIELD_INVALID', `the window ${window.name} opens too often between these instants: ask for a shorter span`, { field: 'to' });
  }
}

/** When the span that ends at `end` ends for good: each step takes the last occurrence until then, so it goes as far as it can. */
function followed(window: Window, end: number, budget: Budget): number {
  let reached = end;
  for (let step = 0; step < LONGEST_CHAIN && reached < end + LONGEST_SPAN_MS && budget.trySpend(); step++) {
    const last = window.occurrences.atOrBefore(reached);
    if (last === null || last + window.duration <= reached) return reached;
    reached = last + window.duration;
  }
  return reached;
}

/** The span that is open at `at`, or the next one after it; null when none begins before `limit`. */
function spanFrom(window: Window, at: number, limit: number, budget: Budget): Span | null {
  budget.spend(window);
  const last = window.occurrences.atOrBefore(at);
  const start = last !== null && at < last + window.duration ? last : window.occurrences.after(at);
  if (start === null || start >= limit) return null;
  return { start, end: followed(window, start + window.duration, budget) };
}

function shown(window: WindowDefinition, span: Span): OpenWindow {
  return {
    name: window.name,
    kind: window.kind,
    systems: window.systems,
    opensAt: new Date(span.start).toISOString(),
    closesAt: new Date(span.end).toISOString(),
  };
}

function checked(definition: WindowDefinition, index: number): Window {
  const field = `windows.${String(index)}`;
  if (definition.duration > LONGEST_SPAN_MS) throw new ElulmcError('CONFIG_INVALID', `${field}.duration: at most 400 days`, { field: `${field}.duration` });
  if (definition.systems?.length === 0) {
    throw new ElulmcError('CONFIG_INVALID', `${field}.systems: names nothing; leave it out for everything`, { field: `${field}.systems` });
  }
  const [seconds = '', ...rest] = definition.cron.trim().split(/\s+/);
  if (rest.length === 5 && !/^\d+$/.test(seconds)) {
    throw new ElulmcError('CONFIG_INVALID', `${field}.cron: a window opens at most once a minute: give one number of seconds, or five fields`, {
      field: `${field}.cron`,
    });
  }
  return { ...definition, occurrences: occurrencesOf(definition.cron, definition.timezone, `${field}.cron`) };
}

/** CONFIG_INVALID names the field of a window that makes no sense. */
export function createWindowService(definitions: readonly WindowDefinition[]): WindowService {
  const windows = definitions.map(checked);
  return {
    openAt: (at, systems) => {
      const ms = instantOf(at, 'at');
      const budget = new Budget(windows.length);
      return windows
        .filter((window) => isAbout(window, systems))
        .flatMap((window) => {
          const span = spanFrom(window, ms, ms + 1, budget);
          return span === null ? [] : [shown(window, span)];
        });
    },
    between: (from, to, systems) => {
      const start = instantOf(from, 'from');
      const end = instantOf(to, 'to');
      if (end <= start) throw new ElulmcError('FIELD_INVALID', 'to: must be after from', { field: 'to' });
      if (end - start > LONGEST_SPAN_MS) throw new ElulmcError('FIELD_INVALID', 'to: at most 400 days after from', { field: 'to' });
      const budget = new Budget(0);
      const found: { readonly window: Window; readonly span: Span }[] = [];
      for (const window of windows.filter((candidate) => isAbout(candidate, systems))) {
        let span = spanFrom(window, start, end, budget);
        while (span !== null) {
          found.push({ window, span });
          span = span.end < end ? spanFrom(window, span.end, end, budget) : null;
        }
      }
      return found.toSorted((a, b) => a.span.start - b.span.start).map(({ window, span }) => shown(window, span));
    },
    maintained: (systems) => systems.filter((system) => windows.some((window) => window.kind === 'maintenance' && window.systems?.includes(system) === true)),
  };
}
