import { azureSnpKind } from './azure/verify.ts';
import { sgxKind, tdxKind } from './intel/quote-kinds.ts';
import { nitroKind } from './nitro/nitro-kind.ts';
import { nvidiaDeviceKind } from './nvidia/device-kind.ts';
import { nvidiaEatKind } from './nvidia/eat-kind.ts';
import { nvidiaRimKind } from './nvidia/rim-kind.ts';
import { snpKind } from './snp/verify.ts';
import { tpmKind } from './tpm/verify.ts';
import { PolicyError, refusalOf } from './factors.ts';
import type { CheckList, ReasonCode } from './checks.ts';
import type { EvidenceKind, Given, ParsedPolicy } from './evidence-kind.ts';

/** Every kind of evidence by its name in policies, results and labels. */
export const EVIDENCE_KINDS: Readonly<Record<string, EvidenceKind>> = {
  snp: snpKind,
  tdx: tdxKind,
  sgx: sgxKind,
  nitro: nitroKind,
  'nvidia-gpu': nvidiaDeviceKind,
  'nvidia-rim': nvidiaRimKind,
  'nvidia-eat': nvidiaEatKind,
  'az-snp-vtpm': azureSnpKind,
  tpm2: tpmKind,
};

/** What was found: accepted exactly when `reason` is null. */
export interface Appraisal {
  readonly reason: ReasonCode | null;
  readonly list: CheckList;
}

/** The kind of this name. PolicyError when there is none. */
export function evidenceKind(name: string): EvidenceKind {
  const kind = Object.hasOwn(EVIDENCE_KINDS, name) ? EVIDENCE_KINDS[name] : undefined;
  if (kind === undefined) throw new PolicyError(`there is no kind of evidence ${JSON.stringify(name)}; there are ${Object.keys(EVIDENCE_KINDS).join(', ')}`);
  return kind;
}

/** Verifies and appraises by a parsed policy of the same kind. PolicyError when an input or a part of the challenge is none that the kind takes. */
export function verifyEvidence(kind: EvidenceKind, policy: ParsedPolicy, given: Given): Appraisal {
  const foreign = [
    ...Object.keys(given.inputs).filter((name) => !kind.inputs.includes(name)),
    ...Object.keys(given.challenge).filter((name) => name !== kind.challenge),
  ];
  if (foreign.length > 0) throw new PolicyError(`this kind of evidence takes no ${foreign.join(', ')}`);
  const list = policy.verify(given);
  return { reason: refusalOf(list.checks, policy.factors), list };
}
