import type { Finding } from './rule.ts';
import { worseVerdict, type Verdict } from './verdict.ts';

/** A check that was carried out, and in how many places of the file (members, streams). */
export interface Checked {
  readonly check: string;
  readonly times: number;
}

/** A check that was not carried out: why, where the first time, how often. */
export interface NotChecked {
  readonly check: string;
  readonly reason: string;
  readonly path: readonly string[];
  readonly times: number;
}

export interface Coverage {
  readonly checked: readonly Checked[];
  readonly notChecked: readonly NotChecked[];
}

/** What a scan says about one file of the target, or about a link, device or FIFO in its place. Plain data, as JSON. */
export interface FileReport {
  /** Relative to the scanned folder, `/` between its parts; the name alone when a single file was scanned. */
  readonly path: string;
  readonly kind: 'file' | 'link' | 'special' | 'folder';
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal, of all bytes; null when they were not read to the end (headers only, an error, a time limit, no file). */
  readonly sha256: string | null;
  /** Formats whose readers read it, the names of readers. Empty for `other` files and for formats that nobody reads. */
  readonly formats: readonly string[];
  /** `text`, `image` and the like when it is a file of no model format; null otherwise. */
  readonly other: string | null;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
  /** Why it could not be scanned at all ("EACCES ..."); such a file is never clean. Null otherwise. */
  readonly error: string | null;
  readonly durationMs: number;
}

export interface ScanReport {
  /** The path as it was given. */
  readonly target: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly headersOnly: boolean;
  /** Sorted by path. */
  readonly files: readonly FileReport[];
  /** Bytes of all files. */
  readonly bytes: number;
  /** The worst of its files. `unsupported` as well when a file could not be read: what was not seen is not clean. */
  readonly verdict: Verdict;
  /** Of all files together. */
  readonly coverage: Coverage;
}

/** `readable`: whether somebody knew what the bytes are, be it a reader or as a file of no model format. */
export function verdictOf(findings: readonly Finding[], readable: boolean): Verdict {
  return findings.reduce<Verdict>((worst, { rule }) => worseVerdict(worst, rule.alarm), readable ? 'clean' : 'unsupported');
}

/** The coverage of several files as one. Paths keep the file as their first part. */
export function mergeCoverage(parts: readonly Coverage[]): Coverage {
  const checked = new Map<string, Checked>();
  const notChecked = new Map<string, NotChecked>();
  for (const part of parts) {
    for (const one of part.checked) {
      checked.set(one.check, { check: one.check, times: one.times + (checked.get(one.check)?.times ?? 0) });
    }
    for (const one of part.notChecked) {
      const key = JSON.stringify([one.check, one.reason]);
      const known = notChecked.get(key);
      notChecked.set(key, known === undefined ? one : { ...known, times: known.times + one.times });
    }
  }
  return { checked: [...checked.values()], notChecked: [...notChecked.values()] };
}
