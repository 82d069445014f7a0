import type { KeyObject } from 'node:crypto';

/** A curve that signatures may be made on, and the one hash that goes with it. */
export interface Curve {
  readonly name: 'P-256' | 'P-384' | 'P-521';
  readonly hash: 'sha256' | 'sha384' | 'sha512';
}

const CURVES: Readonly<Record<string, Curve>> = {
  prime256v1: { name: 'P-256', hash: 'sha256' },
  secp384r1: { name: 'P-384', hash: 'sha384' },
  secp521r1: { name: 'P-521', hash: 'sha512' },
};

/** The curve of a key; undefined for every key that may not sign models, RSA and Ed25519 among them. */
export function curveOf(key: KeyObject): Curve | undefined {
  if (key.asymmetricKeyType !== 'ec') return undefined;
  const name = key.asymmetricKeyDetails?.namedCurve ?? '';
  return Object.hasOwn(CURVES, name) ? CURVES[name] : undefined;
}

export const ALLOWED_CURVES = Object.values(CURVES)
  .map(({ name }) => name)
  .join(', ');
