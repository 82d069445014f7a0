import { SIGNING_FINDINGS } from './findings.ts';
import type { SigningFinding } from './findings.ts';

/** `policy`: true and not good enough, unless allowed; `note`: worth saying, and allowed; `skipped`: not reached. */
export type CheckOutcome = 'pass' | 'fail' | 'policy' | 'note' | 'skipped';

/** One named check. */
export interface SigningCheck {
  /** `signature`, `root`, `files`, or the name of a finding. */
  readonly name: string;
  readonly outcome: CheckOutcome;
  readonly expected: string | null;
  readonly found: string | null;
}

export type SigningVerdict = 'pass' | 'policy' | 'fail';

interface Compared {
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

/** The checks that every verification carries out, in order; a finding stands where it was made. */
const CHECKS = ['bundle', 'media-type', 'method', 'envelope', 'trust', 'signature', 'payload-type', 'statement-type', 'predicate-type', 'subject'];
const LATER_CHECKS = ['serialization', 'resources', 'root', 'model', 'files'];

/** What is shown of a value that somebody else wrote. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/** A list that may be long, cut. */
export function shownList(names: readonly string[], most = 10): string {
  const rest = names.length - most;
  return names.slice(0, most).map(shown).join(', ') + (rest > 0 ? ` and ${String(rest)} more` : '');
}

/** Collects checks in their order; the first that fails ends the verification. */
export class CheckReport {
  readonly #checks: SigningCheck[] = [];
  readonly #allow: ReadonlySet<SigningFinding>;
  readonly #demand: ReadonlySet<SigningFinding>;

  constructor(allow: readonly SigningFinding[] = [], demand: readonly SigningFinding[] = []) {
    this.#allow = new Set(allow);
    this.#demand = new Set(demand);
  }

  #add(name: string, outcome: CheckOutcome, { expected, found }: Compared): void {
    this.#checks.push({ name, outcome, expected: expected ?? null, found: found ?? null });
  }

  /** A check with a plain answer. Returns it. */
  that(name: string, holds: boolean, compared: Compared = {}): boolean {
    this.#add(name, holds ? 'pass' : 'fail', compared);
    return holds;
  }

  /** A check that failed; null, for a reader that has nothing to give then. */
  fail(name: string, compared: Compared): null {
    this.#add(name, 'fail', compared);
    return null;
  }

  isAllowed(finding: SigningFinding): boolean {
    return this.#allow.has(finding);
  }

  /** Something that was found. False when the verification must end. */
  finding(name: SigningFinding, found: string): boolean {
    const { outcome, title } = SIGNING_FINDINGS[name];
    const demanded = outcome === 'note' && this.#demand.has(name) ? 'policy' : outcome;
    const given = this.#allow.has(name) ? 'note' : demanded;
    this.#add(name, given, { found: `${title}: ${found}` });
    return given !== 'fail';
  }

  get hasFailed(): boolean {
    return this.#checks.some(({ outcome }) => outcome === 'fail');
  }

  /** Never better than the worst check. */
  get verdict(): SigningVerdict {
    if (this.hasFailed) return 'fail';
    return this.#checks.some(({ outcome }) => outcome === 'policy') ? 'policy' : 'pass';
  }

  /** What was carried out, and then what was not reached. */
  get checks(): readonly SigningCheck[] {
    const done = new Set(this.#checks.map(({ name }) => name));
    const skipped = [...CHECKS, ...LATER_CHECKS].filter((name) => !done.has(name));
    return [...this.#checks, ...skipped.map((name) => ({ name, outcome: 'skipped' as const, expected: null, found: null }))];
  }
}
