import { asRecord } from '../../core/json.ts';
import { shown } from './check-report.ts';
import type { CheckReport } from './check-report.ts';
import { PAYLOAD_TYPE } from './signed-bytes.ts';

/** The only type of bundle that is accepted. */
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** Bytes of a bundle at most: the payload lists every file. */
export const MAX_BUNDLE_BYTES = 64 * 1024 * 1024;

export type SigningMethod = 'key' | 'certificate' | 'sigstore';

/** What a bundle says about who signed it. Nothing of it is believed. */
export type VerificationMaterial =
  | { readonly method: 'key'; readonly hint: string | null; readonly rawKey: Buffer | null }
  | { readonly method: 'certificate'; readonly certificates: readonly Buffer[] }
  | { readonly method: 'sigstore' };

/** A bundle that has the right shape; nothing of it was verified yet. */
export interface Bundle {
  readonly material: VerificationMaterial;
  readonly payload: Buffer;
  readonly payloadType: string;
  /** DER, of the first signature: the others are not looked at. */
  readonly signature: Buffer;
  /** As it was parsed, for a library that reads it by itself. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Bytes of base64 with padding; undefined unless it is exactly how the bytes are written. */
function readBase64(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function parseJson(bytes: Buffer): Record<string, unknown> | string {
  if (bytes.length > MAX_BUNDLE_BYTES) return `${String(bytes.length)} bytes, at most ${String(MAX_BUNDLE_BYTES)}`;
  try {
    return asRecord(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))) ?? 'no JSON object';
  } catch {
    return 'no JSON';
  }
}

function keyMaterial(value: unknown): VerificationMaterial | undefined {
  const key = asRecord(value);
  if (key === undefined) return undefined;
  const { hint = null, rawBytes } = key;
  const rawKey = rawBytes === undefined ? null : readBase64(rawBytes);
  if ((hint !== null && typeof hint !== 'string') || rawKey === undefined) return undefined;
  return { method: 'key', hint, rawKey };
}

function certificateMaterial(value: unknown): VerificationMaterial | undefined {
  const listed = asRecord(value)?.['certificates'];
  if (!Array.isArray(listed)) return undefined;
  const certificates = listed.flatMap((item) => readBase64(asRecord(item)?.['rawBytes']) ?? []);
  return certificates.length === listed.length && certificates.length > 0 ? { method: 'certificate', certificates } : undefined;
}

/** A material of exactly one shape; a bundle with two of them would be read differently by different verifiers. */
function readMaterial(value: unknown): VerificationMaterial | undefined {
  const material = asRecord(value) ?? {};
  const shapes = ['publicKey', 'x509CertificateChain', 'certificate'].filter((name) => material[name] !== undefined);
  if (shapes.length !== 1) return undefined;
  if (material['publicKey'] !== undefined) return keyMaterial(material['publicKey']);
  if (material['x509CertificateChain'] !== undefined) return certificateMaterial(material['x509CertificateChain']);
  return { method: 'sigstore' };
}

/** Whether bytes are a signature of a model, right or wrong: such a file may be replaced by another one. */
export function isBundle(bytes: Buffer): boolean {
  const json = parseJson(bytes);
  if (typeof json === 'string' || json['mediaType'] !== BUNDLE_TYPE) return false;
  return asRecord(json['dsseEnvelope'])?.['payloadType'] === PAYLOAD_TYPE;
}

/**
 * Reads a bundle with the checks `bundle`, `media-type`, `method` and `envelope`; null when one of them failed. Unknown members
 * are passed over.
 */
export function readBundle(bytes: Buffer, method: SigningMethod, report: CheckReport): Bundle | null {
  const json = parseJson(bytes);
  if (typeof json === 'string') return report.fail('bundle', { found: json });
  report.that('bundle', true);
  const { mediaType, verificationMaterial, dsseEnvelope } = json;
  if (!report.that('media-type', mediaType === BUNDLE_TYPE, { expected: BUNDLE_TYPE, found: shown(mediaType) })) return null;
  const material = readMaterial(verificationMaterial);
  if (material === undefined) return report.fail('method', { expected: method, found: 'not exactly one key, chain or certificate' });
  if (!report.that('method', material.method === method, { expected: method, found: material.method })) return null;
  const envelope = asRecord(dsseEnvelope) ?? {};
  const payload = readBase64(envelope['payload']);
  const { payloadType, signatures } = envelope;
  const signature = readBase64(asRecord(Array.isArray(signatures) ? signatures[0] : undefined)?.['sig']);
  const isWhole = payload !== undefined && typeof payloadType === 'string' && signature !== undefined && signature.length > 0;
  if (!isWhole) return report.fail('envelope', { expected: 'payload, payloadType and a signature', found: 'not all of them, or not in base64' });
  report.that('envelope', true);
  return { material, payload, payloadType, signature, json };
}
