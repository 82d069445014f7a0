import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { EvidenceError } from '../checks.ts';

const MIN_MODULUS_BITS = 2048;

const runtimeData = z.object({
  keys: z
    .array(z.object({ kid: z.string(), kty: z.string(), key_ops: z.array(z.string()).optional(), n: z.string().optional(), e: z.string().optional() }))
    .max(16),
  'vm-configuration': z.object({ 'secure-boot': z.boolean().optional(), 'tpm-enabled': z.boolean().optional(), vmUniqueId: z.string().optional() }).optional(),
});

/** What the runtime data says, proved by the SNP report. */
export interface RuntimeData {
  /** The key that the vTPM quotes with. */
  readonly attestationKey: KeyObject;
  /** Undefined: it does not say. */
  readonly hasSecureBoot: boolean | undefined;
  readonly vmId: string | undefined;
}

function parse(bytes: Buffer): z.output<typeof runtimeData> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new EvidenceError('malformed', 'the runtime data is no JSON');
  }
  const parsed = runtimeData.safeParse(value);
  if (!parsed.success) throw new EvidenceError('malformed', `the runtime data: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** EvidenceError `malformed`. */
export function readRuntimeData(bytes: Buffer): RuntimeData {
  const { keys, 'vm-configuration': configuration } = parse(bytes);
  const named = keys.filter(({ kid }) => kid === 'HCLAkPub');
  const [jwk] = named;
  if (named.length !== 1 || jwk?.kty !== 'RSA' || jwk.n === undefined || jwk.e === undefined || jwk.key_ops?.includes('sign') === false)
    throw new EvidenceError('malformed', 'the runtime data has not exactly one RSA key HCLAkPub that signs');
  let attestationKey: KeyObject;
  try {
    attestationKey = createPublicKey({ key: { kty: 'RSA', n: jwk.n, e: jwk.e }, format: 'jwk' });
  } catch {
    throw new EvidenceError('malformed', 'HCLAkPub is no public key');
  }
  if ((attestationKey.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_MODULUS_BITS) throw new EvidenceError('malformed', 'HCLAkPub is too short');
  return { attestationKey, hasSecureBoot: configuration?.['secure-boot'], vmId: configuration?.vmUniqueId };
}
