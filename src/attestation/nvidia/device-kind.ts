import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { CheckList, EvidenceError } from '../checks.ts';
import type { ReasonCode } from '../checks.ts';
import { defineKind } from '../evidence-kind.ts';
import type { Given } from '../evidence-kind.ts';
import { bytesHex } from '../policy-values.ts';
import { readCertificates } from '../x509/certificate.ts';
import { checkChain, rootOf } from '../x509/check-chain.ts';
import { isSignedEcdsa } from '../x509/ecdsa.ts';
import { firmwareIdOf } from './firmware-id.ts';
import { demandGolden, goldenOf } from './golden-values.ts';
import { checkRim, RIM_CHECKS } from './rim-kind.ts';
import { driverVersionOf, OPAQUE, readSpdmReport, vbiosVersionOf } from './spdm-report.ts';
import type { SpdmReport } from './spdm-report.ts';

/** Golden values that a policy pins itself. */
interface DevicePolicy {
  readonly golden?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Input -> the version of the report that the manifest must be for. */
const RIMS = { driver_rim: driverVersionOf, vbios_rim: vbiosVersionOf } as const;
const BLOCK_INDEX = /^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])$/;

/** A leaf and who issued it at least. EvidenceError `untrusted-chain`; `collateral-expired` when there is none at all. */
function readChain(pem: Buffer | undefined): readonly X509Certificate[] {
  if (pem === undefined) throw new EvidenceError('collateral-expired', 'no certificate chain was given');
  const certificates = readCertificates(pem);
  if (certificates.length < 2) throw new EvidenceError('untrusted-chain', 'fewer than two certificates');
  return certificates;
}

/** Checks 1 to 4: structure, chain of the device's key, signature, firmware that holds the key. */
function checkReport(list: CheckList, { evidence, inputs, roots, clockMs }: Given): SpdmReport | undefined {
  const report = list.try('structure', () => readSpdmReport(evidence));
  const certificates = list.try('certificates', () => readChain(inputs['chain']));
  const root = rootOf(list, roots['nvidia-device-identity']);
  checkChain(list, 'chain', { certificates, root, clockMs });
  list.after('signature', { report, certificates }, (it) => demandSignature(it.report, it.certificates[0]));
  if (report?.opaque.has(OPAQUE.firmwareId) === false) list.notApplicable('firmware', 'the report names no firmware');
  else list.after('firmware', { report, certificates }, (it) => demandFirmware(it.report, it.certificates[0]));
  return report;
}

function demandSignature({ signed, signature }: SpdmReport, leaf: X509Certificate | undefined): void {
  if (leaf === undefined || !isSignedEcdsa('sha384', signed, leaf.publicKey, signature))
    throw new EvidenceError('bad-signature', 'the key of the device has not signed the report');
}

function demandFirmware({ opaque }: SpdmReport, leaf: X509Certificate | undefined): void {
  const reported = opaque.get(OPAQUE.firmwareId)?.toString('hex') ?? 'none';
  const certified = (leaf === undefined ? null : firmwareIdOf(leaf))?.toString('hex') ?? 'none';
  if (reported !== certified) throw new EvidenceError('chip-mismatch', 'firmware of report and certificate', { expected: certified, found: reported });
}

/** Check 6: the policy's own values, and those of the manifests that were given. */
function checkMeasurements(list: CheckList, report: SpdmReport | undefined, given: Given, { golden }: DevicePolicy): void {
  if (golden === undefined) list.notApplicable('measurement', 'the policy does not ask');
  else
    list.after('measurement', { report }, (it) => demandGolden(it.report, new Map(Object.entries(golden).map(([index, values]) => [Number(index), values]))));
  const manifests = Object.entries(RIMS).flatMap(([input, versionOf]) => {
    const bytes = given.inputs[input];
    if (bytes === undefined) return [];
    return [{ versionOf, content: checkRim(list, `${input}-`, bytes, given.roots['nvidia-corim'], given.clockMs) }];
  });
  if (manifests.length === 0) {
    list.notApplicable('rim-measurement', 'no manifest was given');
    return;
  }
  const contents = manifests.flatMap(({ versionOf, content }) => (content === undefined ? [] : [{ versionOf, content }]));
  const all = contents.length === manifests.length ? contents : undefined;
  const values = list.after('rim', { report, manifests: all }, (it) =>
    goldenOf(it.manifests.map(({ versionOf, content }) => ({ content, version: versionOf(it.report) }))),
  );
  list.after('rim-measurement', { report, rim: values }, (it) => demandGolden(it.report, it.rim));
}

const rimChecks = Object.keys(RIMS).flatMap((input) => Object.entries(RIM_CHECKS).map(([name, codes]) => [`${input}-${name}`, codes] as const));

const CHECKS: Readonly<Record<string, readonly ReasonCode[]>> = {
  structure: ['malformed'],
  certificates: ['untrusted-chain', 'collateral-expired'],
  root: ['untrusted-chain'],
  chain: ['untrusted-chain', 'malformed'],
  'chain-validity': ['chain-expired'],
  signature: ['bad-signature'],
  firmware: ['chip-mismatch', 'malformed'],
  nonce: ['nonce-mismatch'],
  measurement: ['measurement-not-allowed'],
  ...Object.fromEntries(rimChecks),
  rim: ['collateral-mismatch', 'malformed'],
  'rim-measurement': ['measurement-not-allowed'],
};

/**
 * Measurement reports of NVIDIA GPUs and switches (docs/formats/attestation.md). Inputs: `chain`, PEM with the leaf first; `driver_rim`
 * and `vbios_rim`, the manifests whose values the report must have.
 */
export const nvidiaDeviceKind = defineKind({
  inputs: ['chain', ...Object.keys(RIMS)],
  challenge: 'nonce',
  roots: ['nvidia-device-identity', 'nvidia-corim'],
  checks: CHECKS,
  shape: { golden: z.record(z.string().regex(BLOCK_INDEX), z.array(bytesHex(48))).optional() },
  verify: (given, policy) => {
    const list = new CheckList();
    const report = checkReport(list, given);
    const { nonce } = given.challenge;
    if (nonce === undefined) list.notApplicable('nonce', 'no challenge was given');
    else list.after('nonce', { report }, (it) => demandNonce(it.report, nonce));
    checkMeasurements(list, report, given, policy);
    return list;
  },
});

function demandNonce({ nonce }: SpdmReport, asked: Buffer): void {
  if (!nonce.equals(asked)) throw new EvidenceError('nonce-mismatch', 'another nonce', { expected: asked.toString('hex'), found: nonce.toString('hex') });
}
