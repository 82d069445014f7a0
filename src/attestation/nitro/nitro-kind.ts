import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { CheckList, EvidenceError } from '../checks.ts';
import { defineKind } from '../evidence-kind.ts';
import type { Given } from '../evidence-kind.ts';
import { readDerCertificate } from '../x509/certificate.ts';
import { checkChain, rootOf } from '../x509/check-chain.ts';
import { isSignedEcdsa } from '../x509/ecdsa.ts';
import { readAttestationDocument } from './attestation-document.ts';
import type { AttestationDocument } from './attestation-document.ts';
import { demandEs384, readCoseSign1, signedBytesOf } from './cose-sign1.ts';
import type { CoseSign1 } from './cose-sign1.ts';

const SIGNATURE_BYTES = 96;
/** All zero in an enclave in debug mode, whose memory its parent can read. */
const CODE_REGISTERS = [0, 1, 2];
const REGISTER_INDEX = /^(?:[0-9]|[12][0-9]|3[01])$/;

interface NitroPolicy {
  readonly pcrs?: Readonly<Record<string, string>> | undefined;
  readonly allow_debug: boolean;
  readonly max_age_s?: number | undefined;
}

/** Leaf first, without the root. EvidenceError `untrusted-chain` unless the bundle begins with it. */
function certificatesOf({ certificate, caBundle }: AttestationDocument, root: X509Certificate): readonly X509Certificate[] {
  const [first, ...between] = caBundle;
  if (first?.equals(root.raw) !== true) throw new EvidenceError('untrusted-chain', 'the bundle does not begin with the pinned root');
  return [certificate, ...between.reverse()].map(readDerCertificate);
}

/** Checks 1 to 5: the document, the chain of its certificate, its signature. */
function checkDocument(list: CheckList, { evidence, roots, clockMs }: Given): AttestationDocument | undefined {
  const cose = list.try('structure', () => readCoseSign1(evidence));
  list.after('algorithm', { cose }, (it) => demandEs384(it.cose));
  const document = list.after('document', { cose }, (it) => readAttestationDocument(it.cose.payload));
  const root = rootOf(list, roots['aws-nitro']);
  const certificates = list.after('bundle', { document, root }, (it) => certificatesOf(it.document, it.root));
  checkChain(list, 'chain', { certificates, root, clockMs });
  list.after('signature', { cose, certificates }, (it) => demandSignature(it.cose, it.certificates[0]));
  return document;
}

function demandSignature(cose: CoseSign1, leaf: X509Certificate | undefined): void {
  if (cose.signature.length !== SIGNATURE_BYTES) throw new EvidenceError('malformed', `a signature of ${String(cose.signature.length)} bytes`);
  if (leaf === undefined || !isSignedEcdsa('sha384', signedBytesOf(cose), leaf.publicKey, cose.signature))
    throw new EvidenceError('bad-signature', 'the certificate has not signed the document');
}

/** Checks 6 to 9: age, debug mode, nonce, registers. */
function checkContent(list: CheckList, document: AttestationDocument | undefined, { challenge: { nonce }, clockMs }: Given, policy: NitroPolicy): void {
  const { max_age_s: maxAge, pcrs } = policy;
  if (maxAge === undefined) list.notApplicable('age', 'the policy has no limit');
  else list.after('age', { document }, (it) => demandAge(it.document, maxAge, clockMs));
  list.after('debug', { document }, (it) => demandDebug(it.document, policy.allow_debug));
  if (nonce === undefined) list.notApplicable('nonce', 'nothing was asked for');
  else list.after('nonce', { document }, (it) => demandNonce(it.document, nonce));
  if (pcrs === undefined) list.notApplicable('measurement', 'the policy pins no register');
  else list.after('measurement', { document }, (it) => demandRegisters(it.document, pcrs));
}

function demandAge({ timestampMs }: AttestationDocument, maxAge: number, clockMs: number): void {
  const seconds = Math.abs(clockMs - timestampMs) / 1000;
  if (seconds > maxAge)
    throw new EvidenceError('stale', 'clock and time of the document differ', { expected: `at most ${String(maxAge)} s`, found: `${String(seconds)} s` });
}

/** A register that is missing tells as little as one of zeros. */
function demandDebug({ pcrs }: AttestationDocument, isAllowed: boolean): void {
  if (!isAllowed && CODE_REGISTERS.every((index) => pcrs.get(index)?.every((byte) => byte === 0) ?? true))
    throw new EvidenceError('debug-enabled', 'PCR0, PCR1 and PCR2 are zero');
}

function demandNonce({ nonce }: AttestationDocument, asked: Buffer): void {
  if (nonce?.equals(asked) === true) return;
  throw new EvidenceError('nonce-mismatch', 'another nonce', { expected: asked.toString('hex'), found: nonce?.toString('hex') ?? 'none' });
}

function demandRegisters({ pcrs }: AttestationDocument, pinned: Readonly<Record<string, string>>): void {
  for (const [index, expected] of Object.entries(pinned)) {
    const found = pcrs.get(Number(index))?.toString('hex') ?? 'none';
    if (found !== expected)
      throw new EvidenceError('measurement-not-allowed', `PCR${index}`, { expected: `PCR${index} ${expected}`, found: `PCR${index} ${found}` });
  }
}

/** Attestation documents of AWS Nitro Enclaves (docs/formats/attestation.md). */
export const nitroKind = defineKind({
  inputs: [],
  challenge: 'nonce',
  roots: ['aws-nitro'],
  checks: {
    structure: ['malformed'],
    algorithm: ['malformed'],
    document: ['malformed'],
    root: ['untrusted-chain'],
    bundle: ['untrusted-chain'],
    chain: ['untrusted-chain', 'malformed'],
    'chain-validity': ['chain-expired'],
    signature: ['malformed', 'bad-signature'],
    age: ['stale'],
    debug: ['debug-enabled'],
    nonce: ['nonce-mismatch'],
    measurement: ['measurement-not-allowed'],
  },
  shape: {
    pcrs: z
      .record(
        z.string().regex(REGISTER_INDEX),
        z
          .string()
          .regex(/^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})$/)
          .toLowerCase(),
      )
      .optional(),
    allow_debug: z.boolean().default(false),
    max_age_s: z.number().min(0).optional(),
  },
  verify: (given, policy) => {
    const list = new CheckList();
    checkContent(list, checkDocument(list, given), given, policy);
    return list;
  },
});
