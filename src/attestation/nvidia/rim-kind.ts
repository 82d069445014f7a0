import type { X509Certificate } from 'node:crypto';
import { CheckList } from '../checks.ts';
import type { ReasonCode } from '../checks.ts';
import { defineKind } from '../evidence-kind.ts';
import { checkChain, rootOf } from '../x509/check-chain.ts';
import { validityOf } from '../x509/chain.ts';
import { readRim, readRimContent, signedRimOf } from './rim.ts';
import type { RimContent } from './rim.ts';

/** The checks of a manifest, in the order in which they decide. */
export const RIM_CHECKS: Readonly<Record<string, readonly ReasonCode[]>> = {
  structure: ['malformed', 'untrusted-chain'],
  signature: ['bad-signature'],
  root: ['untrusted-chain'],
  chain: ['untrusted-chain', 'malformed'],
  'chain-validity': ['chain-expired'],
  content: ['malformed'],
};

/** Checks a manifest; every check's name begins with `prefix`. Undefined unless all of them pass. */
export function checkRim(list: CheckList, prefix: string, bytes: Buffer, given: X509Certificate | undefined, clockMs: number): RimContent | undefined {
  const rim = list.try(`${prefix}structure`, () => readRim(bytes));
  const signed = list.after(`${prefix}signature`, { rim }, (it) => ({ text: signedRimOf(it.rim) }));
  const root = rootOf(list, given, `${prefix}root`);
  const chain = checkChain(list, `${prefix}chain`, { certificates: rim?.certificates, root, clockMs });
  if (chain !== undefined && rim !== undefined) list.expires('rim_signer', validityOf(rim.certificates[0]).toMs);
  return list.after(`${prefix}content`, { signed, chain }, (it) => readRimContent(it.signed.text));
}

/** Reference integrity manifests of NVIDIA drivers and VBIOS (docs/formats/attestation.md). */
export const nvidiaRimKind = defineKind({
  inputs: [],
  challenge: null,
  roots: ['nvidia-corim'],
  checks: RIM_CHECKS,
  shape: {},
  verify: ({ evidence, roots, clockMs }) => {
    const list = new CheckList();
    checkRim(list, '', evidence, roots['nvidia-corim'], clockMs);
    return list;
  },
});
