import { ElulmcError } from '../../core/errors.ts';
import type { OpenWindow, WindowService } from './service.ts';
import { difference, intersection, union } from './spans.ts';
import type { Span } from './spans.ts';

const DAY_MS = 86_400_000;
/** Looked at one after the other: what is near costs little, and what is far is found all the same. */
const HORIZONS_MS = [7, 30, 120, 400].map((days) => days * DAY_MS);

export const spanOf = (window: Pick<OpenWindow, 'opensAt' | 'closesAt'>): Span => ({ start: Date.parse(window.opensAt), end: Date.parse(window.closesAt) });

/**
 * When these systems may be changed within a span, as far as windows decide: outside of every blackout about one of them, and for
 * each that maintenance windows name inside of one of those (or of one about everything). No system: what is touched is not known,
 * so that only blackouts about everything count.
 */
export function allowedSpans(windows: WindowService, systems: readonly string[], within: Span): Span[] {
  const open = windows.between(new Date(within.start).toISOString(), new Date(within.end).toISOString(), systems);
  const counted = systems.length > 0 ? open : open.filter((window) => window.systems === null);
  const closed = counted.filter((window) => window.kind === 'blackout').map(spanOf);
  const maintenance = counted.filter((window) => window.kind === 'maintenance');
  const inside = windows
    .maintained(systems)
    .reduce<Span[]>(
      (spans, system) => intersection(spans, union(maintenance.filter((window) => window.systems?.includes(system) ?? true).map(spanOf))),
      [within],
    );
  return difference(inside, union(closed));
}

/**
 * The next spans from `from` on in which a change of this length fits, at most `count`, none of them beyond `until`; none when there
 * is none within 400 days.
 */
export function nextFitting(windows: WindowService, systems: readonly string[], from: number, lengthMs: number, count: number, until = Infinity): Span[] {
  let found: Span[] = [];
  for (const horizon of HORIZONS_MS) {
    const end = Math.min(from + horizon, until);
    if (end <= from) break;
    try {
      found = allowedSpans(windows, systems, { start: from, end }).filter((span) => span.end - span.start >= lengthMs);
    } catch (error) {
      // A window that opens too often to be looked at any further.
      if (error instanceof ElulmcError && error.code === 'FIELD_INVALID') break;
      throw error;
    }
    if (found.length >= count || end === until) break;
  }
  return found.slice(0, count);
}
