/** Why evidence is not accepted (docs/formats/attestation.md has the meaning of each). */
export type ReasonCode =
  | 'malformed'
  | 'bad-signature'
  | 'untrusted-chain'
  | 'chain-expired'
  | 'revoked'
  | 'collateral-signature'
  | 'collateral-mismatch'
  | 'collateral-expired'
  | 'tcb-mismatch'
  | 'chip-mismatch'
  | 'signer-kind'
  | 'qe-identity-mismatch'
  | 'event-log-mismatch'
  | 'ak-unknown'
  | 'ak-not-restricted'
  | 'wrong-type'
  | 'submod-mismatch'
  | 'issuer'
  | 'nonce-mismatch'
  | 'stale'
  | 'expired'
  | 'tcb-status'
  | 'tcb-too-old'
  | 'td-attributes'
  | 'debug-enabled'
  | 'migration-agent'
  | 'vmpl-not-allowed'
  | 'product-not-allowed'
  | 'measurement-not-allowed'
  | 'pcr-not-quoted'
  | 'overall-result';

/** `unknown`: it could not be carried out, because something that it rests on failed. Never counted as passed. */
export type Outcome = 'pass' | 'fail' | 'not-applicable' | 'unknown';

/** One named check. The answer about evidence is never one boolean. */
export interface Check {
  /** `chain`, `report-signature`, `measurement`; policies name factors by it. */
  readonly name: string;
  readonly outcome: Outcome;
  /** Set when it failed. */
  readonly code: ReasonCode | null;
  readonly expected: string | null;
  readonly found: string | null;
}

/** What was compared, for who reads the result. */
interface Compared {
  readonly expected?: string;
  readonly found?: string;
}

/** Thrown while evidence is read or a check is made; becomes a failed check. */
export class EvidenceError extends Error {
  readonly code: ReasonCode;
  readonly compared: Compared;

  constructor(code: ReasonCode, message: string, compared: Compared = { found: message }) {
    super(message);
    this.code = code;
    this.compared = compared;
  }
}

/** A signed list or document that something was judged by, and how long it holds. Milliseconds since the Unix epoch. */
export interface CollateralDates {
  readonly name: string;
  readonly issuedMs: number | null;
  readonly nextUpdateMs: number | null;
}

/** What the vendor says of the platform's level. */
export interface TcbState {
  readonly status: string;
  readonly advisories: readonly string[];
  /** As the vendor writes it; null where it gives none. */
  readonly levelDate: string | null;
}

/** What must be renewed in time: the key of a chip, collateral, the signer of reference values. */
export type Expiring = 'vek' | 'collateral' | 'rim_signer';

/** Collects checks in the order in which they decide: the first that failed gives the reason. */
export class CheckList {
  readonly #checks: Check[] = [];
  readonly #collateral: CollateralDates[] = [];
  readonly #expiries = new Map<Expiring, number>();
  /** Set by kinds whose vendor publishes levels. */
  tcb: TcbState | null = null;

  get checks(): readonly Check[] {
    return this.#checks;
  }

  get collateral(): readonly CollateralDates[] {
    return this.#collateral;
  }

  /** When each of these ends first, in milliseconds since the Unix epoch. */
  get expiries(): ReadonlyMap<Expiring, number> {
    return this.#expiries;
  }

  #add(name: string, outcome: Outcome, code: ReasonCode | null, { expected = null, found = null }: { readonly [N in keyof Compared]: string | null }): void {
    this.#checks.push({ name, outcome, code, expected, found });
  }

  /** A check with a plain answer. Returns it. */
  that(name: string, holds: boolean, code: ReasonCode, compared: Compared = {}): boolean {
    this.#add(name, holds ? 'pass' : 'fail', holds ? null : code, compared);
    return holds;
  }

  /** A check that does its work in `work`: EvidenceError fails it. Undefined when it failed. */
  try<T>(name: string, work: () => T): T | undefined {
    try {
      const value = work();
      this.#add(name, 'pass', null, {});
      return value;
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      this.#add(name, 'fail', error.code, error.compared);
      return undefined;
    }
  }

  /**
   * A check that rests on what earlier ones gave: as `try`, but `unknown` where one of them gave nothing (undefined). Every check
   * that does not rest on a failed one is carried out, so that all that is wrong is shown at once.
   */
  after<G extends object, T>(name: string, restsOn: { readonly [K in keyof G]: G[K] | undefined }, work: (given: G) => T): T | undefined {
    const missing = Object.entries(restsOn).filter(([, value]) => value === undefined);
    if (missing.length === 0) return this.try(name, () => work(restsOn as G));
    this.unknown(name, `rests on what failed: ${missing.map(([key]) => key).join(', ')}`);
    return undefined;
  }

  notApplicable(name: string, why: string): void {
    this.#add(name, 'not-applicable', null, { found: why });
  }

  unknown(name: string, why: string): void {
    this.#add(name, 'unknown', null, { found: why });
  }

  /** Notes collateral and its dates for the result; `collateral` in `expiries` follows from the dates. */
  usedCollateral(dates: CollateralDates): void {
    this.#collateral.push(dates);
    if (dates.nextUpdateMs !== null) this.expires('collateral', dates.nextUpdateMs);
  }

  /** Notes when something ends; the earliest counts. */
  expires(what: Expiring, atMs: number): void {
    this.#expiries.set(what, Math.min(atMs, this.#expiries.get(what) ?? atMs));
  }

  /** The code of the first check that failed; null when none did. */
  reason(): ReasonCode | null {
    return this.#checks.find(({ outcome }) => outcome === 'fail')?.code ?? null;
  }
}
