import { z } from 'zod';
import type { Check, ReasonCode } from './checks.ts';

/** A policy that cannot be followed: nothing is verified by it. */
export class PolicyError extends Error {}

/** Name of a check, or reason code -> whether a failure of it blocks. What is not named is enforced. */
export type Factors = ReadonlyMap<string, 'enforced' | 'allowed'>;

/** Without these nothing is proved at all, so no policy can pass over them. */
const NEVER_ALLOWED: ReadonlySet<ReasonCode | null> = new Set<ReasonCode>(['malformed', 'bad-signature', 'untrusted-chain']);

const factorValues = z.record(z.string(), z.enum(['enforced', 'allowed']));

/** PolicyError for a factor that the kind does not have: it would silently never match. */
export function readFactors(value: unknown, checks: Readonly<Record<string, readonly ReasonCode[]>>): Factors {
  const parsed = factorValues.safeParse(value);
  if (!parsed.success) throw new PolicyError(`factors: ${z.prettifyError(parsed.error)}`);
  const codes = new Set<string>(Object.values(checks).flat());
  for (const [name, how] of Object.entries(parsed.data)) {
    if (!codes.has(name) && !Object.hasOwn(checks, name)) throw new PolicyError(`factors: this kind has neither a check nor a reason ${JSON.stringify(name)}`);
    if (how === 'allowed' && NEVER_ALLOWED.has(name as ReasonCode)) throw new PolicyError(`factors: ${name} is always enforced`);
  }
  return new Map(Object.entries(parsed.data));
}

/** Whether a failure of this check blocks. A factor that names the check wins over one that names its reason. */
function isEnforced({ name, code }: Check, factors: Factors): boolean {
  if (NEVER_ALLOWED.has(code)) return true;
  return (factors.get(name) ?? (code === null ? undefined : factors.get(code))) !== 'allowed';
}

/**
 * Why the evidence is refused; null: it is accepted. The first failed check that is enforced decides. A check that could not be made
 * is not a passed one: then what it rests on decides, even where that alone would have been allowed.
 */
export function refusalOf(checks: readonly Check[], factors: Factors): ReasonCode | null {
  const failed = checks.filter(({ outcome }) => outcome === 'fail');
  const refused = failed.find((check) => isEnforced(check, factors));
  if (refused !== undefined) return refused.code;
  const isOpen = checks.some((check) => check.outcome === 'unknown' && isEnforced(check, factors));
  return isOpen ? (failed[0]?.code ?? 'malformed') : null;
}
