import { z } from 'zod';
import { asRecord } from '../core/json.ts';
import type { ParsedPolicy } from './evidence-kind.ts';
import { PolicyError } from './factors.ts';
import { evidenceKind } from './verify-evidence.ts';

const exception = z.strictObject({ reason: z.string().min(1), owner: z.string().min(1), review: z.iso.date() });

const policyFile = z.strictObject({
  v: z.literal(1),
  enclave: z.enum(['required', 'optional']).default('required'),
  kinds: z.record(z.string(), z.record(z.string(), z.json())),
  exceptions: z.record(z.string(), exception).default({}),
});

/** Why a policy is looser than its default, who answers for it, and the date (YYYY-MM-DD) by which it is looked at again. */
export type PolicyException = z.output<typeof exception>;

/** A policy file that was read. */
export interface AttestationPolicy {
  /** Whether a host without an enclave may serve. */
  readonly enclave: 'required' | 'optional';
  /** By kind of evidence: what no kind says, no evidence of it counts. `given` is what results take the digest of. */
  readonly kinds: ReadonlyMap<string, { readonly given: Readonly<Record<string, unknown>>; readonly parsed: ParsedPolicy }>;
  /** By what they are about: `enclave`, `snp.allow_debug`, `tdx.factors.tcb-status`. */
  readonly exceptions: ReadonlyMap<string, PolicyException>;
}

/** Keys of one kind's policy that let more pass than their default. */
function loosenedIn(kind: string, { allow_debug: debug, tcb_statuses: statuses, factors }: Readonly<Record<string, unknown>>): string[] {
  const allowed = Object.entries(asRecord(factors) ?? {}).filter(([, how]) => how === 'allowed');
  return [
    ...(debug === true ? [`${kind}.allow_debug`] : []),
    ...(Array.isArray(statuses) && statuses.some((status) => status !== 'UpToDate') ? [`${kind}.tcb_statuses`] : []),
    ...allowed.map(([factor]) => `${kind}.factors.${factor}`),
  ];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PolicyError('the policy is no JSON');
  }
}

/**
 * Parses a policy file (docs/formats/attestation.md, section 3). PolicyError: unknown key, kind or factor; a value out of its range;
 * something looser than its default without an exception, or an exception for what is not loosened.
 */
export function parseAttestationPolicy(text: string): AttestationPolicy {
  const file = policyFile.safeParse(parseJson(text));
  if (!file.success) throw new PolicyError(z.prettifyError(file.error));
  const { enclave, kinds, exceptions } = file.data;
  const parsed = new Map(Object.entries(kinds).map(([name, given]) => [name, { given, parsed: evidenceKind(name).parsePolicy(given) }]));
  const loosened = new Set([...(enclave === 'optional' ? ['enclave'] : []), ...Object.entries(kinds).flatMap(([name, given]) => loosenedIn(name, given))]);
  const excused = new Map(Object.entries(exceptions));
  const missing = [...loosened].filter((name) => !excused.has(name));
  const needless = [...excused.keys()].filter((name) => !loosened.has(name));
  if (missing.length > 0) throw new PolicyError(`without reason, owner and review date under "exceptions": ${missing.join(', ')}`);
  if (needless.length > 0) throw new PolicyError(`exceptions for what is not looser than its default: ${needless.join(', ')}`);
  return { enclave, kinds: parsed, exceptions: excused };
}
