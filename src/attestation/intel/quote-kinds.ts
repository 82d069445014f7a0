import { z } from 'zod';
import { CheckList, EvidenceError } from '../checks.ts';
import type { ReasonCode } from '../checks.ts';
import { defineKind } from '../evidence-kind.ts';
import type { Given } from '../evidence-kind.ts';
import { bytesHex } from '../policy-values.ts';
import { rootOf } from '../x509/check-chain.ts';
import { readCollateral } from './collateral.ts';
import { readQuote } from './quote.ts';
import type { Quote, QuoteBody } from './quote.ts';
import { checkRegisters, checkTdAttributes, checkWorkload } from './quote-policy.ts';
import type { WorkloadPolicy } from './quote-policy.ts';
import { checkTcb } from './quote-tcb.ts';
import { checkCollateral, checkSignatures } from './quote-trust.ts';
import { ALLOWABLE_STATUSES } from './tcb-status.ts';
import type { AllowableStatus } from './tcb-status.ts';

/** The checks of one chain. */
function chainChecks(name: string): Readonly<Record<string, readonly ReasonCode[]>> {
  return {
    [name]: ['untrusted-chain', 'malformed'],
    [`${name}-validity`]: ['chain-expired'],
    [`${name}-revocation`]: ['revoked', 'malformed'],
  };
}

function crlChecks(name: string): Readonly<Record<string, readonly ReasonCode[]>> {
  return {
    [name]: ['untrusted-chain'],
    [`${name}-window`]: ['collateral-expired'],
    [`${name}-issuer`]: ['collateral-mismatch'],
  };
}

function documentChecks(name: string): Readonly<Record<string, readonly ReasonCode[]>> {
  return {
    ...chainChecks(`${name}-chain`),
    [name]: ['collateral-signature'],
    [`${name}-window`]: ['collateral-expired'],
  };
}

/** The checks of both kinds, in the order in which they decide. */
const CHECKS: Readonly<Record<string, readonly ReasonCode[]>> = {
  structure: ['malformed', 'untrusted-chain'],
  collateral: ['malformed', 'untrusted-chain', 'collateral-expired'],
  root: ['untrusted-chain'],
  ...crlChecks('root-crl'),
  ...chainChecks('pck-crl-chain'),
  'pck-issuer': ['malformed'],
  ...crlChecks('pck-crl'),
  ...chainChecks('pck-chain'),
  ...documentChecks('tcb-info'),
  ...documentChecks('qe-identity'),
  'qe-report-signature': ['bad-signature'],
  'attestation-key': ['bad-signature'],
  'quote-signature': ['bad-signature'],
  'collateral-kind': ['collateral-signature'],
  'qe-report': ['qe-identity-mismatch'],
  'qe-level': ['tcb-status'],
  platform: ['malformed', 'collateral-mismatch'],
  'tcb-status': ['tcb-status'],
  'report-data': ['nonce-mismatch'],
  measurement: ['measurement-not-allowed'],
  debug: ['debug-enabled'],
};

const TD_CHECKS: Readonly<Record<string, readonly ReasonCode[]>> = {
  'td-reserved': ['malformed'],
  'td-attributes': ['td-attributes'],
  rtmr: ['measurement-not-allowed'],
  'event-log': ['malformed', 'event-log-mismatch'],
};

const policyKeys = (measurementBytes: number) => ({
  measurements: z.array(bytesHex(measurementBytes)).optional(),
  allow_debug: z.boolean().default(false),
  tcb_statuses: z.array(z.enum(ALLOWABLE_STATUSES)).default(['UpToDate']),
  out_of_date_days: z.int().min(1).max(3650).optional(),
});

interface QuotePolicy extends WorkloadPolicy {
  readonly tcb_statuses: readonly AllowableStatus[];
  readonly out_of_date_days?: number | undefined;
}

function readQuoteOf(tee: QuoteBody['tee'], evidence: Buffer): Quote {
  const quote = readQuote(evidence);
  if (quote.body.tee !== tee) throw new EvidenceError('malformed', `a quote of ${quote.body.tee}`, { expected: tee, found: quote.body.tee });
  return quote;
}

function verifyQuote(tee: QuoteBody['tee'], { evidence, inputs, roots, challenge, clockMs }: Given, policy: QuotePolicy): CheckList {
  const list = new CheckList();
  const quote = list.try('structure', () => readQuoteOf(tee, evidence));
  const collateral = list.try('collateral', () => readCollateral(inputs['collateral']));
  const root = rootOf(list, roots['intel-sgx']);
  const documents = checkCollateral(list, quote, collateral, { root, clockMs });
  checkSignatures(list, quote);
  checkTcb(list, quote, documents, { statuses: policy.tcb_statuses, outOfDateDays: policy.out_of_date_days ?? 0, clockMs });
  if (tee === 'tdx') checkTdAttributes(list, quote);
  checkWorkload(list, quote, challenge, policy);
  if (tee === 'tdx') checkRegisters(list, quote, policy, { ccel: inputs['ccel'], events: inputs['event_log'] });
  return list;
}

const COMMON = { inputs: ['collateral'], challenge: 'reportData', roots: ['intel-sgx'] } as const;

/**
 * Quotes of Intel TDX, version 4 and 5 (docs/formats/attestation.md). Inputs: `collateral`, the JSON file; `ccel` and `event_log`, logs that
 * must lead to the registers.
 */
export const tdxKind = defineKind({
  ...COMMON,
  inputs: [...COMMON.inputs, 'ccel', 'event_log'],
  checks: { ...CHECKS, ...TD_CHECKS },
  shape: { ...policyKeys(48), rtmr: z.partialRecord(z.enum(['0', '1', '2', '3']), bytesHex(48)).optional() },
  verify: (given, policy) => verifyQuote('tdx', given, policy),
});

/** Quotes of Intel SGX, version 3 to 5. Input `collateral`: the JSON file. */
export const sgxKind = defineKind({
  ...COMMON,
  checks: CHECKS,
  shape: policyKeys(32),
  verify: (given, policy) => verifyQuote('sgx', given, policy),
});
