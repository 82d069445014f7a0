import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** The two pairs of curve and hash that evidence is signed with; the name is that of the hash. */
const CURVES = {
  sha256: { namedCurve: 'prime256v1', crv: 'P-256', bytes: 32 },
  sha384: { namedCurve: 'secp384r1', crv: 'P-384', bytes: 48 },
} as const;

export type EcdsaHash = keyof typeof CURVES;

/** Whether `signature`, r and s of equal length and big-endian, is one over `signed`. False for a key on another curve. */
export function isSignedEcdsa(hash: EcdsaHash, signed: Buffer, key: KeyObject, signature: Buffer): boolean {
  const { namedCurve, bytes } = CURVES[hash];
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== namedCurve) return false;
  if (signature.length !== 2 * bytes) return false;
  try {
    return verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

/** The public key x and y, big-endian; undefined when they are no point of the curve. */
export function ecKeyOf(hash: EcdsaHash, point: Buffer): KeyObject | undefined {
  const { crv, bytes } = CURVES[hash];
  if (point.length !== 2 * bytes) return undefined;
  const [x, y] = [point.subarray(0, bytes), point.subarray(bytes)].map((half) => half.toString('base64url'));
  try {
    return createPublicKey({ key: { kty: 'EC', crv, x: x ?? '', y: y ?? '' }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
