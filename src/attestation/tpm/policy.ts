import { z } from 'zod';
import type { PolicyOf } from '../evidence-kind.ts';
import { anyBytesHex, bytesHex } from '../policy-values.ts';

/** Programs can reset PCR 16 and 23, so nothing may rest on them. */
const pcr = z
  .int()
  .min(0)
  .max(23)
  .refine((index) => index !== 16 && index !== 23, 'PCR 16 and 23 can be reset by programs');

/** Keys of a policy of kind `tpm2` besides `factors`. */
export const tpmPolicyShape = {
  required_pcrs: z.array(pcr).default([]),
  pcr_digest: bytesHex(32).optional(),
  /** Names of the attestation keys that were enrolled, 34 bytes each. Without them nobody knows whose machine it is: none is allowed. */
  ak_names: z.array(anyBytesHex(1024)).default([]),
  /** Path -> SHA-256 of its content. */
  files: z.record(z.string().min(1), bytesHex(32)).optional(),
};

export type TpmPolicy = PolicyOf<typeof tpmPolicyShape>;
