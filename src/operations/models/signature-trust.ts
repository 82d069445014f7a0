import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readCertificates, trustKey } from '../../artifacts/signing/trust.ts';
import type { ModelTrust } from '../../artifacts/signing/trust.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { OperationContext } from '../context.ts';
import { readHostFile, readSmallFile } from '../host-file.ts';

/** More than any key, chain or trusted root has. */
export const MAX_TRUST_BYTES = 1024 * 1024;

/** Sigstore's trusted root as it came with this program (data/SOURCES.md), and the SHA-256 that it must have. */
const PINNED_ROOT = fileURLToPath(new URL('../../../data/sigstore/trusted_root.json', import.meta.url));
const PINNED_SHA256 = '6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66';

const file = z.string().min(1);

/** Fields of an input that say who must have signed a model. */
export const trustFields = {
  publicKey: file.optional().describe('Trust this key: a file with a public key in PEM.'),
  certificateChain: z
    .array(file)
    .min(1)
    .max(16)
    .optional()
    .describe('Trust these certificates, files in PEM: the chain of the signature must end in a self-signed one of them (a root). Others may lead there.'),
  pin: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex'))
    .min(1)
    .max(100)
    .optional()
    .describe('With --certificate-chain: only the certificate with this SHA-256 (of its DER) may have signed.'),
  identity: z.string().min(1).max(500).optional().describe('Trust this person or workflow, which signed keyless with Sigstore: the name in the certificate.'),
  identityProvider: z.string().min(1).max(500).optional().describe('With --identity: the URL of who vouched for it (OIDC issuer).'),
  trustedRoot: file
    .optional()
    .describe('With --identity: trusted_root.json of that Sigstore. Default: the one of the public instance that comes with this program.'),
};

/** Those of them that name files (`hostPaths`). */
export const TRUST_PATHS = ['publicKey', 'certificateChain', 'trustedRoot'] as const;

export interface GivenTrust {
  readonly publicKey?: string | undefined;
  readonly certificateChain?: readonly string[] | undefined;
  readonly pin?: readonly string[] | undefined;
  readonly identity?: string | undefined;
  readonly identityProvider?: string | undefined;
  readonly trustedRoot?: string | undefined;
}

function usage(text: string, field: string): ElulmcError {
  return new ElulmcError('USAGE', text, { field });
}

function demandOne(given: GivenTrust): void {
  const kinds = (['publicKey', 'certificateChain', 'identity'] as const).filter((kind) => given[kind] !== undefined);
  const [first, second] = kinds;
  if (second !== undefined) throw usage('trust one of: --public-key, --certificate-chain, --identity with --identity-provider', second);
  if (given.pin !== undefined && first !== 'certificateChain') throw usage('--pin goes with --certificate-chain', 'pin');
  if (first === 'identity' && given.identityProvider === undefined)
    throw usage('--identity needs --identity-provider: the same name means others elsewhere', 'identityProvider');
  for (const field of ['identityProvider', 'trustedRoot'] as const)
    if (given[field] !== undefined && first !== 'identity')
      throw usage(`${field === 'trustedRoot' ? '--trusted-root' : '--identity-provider'} goes with --identity`, field);
}

function pinnedRoot(): string {
  const field = 'trustedRoot';
  if (!existsSync(PINNED_ROOT))
    throw new ElulmcError('FIELD_INVALID', 'trustedRoot: none comes with this program; name one with --trusted-root FILE', { field });
  const bytes = readSmallFile(PINNED_ROOT, field, MAX_TRUST_BYTES);
  if (createHash('sha256').update(bytes).digest('hex') === PINNED_SHA256) return bytes.toString('utf8');
  throw new ElulmcError('INTEGRITY_VIOLATION', `${PINNED_ROOT} is not the file that came with this program; name one with --trusted-root FILE`, { field });
}

function parsedRoot(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ElulmcError('FIELD_INVALID', 'trustedRoot: no JSON', { field: 'trustedRoot', cause });
  }
}

/**
 * Who must have signed, as the caller says; undefined when the caller says nothing. USAGE for two of them, FIELD_INVALID, NOT_FOUND or
 * NOT_ALLOWED for a file; each names the field.
 */
export function givenTrust(context: OperationContext, given: GivenTrust): ModelTrust | undefined {
  demandOne(given);
  const read = (path: string, field: string): string => readHostFile(context, path, field, MAX_TRUST_BYTES).toString('utf8');
  if (given.publicKey !== undefined) return trustKey(read(given.publicKey, 'publicKey'));
  if (given.certificateChain !== undefined) {
    const roots = given.certificateChain.flatMap((path) => readCertificates(read(path, 'certificateChain'), 'certificateChain'));
    return { method: 'certificate', roots, pins: given.pin };
  }
  if (given.identity === undefined || given.identityProvider === undefined) return undefined;
  const trustedRoot = parsedRoot(given.trustedRoot === undefined ? pinnedRoot() : read(given.trustedRoot, 'trustedRoot'));
  return { method: 'sigstore', identity: given.identity, issuer: given.identityProvider, trustedRoot };
}
