import { EvidenceError } from '../checks.ts';
import { LittleEndianReader } from '../little-endian.ts';

/** A GPU's or NVSwitch's measurements: the SPDM 1.1 transcript of GET_MEASUREMENTS (DMTF DSP0274), request and response. Nothing of it is believed yet. */
export interface SpdmReport {
  /** 32 bytes that the verifier chose. */
  readonly nonce: Buffer;
  /** Index, from 1 -> 48 bytes. */
  readonly measurements: ReadonlyMap<number, Buffer>;
  /** NVIDIA's own fields by type. */
  readonly opaque: ReadonlyMap<number, Buffer>;
  /** What `signature` is over. */
  readonly signed: Buffer;
  /** r and s. */
  readonly signature: Buffer;
}

/** Types of the fields that are read. */
export const OPAQUE = { driver: 3, vbios: 6, nvdec0: 11, chipSku: 15, project: 17, projectSku: 18, firmwareId: 20, chipInfo: 35 } as const;

const MAX_BYTES = 65_536;
const REQUEST = Buffer.from('11e001ff', 'hex');
const RESPONSE = Buffer.from('11600000', 'hex');
const NONCE_BYTES = 32;
const SIGNATURE_BYTES = 96;
const DMTF_SPECIFICATION = 1;
const VALUE_BYTES = 48;
const VALUE_HEAD_BYTES = 3;

function malformed(what: string): EvidenceError {
  return new EvidenceError('malformed', what);
}

/** EvidenceError `malformed`. */
export function readSpdmReport(bytes: Buffer): SpdmReport {
  if (bytes.length > MAX_BYTES) throw malformed('a report that is too long');
  const reader = new LittleEndianReader(bytes);
  if (!reader.take(REQUEST.length).equals(REQUEST)) throw malformed('no request for all measurements');
  const nonce = reader.take(NONCE_BYTES);
  reader.take(1);
  if (!reader.take(RESPONSE.length).equals(RESPONSE)) throw malformed('no response with measurements');
  const count = reader.number(1);
  const measurements = readMeasurements(new LittleEndianReader(reader.take(reader.number(3))), count);
  reader.take(NONCE_BYTES);
  const opaque = readOpaque(new LittleEndianReader(reader.take(reader.number(2))));
  const signed = bytes.subarray(0, reader.at);
  const signature = reader.take(SIGNATURE_BYTES);
  reader.demandEnd('the signature');
  return { nonce, measurements, opaque, signed, signature };
}

function readMeasurements(reader: LittleEndianReader, count: number): ReadonlyMap<number, Buffer> {
  const measurements = new Map<number, Buffer>();
  for (let block = 0; block < count; block += 1) {
    const index = reader.number(1);
    const specification = reader.number(1);
    const bytes = reader.number(2);
    reader.take(1);
    const valueBytes = reader.number(2);
    if (index === 0 || measurements.has(index)) throw malformed(`the measurement ${String(index)} comes twice, or cannot be`);
    if (specification !== DMTF_SPECIFICATION || valueBytes !== VALUE_BYTES || bytes !== valueBytes + VALUE_HEAD_BYTES)
      throw malformed(`the measurement ${String(index)} has another form`);
    measurements.set(index, reader.take(valueBytes));
  }
  reader.demandEnd('the measurements');
  return measurements;
}

function readOpaque(reader: LittleEndianReader): ReadonlyMap<number, Buffer> {
  const opaque = new Map<number, Buffer>();
  while (reader.left > 0) {
    const type = reader.number(2);
    if (opaque.has(type)) throw malformed(`the field ${String(type)} comes twice`);
    opaque.set(type, reader.take(reader.number(2)));
  }
  return opaque;
}

function textOf(bytes: Buffer | undefined): string | null {
  if (bytes === undefined) return null;
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

/** `550.144.03`; null for a switch. */
export function driverVersionOf({ opaque }: SpdmReport): string | null {
  return textOf(opaque.get(OPAQUE.driver));
}

/** `96.00.9F.00.01`. GPUs give eight bytes in reverse order, switches plain text. */
export function vbiosVersionOf({ opaque }: SpdmReport): string | null {
  const bytes = opaque.get(OPAQUE.vbios);
  if (bytes?.length !== 8) return textOf(bytes);
  const reversed = Buffer.from(bytes).reverse();
  const parts = [...reversed.subarray(4), reversed[3] ?? 0];
  return parts.map((part) => part.toString(16).padStart(2, '0').toUpperCase()).join('.');
}

/** Text of one of NVIDIA's fields; null where the report has none. */
export function opaqueTextOf({ opaque }: SpdmReport, field: keyof typeof OPAQUE): string | null {
  return textOf(opaque.get(OPAQUE[field]));
}
