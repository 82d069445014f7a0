import type { Interval } from '../statistics/proportion-intervals.ts';

/** What one window shows; null where it was not measured. */
export interface DriftWindow {
  /** Inputs lie beyond what the reference period does to itself. */
  readonly inputDrifted: boolean | null;
  /** D in bits per byte, with its interval. */
  readonly fit: { readonly difference: number; readonly interval: Interval | null } | null;
  /** Quality of the model on labelled fresh items against release, candidate - base, with its interval. */
  readonly quality: { readonly difference: number; readonly interval: Interval } | null;
}

export type RetrainWord = 'RETRAIN' | 'WATCH' | 'KEEP' | 'INCONCLUSIVE';

export interface RetrainDecision {
  readonly decision: RetrainWord;
  readonly reasons: readonly string[];
  /** Cheaper than training: only what people ask about has moved. */
  readonly cheaperFirst: boolean;
  /** Smallest losses that the current window could have shown; null where it measured none. */
  readonly power: { readonly fitBits: number | null; readonly quality: number | null };
}

export interface RetrainLimits {
  /** Bits per byte that the lower bound of D must exceed. */
  readonly fitBits: number;
  /** Drop of quality that its interval must lie beyond. */
  readonly qualityMargin: number;
}

const LIMITS: RetrainLimits = { fitBits: 0.03, qualityMargin: 0.03 };

interface WindowFindings {
  readonly losses: readonly string[];
  readonly drifted: boolean;
  readonly measured: boolean;
}

function findings({ inputDrifted, fit, quality }: DriftWindow, { fitBits, qualityMargin }: RetrainLimits): WindowFindings {
  const losses: string[] = [];
  const bound = fit?.interval?.lower ?? -Infinity;
  if (bound > fitBits) losses.push(`fresh text costs at least ${bound.toFixed(3)} bits per byte more than at release (limit ${String(fitBits)})`);
  if (quality !== null && quality.interval.upper < -qualityMargin)
    losses.push(`quality fell by at least ${(-quality.interval.upper).toFixed(3)} (margin ${String(qualityMargin)})`);
  const measured = quality !== null || (fit !== null && fit.interval !== null);
  return { losses, drifted: inputDrifted === true, measured };
}

/**
 * Whether to train again (section 8 of the project's evaluation reference): RETRAIN when quality or fit is lost **and** the
 * inputs drifted, in two windows running; WATCH when one of these holds; KEEP when none does; INCONCLUSIVE when the current
 * window measured neither fit nor quality. `previous` is null for the first window.
 */
export function decideRetraining(current: DriftWindow, previous: DriftWindow | null, limits: RetrainLimits = LIMITS): RetrainDecision {
  const now = findings(current, limits);
  const before = previous === null ? null : findings(previous, limits);
  const half = (interval: Interval | null | undefined): number | null =>
    interval === null || interval === undefined ? null : (interval.upper - interval.lower) / 2;
  const [fitHalf, qualityHalf] = [half(current.fit?.interval), half(current.quality?.interval)];
  const power = { fitBits: fitHalf === null ? null : limits.fitBits + fitHalf, quality: qualityHalf === null ? null : limits.qualityMargin + qualityHalf };
  const isBad = (window: WindowFindings | null): boolean => window !== null && window.losses.length > 0 && window.drifted;
  const reasons = [...now.losses, ...(now.drifted ? ['inputs lie beyond what the reference period does to itself'] : [])];
  const cheaperFirst = now.drifted && now.losses.length === 0;
  if (!now.measured)
    return { decision: 'INCONCLUSIVE', reasons: ['neither fit nor quality was measured on fresh text', ...reasons], cheaperFirst: false, power };
  if (isBad(now) && isBad(before)) return { decision: 'RETRAIN', reasons: [...reasons, 'the window before showed the same'], cheaperFirst, power };
  if (reasons.length > 0) {
    const once = isBad(now) ? [before === null ? 'there is no window before to confirm it' : 'the window before did not show it'] : [];
    return { decision: 'WATCH', reasons: [...reasons, ...once], cheaperFirst, power };
  }
  return { decision: 'KEEP', reasons: ['no loss of fit or quality beyond the limits, and inputs as in the reference period'], cheaperFirst, power };
}
