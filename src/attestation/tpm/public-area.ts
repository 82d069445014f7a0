import { createHash, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { TPM_ALG } from './algorithms.ts';
import { BigEndian } from './big-endian.ts';

const P256 = 3;
const COORDINATE_BYTES = 32;
const DEFAULT_EXPONENT = 65537;

/** fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign: the key cannot leave its TPM and signs only what the TPM itself made. */
const REQUIRED = 0x2 | 0x10 | 0x20 | 0x10000 | 0x40000;
const DECRYPT = 0x20000;

/** The public part of a key of a TPM (TPM 2.0 Library, part 2: TPMT_PUBLIC). */
export interface TpmPublicArea {
  /** 34 bytes: algorithm and SHA-256 over the structure. Names the key with all its attributes. */
  readonly name: Buffer;
  readonly attributes: number;
  readonly type: 'rsa' | 'ec';
  /** The one scheme that it signs with; null when it may be chosen. */
  readonly scheme: number | null;
  readonly key: KeyObject;
}

/** Whether only the TPM can have made what the key signs as a quote. A key without these attributes signs forged bytes too. */
export function isAttestationKey({ attributes }: TpmPublicArea): boolean {
  return (attributes & REQUIRED) === REQUIRED && (attributes & DECRYPT) === 0;
}

function withoutPrefix(bytes: Buffer): Buffer {
  return bytes.length >= 2 && bytes.readUInt16BE() === bytes.length - 2 ? bytes.subarray(2) : bytes;
}

/** Symmetric ciphers (of keys that decrypt) are followed by key size and mode; schemes by a hash. */
function skipSymmetric(reader: BigEndian): void {
  if (reader.u16() !== TPM_ALG.null) reader.take(4);
}

function readScheme(reader: BigEndian): number | null {
  const scheme = reader.u16();
  if (scheme === TPM_ALG.null) return null;
  reader.u16();
  return scheme;
}

function keyOf(jwk: { readonly kty: string } & Readonly<Record<string, string>>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw new EvidenceError('malformed', 'the public key is not one');
  }
}

function readRsa(reader: BigEndian): KeyObject {
  reader.u16();
  const exponent = Buffer.alloc(4);
  exponent.writeUInt32BE(reader.u32() || DEFAULT_EXPONENT);
  return keyOf({ kty: 'RSA', n: reader.sized().toString('base64url'), e: exponent.toString('base64url') });
}

/** A number of at most 32 bytes with its leading zeros. EvidenceError `malformed`. */
export function padded(bytes: Buffer): Buffer {
  if (bytes.length > COORDINATE_BYTES) throw new EvidenceError('malformed', 'a number of more than 32 bytes');
  return Buffer.concat([Buffer.alloc(COORDINATE_BYTES - bytes.length), bytes]);
}

function readEcc(reader: BigEndian): KeyObject {
  if (reader.u16() !== P256) throw new EvidenceError('malformed', 'the curve is not P-256');
  if (reader.u16() !== TPM_ALG.null) reader.u16();
  const x = padded(reader.sized());
  const y = padded(reader.sized());
  return keyOf({ kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') });
}

/** EvidenceError `malformed`. A TPM2B length before the structure is dropped. */
export function readPublicArea(given: Buffer): TpmPublicArea {
  const bytes = withoutPrefix(given);
  const reader = new BigEndian(bytes, 'the public area');
  const type = reader.u16();
  if (type !== TPM_ALG.rsa && type !== TPM_ALG.ecc) throw new EvidenceError('malformed', 'neither an RSA nor an elliptic key');
  if (reader.u16() !== TPM_ALG.sha256) throw new EvidenceError('malformed', 'the name of the key is not made with SHA-256');
  const attributes = reader.u32();
  reader.sized();
  skipSymmetric(reader);
  const scheme = readScheme(reader);
  const key = type === TPM_ALG.rsa ? readRsa(reader) : readEcc(reader);
  reader.end();
  const name = Buffer.concat([Buffer.from([0, TPM_ALG.sha256]), createHash('sha256').update(bytes).digest()]);
  return { name, attributes, type: type === TPM_ALG.rsa ? 'rsa' : 'ec', scheme, key };
}
