import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { asRecord } from '../../core/json.ts';
import { readBundle } from './bundle.ts';
import { CheckReport } from './check-report.ts';
import { curveOf } from './curves.ts';
import { signedBytes } from './signed-bytes.ts';

/** What a bundle vouches for, and what it says about who signed. */
export interface SignedContent {
  readonly payload: Buffer;
  /** `verificationMaterial` as JSON. */
  readonly material: string;
}

/** What a bundle holds whose signature is of exactly this key; undefined for every other bundle. */
export function contentSignedBy(bytes: Buffer, publicKey: KeyObject): SignedContent | undefined {
  const bundle = readBundle(bytes, 'key', new CheckReport()) ?? readBundle(bytes, 'certificate', new CheckReport());
  const hash = curveOf(publicKey)?.hash;
  if (bundle === null || hash === undefined) return undefined;
  const { payload, payloadType, signature, json } = bundle;
  try {
    if (!verify(hash, signedBytes(payloadType, payload), { key: publicKey, dsaEncoding: 'der' }, signature)) return undefined;
  } catch {
    return undefined;
  }
  return { payload, material: JSON.stringify(asRecord(json['verificationMaterial'])) };
}
