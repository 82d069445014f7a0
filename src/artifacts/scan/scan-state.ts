import { Spool } from '../bytes/spool.ts';
import type { Coverage, NotChecked } from '../findings/report.ts';
import type { Finding, Rule } from '../findings/rule.ts';
import { worseVerdict, type Verdict } from '../findings/verdict.ts';
import type { ScanLimits } from './limits.ts';
import type { Reader } from './reader.ts';
import { SCAN_RULES } from './scan-rules.ts';

const MAX_DETAIL = 1000;
const MAX_COVERAGE = 1000;

/** What is known about one file while it is scanned, shared by all units of it. */
export class ScanState {
  readonly readers: readonly Reader[];
  readonly limits: ScanLimits;
  readonly headersOnly: boolean;
  readonly signal: AbortSignal;
  readonly spool = new Spool();
  readonly findings: Finding[] = [];
  readonly formats = new Set<string>();
  /** How many findings there were, listed or not. */
  alarms = 0;
  worst: Verdict = 'clean';
  /** Unpacked bytes of all levels together, so that members that are each within their ratio do not add up to a bomb. */
  readonly unpackLimit: number;
  unpackedBytes = 0;
  parts = 0;
  readonly #known = new Set<string>();
  readonly #listed = new Map<string, number>();
  #cut = false;
  readonly #checked = new Map<string, number>();
  readonly #notChecked = new Map<string, NotChecked>();
  /** Readers that have read at a place of a source, so that overlapping searches do not read it again. */
  readonly #read = new Map<string, number>();

  constructor(readers: readonly Reader[], limits: ScanLimits, headersOnly: boolean, signal: AbortSignal, fileSize: number) {
    this.readers = readers;
    this.limits = limits;
    this.unpackLimit = Math.min(limits.unpackedBytes, Math.max(limits.fileFreeBytes, fileSize * limits.ratio));
    this.headersOnly = headersOnly;
    this.signal = signal;
  }

  found(rule: Rule, path: readonly string[], offset: number | null, detail: string): void {
    const text = detail.length > MAX_DETAIL ? `${detail.slice(0, MAX_DETAIL)}...` : detail;
    this.alarms++;
    this.worst = worseVerdict(this.worst, rule.alarm);
    const key = JSON.stringify([rule.id, path, offset, text]);
    if (this.#known.has(key)) return;
    const listed = this.#listed.get(rule.id) ?? 0;
    if (listed < this.limits.findingsOfRule && this.findings.length < this.limits.findings) {
      this.#listed.set(rule.id, listed + 1);
      this.#known.add(key);
      this.findings.push({ rule, path, offset, detail: text });
    } else if (!this.#cut) {
      this.#cut = true;
      this.findings.push({ rule: SCAN_RULES.tooManyFindings, path: path.slice(0, 1), offset: null, detail: `first cut at ${rule.id}` });
    }
  }

  checked(check: string): void {
    if (this.#checked.size < MAX_COVERAGE || this.#checked.has(check)) this.#checked.set(check, (this.#checked.get(check) ?? 0) + 1);
  }

  notChecked(check: string, reason: string, path: readonly string[]): void {
    const key = JSON.stringify([check, reason]);
    const known = this.#notChecked.get(key);
    if (known === undefined && this.#notChecked.size >= MAX_COVERAGE) return;
    this.#notChecked.set(key, { check, reason, path: known?.path ?? path, times: (known?.times ?? 0) + 1 });
  }

  coverage(): Coverage {
    return {
      checked: [...this.#checked].map(([check, times]) => ({ check, times })),
      notChecked: [...this.#notChecked.values()],
    };
  }

  /** Whether this reader is the first at that place with so many bytes. */
  firstRead(place: string, format: string, size: number): boolean {
    const key = `${place}:${format}`;
    if ((this.#read.get(key) ?? -1) >= size) return false;
    this.#read.set(key, size);
    return true;
  }
}
