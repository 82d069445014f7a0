import { createHash, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CheckList, EvidenceError } from '../checks.ts';
import type { ReasonCode } from '../checks.ts';
import { defineKind } from '../evidence-kind.ts';
import type { Given } from '../evidence-kind.ts';
import { snpPolicyShape } from '../snp/policy.ts';
import type { SnpPolicy } from '../snp/policy.ts';
import { checkSnpReport, snpKind, SNP_CHECKS } from '../snp/verify.ts';
import { readTpmQuote } from '../tpm/quote.ts';
import type { TpmQuote } from '../tpm/quote.ts';
import { checkNonce } from '../tpm/verify.ts';
import { readHclReport } from './hcl-report.ts';
import { readRuntimeData } from './runtime-data.ts';

const PCRS = 24;
const PCR_BYTES = 32;

/** Those of the SNP report among them. */
const CHECKS: Readonly<Record<string, readonly ReasonCode[]>> = {
  'hcl-report': ['malformed'],
  ...SNP_CHECKS,
  'runtime-data': ['malformed'],
  quote: ['malformed', 'wrong-type'],
  'quote-signature': ['bad-signature', 'malformed'],
  nonce: ['nonce-mismatch'],
  pcrs: ['event-log-mismatch', 'malformed', 'pcr-not-quoted'],
};

function inputOf({ inputs }: Given, name: string): Buffer {
  const bytes = inputs[name];
  if (bytes === undefined) throw new EvidenceError('malformed', `the input ${name} was not given`);
  return bytes;
}

/** The vTPM gives the bare signature, RSASSA-PKCS1-v1_5 with SHA-256. */
function demandSignature(key: KeyObject, message: Buffer, signature: Buffer): void {
  if (!verify('sha256', message, key, signature)) throw new EvidenceError('bad-signature', 'the key of the vTPM has not signed this quote');
}

function demandPcrs({ selection, pcrDigest }: TpmQuote, values: Buffer): void {
  if (values.length !== PCRS * PCR_BYTES) throw new EvidenceError('malformed', `expected ${String(PCRS)} values of ${String(PCR_BYTES)} bytes`);
  if (selection.length !== PCRS || selection.some((pcr, at) => pcr !== at)) throw new EvidenceError('pcr-not-quoted', 'the quote does not select all 24 PCRs');
  const found = createHash('sha256').update(values).digest();
  if (!found.equals(pcrDigest))
    throw new EvidenceError('event-log-mismatch', 'the values are not the quoted ones', { expected: pcrDigest.toString('hex'), found: found.toString('hex') });
}

function verifyAzure(given: Given, policy: SnpPolicy): CheckList {
  const list = new CheckList();
  const report = list.try('hcl-report', () => readHclReport(given.evidence));
  if (report !== undefined) {
    const expected = Buffer.concat([createHash('sha256').update(report.runtimeData).digest(), Buffer.alloc(32)]);
    checkSnpReport(list, given, report.snpReport, expected, policy);
  }
  const runtime = list.after('runtime-data', { 'hcl-report': report }, (it) => readRuntimeData(it['hcl-report'].runtimeData));
  const quote = list.try('quote', () => readTpmQuote(inputOf(given, 'msg')));
  list.after('quote-signature', { 'runtime-data': runtime, quote }, (it) =>
    demandSignature(it['runtime-data'].attestationKey, it.quote.bytes, inputOf(given, 'sig')),
  );
  checkNonce(list, 'nonce', given.challenge.nonce, quote);
  list.after('pcrs', { quote }, (it) => demandPcrs(it.quote, inputOf(given, 'pcrs')));
  return list;
}

/**
 * The report of an Azure confidential VM with SEV-SNP, and a quote of its vTPM. The SNP report is made at boot and proves the vTPM's
 * key; that it is fresh is proved by the quote alone.
 */
export const azureSnpKind = defineKind({
  inputs: [...snpKind.inputs, 'msg', 'sig', 'pcrs'],
  challenge: 'nonce',
  roots: snpKind.roots,
  checks: CHECKS,
  shape: snpPolicyShape,
  verify: verifyAzure,
});
