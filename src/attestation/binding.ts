import { createHash } from 'node:crypto';

/** Ended by a zero byte, so that no value can run into it. */
const DOMAIN = Buffer.from('elulmc attestation binding v1\0', 'latin1');
const NONCE_BYTES = 32;
const DIGEST_BYTES = 32;
const ABSENT = Buffer.alloc(DIGEST_BYTES);

/** What evidence is bound to. A part that is left out is bound as absent: it cannot be added to the evidence later. */
export interface BoundParts {
  /** Public key of the endpoint's TLS certificate, SPKI in DER. */
  readonly tlsKey?: Buffer;
  /** Digest of the manifest of the model that is served, 32 bytes: what the registry addresses it by. */
  readonly modelDigest?: Buffer;
  /** The reports of all devices, in device order. */
  readonly gpuReports?: readonly Buffer[];
}

/** What a host must put into its evidence, and which parts that does not bind. */
export interface Binding {
  /** 64 bytes. */
  readonly reportData: Buffer;
  /** Its first 32 bytes, for evidence whose nonce is shorter: quotes of a TPM, Nitro documents. */
  readonly nonce: Buffer;
  readonly absent: readonly (keyof BoundParts)[];
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** RangeError: a challenge is 32 random bytes, used once. */
function demandNonce(nonce: Buffer): void {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`a challenge has ${String(NONCE_BYTES)} bytes, not ${String(nonce.length)}`);
}

function demandDigest(digest: Buffer | undefined): Buffer | undefined {
  if (digest === undefined || digest.length === DIGEST_BYTES) return digest;
  throw new RangeError(`the digest of a model has ${String(DIGEST_BYTES)} bytes, not ${String(digest.length)}`);
}

/**
 * SHA-512(domain, nonce, SHA-256 of the TLS key, digest of the model manifest, digest of the GPUs); absent parts are 32 zero bytes. The
 * digest of the GPUs is SHA-256 over the SHA-256 of each report. docs/formats/attestation.md, section 6. RangeError for nonce and digest.
 */
export function bindReportData(nonce: Buffer, { tlsKey, modelDigest, gpuReports }: BoundParts): Binding {
  demandNonce(nonce);
  const digests: Readonly<Record<keyof BoundParts, Buffer | undefined>> = {
    tlsKey: tlsKey && sha256(tlsKey),
    modelDigest: demandDigest(modelDigest),
    gpuReports: gpuReports && sha256(...gpuReports.map((report) => sha256(report))),
  };
  const hash = createHash('sha512').update(DOMAIN).update(nonce);
  for (const name of ['tlsKey', 'modelDigest', 'gpuReports'] as const) hash.update(digests[name] ?? ABSENT);
  const reportData = hash.digest();
  const absent = (Object.keys(digests) as (keyof BoundParts)[]).filter((name) => digests[name] === undefined);
  return { reportData, nonce: reportData.subarray(0, NONCE_BYTES), absent };
}

/** The nonce for the GPUs' reports, so that they answer the same challenge: SHA-256(domain, `gpu`, nonce). RangeError for the nonce. */
export function gpuNonce(nonce: Buffer): Buffer {
  demandNonce(nonce);
  return sha256(DOMAIN, Buffer.from('gpu', 'latin1'), nonce);
}
