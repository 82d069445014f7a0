import { expect } from 'vitest';
import { refusalOf } from '../../src/attestation/factors.ts';
import type { ReasonCode } from '../../src/attestation/checks.ts';
import type { EvidenceKind, Given } from '../../src/attestation/evidence-kind.ts';

/**
 * Why the evidence is refused, null: it is accepted. Whatever comes out, the kind must have declared each check with its code: a policy
 * could not name it otherwise.
 */
export function reasonOf(kind: EvidenceKind, given: Given, policy: unknown = {}): ReasonCode | null {
  const parsed = kind.parsePolicy(policy);
  const { checks } = parsed.verify(given);
  for (const { name, code } of checks) {
    expect(Object.keys(kind.checks), `check ${name}`).toContain(name);
    if (code !== null) expect(kind.checks[name], `check ${name}`).toContain(code);
  }
  expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length);
  return refusalOf(checks, parsed.factors);
}
