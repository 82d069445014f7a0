import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { asRecord } from '../../core/json.ts';
import { EvidenceError } from '../checks.ts';
import { isSignedEcdsa } from '../x509/ecdsa.ts';

/** Keys by their id. */
export type TokenKeys = ReadonlyMap<string, KeyObject>;

export type Claims = Readonly<Record<string, unknown>>;

const MAX_TOKEN_LENGTH = 262_144;
const MAX_KEYS = 64;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(MAX_KEYS) });
const key = z.object({ kty: z.literal('EC'), crv: z.literal('P-384'), kid: z.string().min(1), x: z.string(), y: z.string() });

/** Undefined when the text is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The P-384 keys of a JWK set (RFC 7517); others are of no use here. EvidenceError: `malformed`, also for one id with two keys;
 * `collateral-expired` when there is no set at all.
 */
export function readTokenKeys(bytes: Buffer | undefined): TokenKeys {
  if (bytes === undefined) throw new EvidenceError('collateral-expired', 'no keys were given');
  const parsed = bytes.length > MAX_TOKEN_LENGTH ? undefined : keySet.safeParse(jsonOf(bytes.toString('utf8')));
  if (parsed?.success !== true) throw new EvidenceError('malformed', 'no set of keys');
  const keys = new Map<string, KeyObject>();
  for (const item of parsed.data.keys) {
    const usable = key.safeParse(item);
    if (!usable.success) continue;
    const { kid, ...jwk } = usable.data;
    if (keys.has(kid)) throw new EvidenceError('malformed', `two keys with the id ${kid}`);
    keys.set(kid, keyOf(jwk));
  }
  return keys;
}

function keyOf(jwk: { readonly kty: string; readonly crv: string; readonly x: string; readonly y: string }): KeyObject {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    throw new EvidenceError('malformed', 'a key that is no point of the curve');
  }
}

function partOf(text: string | undefined): Buffer {
  if (text === undefined || !BASE64URL.test(text)) throw new EvidenceError('malformed', 'a token that is not in three parts of base64url');
  const bytes = Buffer.from(text, 'base64url');
  // One text for one value: bits that no reader looks at could be changed without breaking the signature.
  if (bytes.toString('base64url') !== text) throw new EvidenceError('malformed', 'a token with bits that belong to nothing');
  return bytes;
}

/**
 * The claims of a signed token in compact form (RFC 7515), ES384 only, by a key of the set. EvidenceError: `malformed`;
 * `bad-signature`, also for another algorithm, an unknown key and a header that demands more than is understood.
 */
export function readSignedToken(token: string, keys: TokenKeys): Claims {
  if (token.length > MAX_TOKEN_LENGTH) throw new EvidenceError('malformed', 'a token that is too long');
  const parts = token.split('.');
  if (parts.length !== 3) throw new EvidenceError('malformed', 'a token that is not in three parts');
  const header = asRecord(jsonOf(partOf(parts[0]).toString('utf8')));
  if (header === undefined) throw new EvidenceError('malformed', 'a token without a header');
  const { alg, kid } = header;
  const signer = typeof kid === 'string' ? keys.get(kid) : undefined;
  if (alg !== 'ES384' || 'crit' in header || 'b64' in header || signer === undefined)
    throw new EvidenceError('bad-signature', 'not signed by ES384 with a known key', { found: JSON.stringify({ alg, kid }).slice(0, 200) });
  const signature = partOf(parts[2]);
  if (!isSignedEcdsa('sha384', Buffer.from(`${parts[0] ?? ''}.${parts[1] ?? ''}`), signer, signature))
    throw new EvidenceError('bad-signature', 'the key has not signed the token');
  const claims = asRecord(jsonOf(partOf(parts[1]).toString('utf8')));
  if (claims === undefined) throw new EvidenceError('malformed', 'a token without claims');
  return claims;
}
