import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { LittleEndianReader } from '../little-endian.ts';
import { readCertificates } from '../x509/certificate.ts';
import { ENCLAVE_REPORT_BYTES, readEnclaveReport, readTdReport, TD_REPORT_15_BYTES, TD_REPORT_BYTES } from './report-body.ts';
import type { EnclaveReport, TdReport } from './report-body.ts';

/** What the quote is about. */
export type QuoteBody = { readonly tee: 'sgx'; readonly report: EnclaveReport } | { readonly tee: 'tdx'; readonly report: TdReport };

/** A quote of version 3, 4 or 5 (Intel DCAP quote format); nothing of it is believed yet. */
export interface Quote {
  readonly body: QuoteBody;
  /** What `signature` is over: everything up to the end of the body. */
  readonly signed: Buffer;
  /** r and s. */
  readonly signature: Buffer;
  /** x and y of the quoting enclave's key. */
  readonly attestationKey: Buffer;
  readonly qeReport: EnclaveReport;
  /** r and s, by the key of the first certificate. */
  readonly qeReportSignature: Buffer;
  readonly qeAuthData: Buffer;
  /** PCK certificate, its CA, root. */
  readonly pckChain: readonly [X509Certificate, ...X509Certificate[]];
}

const MAX_QUOTE_BYTES = 1_048_576;
const ECDSA_P256 = 2;
const TEE_SGX = 0;
const TEE_TDX = 0x81;
const INTEL_QE_VENDOR = Buffer.from('939a7233f79c4ca9940a0db3957f0607', 'hex');
const QE_REPORT_CERTIFICATION = 6;
const PEM_CERTIFICATION = 5;

/** Body type of a quote of version 5 -> what the body is. */
const BODY_TYPES: Readonly<Record<number, { readonly teeType: number; readonly bytes: number }>> = {
  1: { teeType: TEE_SGX, bytes: ENCLAVE_REPORT_BYTES },
  2: { teeType: TEE_TDX, bytes: TD_REPORT_BYTES },
  3: { teeType: TEE_TDX, bytes: TD_REPORT_15_BYTES },
};

function malformed(what: string): EvidenceError {
  return new EvidenceError('malformed', what);
}

/** EvidenceError: `malformed`; `untrusted-chain` for certificates that cannot be read. */
export function readQuote(bytes: Buffer): Quote {
  if (bytes.length > MAX_QUOTE_BYTES) throw malformed('a quote that is too long');
  const reader = new LittleEndianReader(bytes);
  const body = readBody(reader);
  const signed = bytes.subarray(0, reader.at);
  const signature = new LittleEndianReader(reader.take(reader.number(4)));
  // Hosts hand quotes over in a larger buffer that they filled with zeros.
  if (!reader.take(reader.left).every((byte) => byte === 0)) throw malformed('bytes behind the quote that are not zero');
  return { body, signed, ...readSignature(signature, signed.readUInt16LE(0)) };
}

function readBody(reader: LittleEndianReader): QuoteBody {
  const version = reader.number(2);
  const keyType = reader.number(2);
  const teeType = reader.number(4);
  reader.take(4);
  if (keyType !== ECDSA_P256) throw malformed(`attestation key type ${String(keyType)}`);
  if (!reader.take(16).equals(INTEL_QE_VENDOR)) throw malformed('a quoting enclave of another vendor');
  reader.take(20);
  return bodyOf(teeType, reader.take(bodyBytes(version, teeType, reader)));
}

/** How long the body is; checks that version, type of the TEE and type of the body belong together. */
function bodyBytes(version: number, teeType: number, reader: LittleEndianReader): number {
  if (teeType !== TEE_SGX && teeType !== TEE_TDX) throw malformed(`TEE type ${String(teeType)}`);
  if (version === 3 && teeType === TEE_SGX) return ENCLAVE_REPORT_BYTES;
  if (version === 4) return teeType === TEE_SGX ? ENCLAVE_REPORT_BYTES : TD_REPORT_BYTES;
  if (version !== 5) throw malformed(`version ${String(version)} of TEE type ${String(teeType)}`);
  const bodyType = reader.number(2);
  const bytes = reader.number(4);
  const known = BODY_TYPES[bodyType];
  if (known?.bytes !== bytes || known.teeType !== teeType)
    throw malformed(`body type ${String(bodyType)} of ${String(bytes)} bytes for TEE type ${String(teeType)}`);
  return bytes;
}

function bodyOf(teeType: number, raw: Buffer): QuoteBody {
  return teeType === TEE_SGX ? { tee: 'sgx', report: readEnclaveReport(raw) } : { tee: 'tdx', report: readTdReport(raw) };
}

function readSignature(reader: LittleEndianReader, version: number): Omit<Quote, 'body' | 'signed'> {
  const signature = reader.take(64);
  const attestationKey = reader.take(64);
  if (version > 3) demandCertification(reader.number(2), reader.number(4), reader.left);
  const qeReport = readEnclaveReport(reader.take(ENCLAVE_REPORT_BYTES));
  const qeReportSignature = reader.take(64);
  const qeAuthData = reader.take(reader.number(2));
  const type = reader.number(2);
  if (type !== PEM_CERTIFICATION) throw malformed(`certification data of type ${String(type)}`);
  const chain = reader.take(reader.number(4));
  reader.demandEnd('the certification data');
  const [leaf, ...rest] = readCertificates(chain);
  if (leaf === undefined) throw malformed('no PCK certificate');
  return { signature, attestationKey, qeReport, qeReportSignature, qeAuthData, pckChain: [leaf, ...rest] };
}

function demandCertification(type: number, bytes: number, left: number): void {
  if (type !== QE_REPORT_CERTIFICATION || bytes !== left)
    throw malformed(`certification of type ${String(type)} with ${String(bytes)} bytes of ${String(left)}`);
}
