import { createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { asRecord } from '../core/json.ts';

/** What a session token says. Whether it still holds is decided against the posture, on every request. */
export interface SessionClaims {
  /** `ses_...` */
  readonly id: string;
  readonly keyId: string;
  readonly keyGeneration: number;
  readonly installationGeneration: number;
  readonly subject: string;
  readonly installationId: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Longest life of a session token. */
export const MAX_SESSION_MS = 3_600_000;

const HEADER = Buffer.from('{"alg":"EdDSA","typ":"JWT"}').toString('base64url');

/** A compact JWT (RFC 7519) signed with Ed25519 (RFC 8037). Times in the token are whole seconds. */
export function signSession(claims: SessionClaims, privateKey: KeyObject): string {
  const payload = {
    jti: claims.id,
    sub: claims.subject,
    iss: claims.installationId,
    iat: Math.floor(claims.issuedAtMs / 1000),
    exp: Math.floor(claims.expiresAtMs / 1000),
    key: claims.keyId,
    kgn: claims.keyGeneration,
    ign: claims.installationGeneration,
  };
  const body = `${HEADER}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
  return `${body}.${sign(null, Buffer.from(body), privateKey).toString('base64url')}`;
}

/**
 * The claims of a token that this key signed, or undefined. Only our own header is accepted, byte for byte, so that
 * no other algorithm can be asked for. Expiry and generations are not checked here.
 */
export function verifySession(token: string, publicKey: KeyObject): SessionClaims | undefined {
  if (token.length > 2048) return undefined;
  const [header, payload, signature, rest] = token.split('.');
  if (header !== HEADER || payload === undefined || signature === undefined || rest !== undefined) return undefined;
  const raw = Buffer.from(signature, 'base64url');
  if (raw.length !== 64 || raw.toString('base64url') !== signature) return undefined;
  if (!verify(null, Buffer.from(`${header}.${payload}`), publicKey, raw)) return undefined;
  return readClaims(payload);
}

function readClaims(payload: string): SessionClaims | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  const record = asRecord(parsed);
  const text = (name: string): string | undefined => (typeof record?.[name] === 'string' ? record[name] : undefined);
  const whole = (name: string): number | undefined => (Number.isSafeInteger(record?.[name]) ? (record?.[name] as number) : undefined);
  const [id, subject, installationId, keyId] = [text('jti'), text('sub'), text('iss'), text('key')];
  const [issued, expires, keyGeneration, installationGeneration] = [whole('iat'), whole('exp'), whole('kgn'), whole('ign')];
  if (id === undefined || subject === undefined || installationId === undefined || keyId === undefined) return undefined;
  if (issued === undefined || expires === undefined || keyGeneration === undefined || installationGeneration === undefined) return undefined;
  return { id, keyId, keyGeneration, installationGeneration, subject, installationId, issuedAtMs: issued * 1000, expiresAtMs: expires * 1000 };
}

/** Public key from base64 SPKI DER, the form in which the posture carries it. */
export function sessionPublicKey(spki: string): KeyObject {
  return createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
}
