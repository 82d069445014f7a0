import { z } from 'zod';
import { asRecord } from '../core/json.ts';
import type { ParsedPolicy } from './evidence-kind.ts';
import { EvidenceError } from './checks.ts';
import { PolicyError } from './factors.ts';
import { ROOT_NAMES } from './roots.ts';
import type { RootStore } from './roots.ts';
import { evidenceKind } from './verify-evidence.ts';
import { readCertificates } from './x509/certificate.ts';

const exception = z.strictObject({ reason: z.string().min(1), owner: z.string().min(1), review: z.iso.date() });

const policyFile = z.strictObject({
  v: z.literal(1),
  enclave: z.enum(['required', 'optional']).default('required'),
  kinds: z.record(z.string(), z.record(z.string(), z.json())),
  exceptions: z.record(z.string(), exception).default({}),
  roots: z.partialRecord(z.enum(ROOT_NAMES), z.string()).default({}),
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
  /** Roots that take the place of the pinned ones; who reads the policy decides whether it may bring any. */
  readonly roots: RootStore;
}

/** Keys of one kind's policy that let more pass than their default. */
function loosenedIn(kind: string, policy: Readonly<Record<string, unknown>>): string[] {
  const { allow_debug: debug, tcb_statuses: statuses, out_of_date_days: days, factors } = policy;
  const allowed = Object.entries(asRecord(factors) ?? {}).filter(([, how]) => how === 'allowed');
  return [
    ...(debug === true ? [`${kind}.allow_debug`] : []),
    ...(Array.isArray(statuses) && statuses.some((status) => status !== 'UpToDate') ? [`${kind}.tcb_statuses`] : []),
    ...(days === undefined ? [] : [`${kind}.out_of_date_days`]),
    ...allowed.map(([factor]) => `${kind}.factors.${factor}`),
  ];
}

/** One self-signed certificate each, as PEM. */
function readRoots(given: Readonly<Record<string, string>>): RootStore {
  const read = (name: string, pem: string) => {
    try {
      const [root, ...more] = readCertificates(Buffer.from(pem, 'utf8'));
      if (root !== undefined && more.length === 0 && root.ca && root.checkIssued(root) && root.verify(root.publicKey)) return root;
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
    }
    throw new PolicyError(`roots.${name}: not the PEM text of one root certificate`);
  };
  return Object.fromEntries(Object.entries(given).map(([name, pem]) => [name, read(name, pem)]));
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
 * something looser than its default without an exception, or an exception for what is not loosened; a root that is none.
 */
export function parseAttestationPolicy(text: string): AttestationPolicy {
  const file = policyFile.safeParse(parseJson(text));
  if (!file.success) throw new PolicyError(z.prettifyError(file.error));
  const { enclave, kinds, exceptions, roots } = file.data;
  const parsed = new Map(Object.entries(kinds).map(([name, given]) => [name, { given, parsed: evidenceKind(name).parsePolicy(given) }]));
  const loosened = new Set([...(enclave === 'optional' ? ['enclave'] : []), ...Object.entries(kinds).flatMap(([name, given]) => loosenedIn(name, given))]);
  const excused = new Map(Object.entries(exceptions));
  const missing = [...loosened].filter((name) => !excused.has(name));
  const needless = [...excused.keys()].filter((name) => !loosened.has(name));
  if (missing.length > 0) throw new PolicyError(`without reason, owner and review date under "exceptions": ${missing.join(', ')}`);
  if (needless.length > 0) throw new PolicyError(`exceptions for what is not looser than its default: ${needless.join(', ')}`);
  return { enclave, kinds: parsed, exceptions: excused, roots: readRoots(roots) };
}
