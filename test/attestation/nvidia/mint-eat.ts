import { createHash, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { CLOCK_MS, p384 } from '../mint-certificates.ts';

export const keys = p384();
export const other = p384();
const NONCE = Buffer.alloc(32, 0xab);
export const ISS = 'https://nras.test.invalid';
export const SECONDS = CLOCK_MS / 1000;

export type Claims = Readonly<Record<string, unknown>>;

export function jwk(key: KeyObject, kid: string): Claims {
  return { ...key.export({ format: 'jwk' }), use: 'sig', alg: 'ES384', kid };
}

export const keySet = { keys: [jwk(keys.publicKey, 'one'), { kty: 'oct', kid: 'secret', k: 'AAAA' }, jwk(other.publicKey, 'two')] };
export const jwks = Buffer.from(JSON.stringify(keySet));

export function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

export interface TokenWishes {
  readonly key?: KeyObject;
  readonly header?: Claims;
}

export function token(claims: Claims, { key = keys.privateKey, header = { alg: 'ES384', kid: 'one' } }: TokenWishes = {}): string {
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${sign('sha384', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export const COMMON: Claims = { iss: ISS, nbf: SECONDS - 60, exp: SECONDS + 60, eat_nonce: NONCE.toString('hex') };
export const DEVICE: Claims = { ...COMMON, measres: 'success', hwmodel: 'GH100', secboot: true, dbgstat: 'disabled' };

export interface AnswerWishes {
  readonly overall?: Claims;
  readonly devices?: Readonly<Record<string, string>>;
  readonly named?: Readonly<Record<string, string>>;
  readonly sign?: TokenWishes;
}

function digest(text: string): unknown {
  return ['DIGEST', ['SHA-256', createHash('sha256').update(text).digest('hex')]];
}

/** An answer that passes, with the wishes. */
export function mintAnswer({
  overall = {},
  devices = { 'GPU-0': token(DEVICE), 'GPU-1': token(DEVICE) },
  named = devices,
  sign: by,
}: AnswerWishes = {}): Buffer {
  const submods = Object.fromEntries(Object.entries(named).map(([name, text]) => [name, digest(text)]));
  return Buffer.from(JSON.stringify([['JWT', token({ ...COMMON, submods, 'x-nvidia-overall-att-result': true, ...overall }, by)], devices]));
}

export function eatGiven(evidence: Buffer, more: Partial<Given> = {}): Given {
  return { evidence, inputs: { jwks }, roots: {}, challenge: { nonce: NONCE }, clockMs: CLOCK_MS, ...more };
}
