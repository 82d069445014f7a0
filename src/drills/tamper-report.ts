import type { VerifiedLog } from './drill-report.ts';

/** Something that must be so. */
export interface TamperFact {
  /** A sentence. */
  readonly fact: string;
  readonly holds: boolean;
  /** What was seen: an outcome, an error code, a figure. */
  readonly found: string;
  /** When it was seen, milliseconds from the start of the drill, and how long it took. */
  readonly atMs: number;
  readonly tookMs: number;
}

/** What the drill `tamper` saw. */
export interface TamperReport {
  readonly drill: 'tamper';
  readonly ok: boolean;
  /** Facts that do not hold; empty when `ok`. */
  readonly failures: readonly string[];
  readonly model: { readonly name: string; readonly id: string; readonly digest: string; readonly files: number; readonly bytes: number };
  /** The byte that was flipped. */
  readonly flipped: { readonly file: string; readonly offset: number; readonly before: number; readonly after: number };
  /** From the flipped byte to the end of the scheduled run that found it. */
  readonly detectedMs: number;
  /** From the restored byte to the end of the scheduled run that cleared it. */
  readonly clearedMs: number;
  /** The scheduled run that found it. */
  readonly detectedBy: { readonly run: string; readonly exit: number | null };
  readonly facts: readonly TamperFact[];
  readonly ledger: { readonly verified: boolean; readonly logs: readonly VerifiedLog[] };
}
