import { createPublicKey } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import type { BoundParts } from '../../attestation/binding.ts';
import { MAX_EVIDENCE_BYTES } from '../../attestation/evidence-file.ts';
import { wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { OperationContext } from '../context.ts';
import { readableHere } from '../host-paths.ts';

const path = z.string().min(1).max(4096);
const hex = (least: number, most: number) =>
  z
    .string()
    .regex(/^(?:[0-9a-fA-F]{2})+$/u, 'must be hexadecimal')
    .min(least * 2, `must have at least ${String(least)} bytes`)
    .max(most * 2, `must have at most ${String(most)} bytes`);

/** What both operations about evidence of machines are given. */
export const attestationFields = {
  policy: path.optional().describe('Approved policy by its name, or a policy file. Default: attestation.policy of config.yaml.'),
  nonce: hex(1, 64).optional().describe('The challenge, hexadecimal: 32 random bytes, used once.'),
  reportData: hex(64, 64).optional().describe('The 64 bytes of report data themselves, instead of a nonce.'),
  tlsKey: path.optional().describe('Certificate or public key (PEM) of the endpoint that the evidence must be bound to.'),
  modelDigest: hex(32, 32).optional().describe('Digest of the model that the evidence must be bound to, as the registry shows it.'),
  gpuEvidence: z.array(path).max(64).default([]).describe('Reports of the GPUs in device order: they are verified, and the evidence must be bound to them.'),
  collateral: path
    .optional()
    .describe('Folder with certificates, revocation lists and collateral, each file named as the input that it is: ask.pem, crl.der, collateral.json.'),
  at: z.iso.datetime({ offset: true }).optional().describe('Verify as of this instant (RFC 3339). Default: now.'),
} as const;

/** Those that name files of the host. */
export const ATTESTATION_PATHS = ['policy', 'tlsKey', 'gpuEvidence', 'collateral'] as const;

type Given = z.output<z.ZodObject<typeof attestationFields>>;

/** The clock of a verification. */
export interface VerificationClock {
  readonly ms: number;
  readonly source: 'system' | 'argument';
}

export function clockOf({ at }: Pick<Given, 'at'>): VerificationClock {
  return at === undefined ? { ms: wallMs(), source: 'system' } : { ms: Date.parse(at), source: 'argument' };
}

/** The bytes of a file that a field names. NOT_FOUND, NOT_ALLOWED or FIELD_INVALID, naming the field. */
export function readNamedFile(context: OperationContext, given: string, field: string): Buffer {
  const file = readableHere(context, given, field);
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new Error('it is no file');
    if (stat.size > MAX_EVIDENCE_BYTES) throw new Error('it is larger than 128 MiB');
    return readFileSync(file);
  } catch (error) {
    throw new ElulmcError('FIELD_INVALID', `${field}: ${given} cannot be read: ${(error as Error).message}`, { cause: error, field });
  }
}

function readTlsKey(context: OperationContext, given: string): Buffer {
  const pem = readNamedFile(context, given, 'tlsKey');
  try {
    return createPublicKey(pem).export({ type: 'spki', format: 'der' });
  } catch (error) {
    throw new ElulmcError('FIELD_INVALID', `tlsKey: ${given} holds neither a certificate nor a public key in PEM`, { cause: error, field: 'tlsKey' });
  }
}

/** What the caller says that the evidence must be bound to. */
export function boundPartsOf(context: OperationContext, { tlsKey, modelDigest, gpuEvidence }: Given): BoundParts {
  const reports = gpuEvidence.map((file) => readNamedFile(context, file, 'gpuEvidence'));
  return {
    ...(tlsKey === undefined ? {} : { tlsKey: readTlsKey(context, tlsKey) }),
    ...(modelDigest === undefined ? {} : { modelDigest: Buffer.from(modelDigest, 'hex') }),
    ...(reports.length === 0 ? {} : { gpuReports: reports }),
  };
}
