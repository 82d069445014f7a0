import type { Alarm } from './verdict.ts';

export type Severity = 'critical' | 'high' | 'medium' | 'low';

/** Something that a scan can find. One table per reader, in a file `<format>-rules.ts` beside it; ids are never used again for another thing. */
export interface Rule {
  /** `pickle-dangerous-global`: the format, then what it is. */
  readonly id: string;
  readonly alarm: Alarm;
  readonly severity: Severity;
  /** A short name: "Pickle calls a dangerous function". */
  readonly title: string;
  /** Why it is bad, for somebody who has never heard of it. */
  readonly explanation: string;
  /** What to do. */
  readonly help: string;
  /** CVE and GHSA ids, CWE numbers. */
  readonly references?: readonly string[];
}

/** One place at which a rule holds. */
export interface Finding {
  readonly rule: Rule;
  /** Path of the file below the scanned folder, then the members that lead to the bytes: `model.pt`, `archive/data.pkl`. */
  readonly path: readonly string[];
  /** Offset in the innermost member, in bytes; null where it is about the whole of it. */
  readonly offset: number | null;
  /** What was found here: names, values, sizes. */
  readonly detail: string;
}
