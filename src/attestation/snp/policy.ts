import { z } from 'zod';
import type { PolicyOf } from '../evidence-kind.ts';
import { bytesHex } from '../policy-values.ts';
import { GUEST_POLICY_BITS, PLATFORM_BITS } from './report.ts';
import { SNP_PRODUCTS, TCB_COMPONENTS } from './tcb.ts';

const tcb = z.strictObject(Object.fromEntries(TCB_COMPONENTS.map((name) => [name, z.int().min(0).max(255).optional()])));
const version = z.tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)]);
const mask = z
  .string()
  .regex(/^[0-9a-fA-F]{1,16}$/u)
  .transform((text) => BigInt(`0x${text}`));

function bitsOf<N extends string>(bits: Readonly<Record<N, bigint>>) {
  const names = z.array(z.enum(Object.keys(bits) as N[])).default([]);
  return z.strictObject({ require: names, forbid: names });
}

/** Keys of a policy of kind `snp` besides `factors`; what is absent is not asked, an empty list allows nothing. */
export const snpPolicyShape = {
  measurements: z.array(bytesHex(48)).optional(),
  allow_debug: z.boolean().default(false),
  min_tcb: tcb.optional(),
  max_vmpl: z.int().min(0).max(3).optional(),
  forbid_migration: z.boolean().default(false),
  signers: z.array(z.enum(['vcek', 'vlek'])).optional(),
  products: z.array(z.enum(SNP_PRODUCTS)).optional(),
  host_data: z.array(bytesHex(32)).optional(),
  id_key_digests: z.array(bytesHex(48)).optional(),
  author_key_digests: z.array(bytesHex(48)).optional(),
  family_ids: z.array(bytesHex(16)).optional(),
  image_ids: z.array(bytesHex(16)).optional(),
  min_guest_svn: z.int().min(0).max(0xffff_ffff).optional(),
  /** `[major, minor, build]` of the committed firmware: it cannot be rolled back. */
  min_firmware: version.optional(),
  min_launch_tcb: tcb.optional(),
  min_committed_tcb: tcb.optional(),
  guest_policy: bitsOf(GUEST_POLICY_BITS).optional(),
  platform: bitsOf(PLATFORM_BITS).optional(),
  /** Hex of the bits that the current mitigation vector must have; reports before version 5 have none of them. */
  mitigations: mask.optional(),
};

export type SnpPolicy = PolicyOf<typeof snpPolicyShape>;
