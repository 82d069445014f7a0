import { EvidenceError } from '../checks.ts';
import { decodeStrict } from './strict-cbor.ts';

/** Payload of an AWS Nitro attestation document (AWS Nitro Enclaves NSM API, attestation process). */
export interface AttestationDocument {
  readonly moduleId: string;
  /** Milliseconds since the Unix epoch, by the hypervisor's clock. */
  readonly timestampMs: number;
  /** Number of the register, 0 to 31 -> value. */
  readonly pcrs: ReadonlyMap<number, Buffer>;
  /** DER of the certificate whose key has signed. */
  readonly certificate: Buffer;
  /** DER of who issued it, the root first. */
  readonly caBundle: readonly Buffer[];
  /** Null where the enclave gave none. */
  readonly publicKey: Buffer | null;
  readonly userData: Buffer | null;
  readonly nonce: Buffer | null;
}

const MAX_REGISTER = 31;
const REGISTER_BYTES: readonly number[] = [32, 48, 64];
const MAX_BUNDLE = 9;
const MAX_CERTIFICATE_BYTES = 4096;

function malformed(what: string): EvidenceError {
  return new EvidenceError('malformed', what);
}

/** EvidenceError `malformed`. */
export function readAttestationDocument(payload: Buffer): AttestationDocument {
  const document = decodeStrict(payload, 'payload');
  if (!(document instanceof Map)) throw malformed('the payload is no map');
  const fields = document as ReadonlyMap<unknown, unknown>;
  if (fields.get('digest') !== 'SHA384') throw malformed('the digest is not SHA384');
  return {
    moduleId: moduleIdOf(fields.get('module_id')),
    timestampMs: timestampOf(fields.get('timestamp')),
    pcrs: registersOf(fields.get('pcrs')),
    certificate: bytesOf(fields.get('certificate'), 'certificate', MAX_CERTIFICATE_BYTES),
    caBundle: bundleOf(fields.get('cabundle')),
    publicKey: optionalOf(fields.get('public_key'), 'public_key', 1024),
    userData: optionalOf(fields.get('user_data'), 'user_data', 512),
    nonce: optionalOf(fields.get('nonce'), 'nonce', 512),
  };
}

function moduleIdOf(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw malformed('module_id is no text');
  return value;
}

function timestampOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) throw malformed('timestamp is no time');
  return value;
}

function bytesOf(value: unknown, name: string, most: number): Buffer {
  if (!(value instanceof Uint8Array)) throw malformed(`${name} is no bytes`);
  if (value.length === 0 || value.length > most) throw malformed(`${name} has ${String(value.length)} bytes`);
  return Buffer.from(value);
}

function optionalOf(value: unknown, name: string, most: number): Buffer | null {
  if (value === undefined || value === null) return null;
  return value instanceof Uint8Array && value.length === 0 ? Buffer.alloc(0) : bytesOf(value, name, most);
}

function registersOf(value: unknown): ReadonlyMap<number, Buffer> {
  if (!(value instanceof Map) || value.size === 0) throw malformed('pcrs is no map with registers');
  return new Map(
    [...(value as ReadonlyMap<unknown, unknown>)].map(([index, register]) => {
      if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index > MAX_REGISTER) throw malformed('a register that does not exist');
      const bytes = bytesOf(register, `PCR${String(index)}`, 64);
      if (!REGISTER_BYTES.includes(bytes.length)) throw malformed(`PCR${String(index)} has ${String(bytes.length)} bytes`);
      return [index, bytes];
    }),
  );
}

function bundleOf(value: unknown): readonly Buffer[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_BUNDLE) throw malformed(`cabundle is no list of 1 to ${String(MAX_BUNDLE)}`);
  return (value as unknown[]).map((certificate) => bytesOf(certificate, 'cabundle', MAX_CERTIFICATE_BYTES));
}
