import { randomBytes, sign } from 'node:crypto';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { CLOCK_MS, der, extension, mintCertificate, objectIdentifier, sequence } from '../mint-certificates.ts';
import type { Minted } from '../mint-certificates.ts';

const NONCE = Buffer.alloc(32, 0x11);
export const FIRMWARE = Buffer.alloc(48, 0x77);

/** Hopper and LS10. */
export const plainFirmware = extension('2.23.133.5.4.1', sequence(der(0x04, FIRMWARE)));
/** Blackwell. */
export const diceFirmware = extension(
  '2.23.133.5.4.1.1',
  sequence(der(0x80, Buffer.from('NVIDIA')), der(0xa6, sequence(objectIdentifier('2.16.840.1.101.3.4.2.2'), der(0x04, FIRMWARE)))),
);

export interface DeviceChain {
  readonly root: Minted;
  readonly leaf: Minted;
}

export function mintDeviceChain(firmware: readonly Buffer[] = [plainFirmware]): DeviceChain {
  const root = mintCertificate({ name: 'TEST Device Identity CA' });
  return { root, leaf: mintCertificate({ name: 'TEST FMC LF', issuer: root, serial: 2n, isCa: false, extensions: firmware }) };
}

/** What a measurement's block holds: its index in every byte. */
export function measurementOf(block: number): Buffer {
  return Buffer.alloc(48, block);
}

function u16(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8]);
}

export function blockOf(index: number, value = measurementOf(index)): Buffer {
  return Buffer.concat([Buffer.from([index, 1]), u16(value.length + 3), Buffer.from([0]), u16(value.length), value]);
}

export function fieldOf(type: number, value: Buffer): Buffer {
  return Buffer.concat([u16(type), u16(value.length), value]);
}

export const FIELDS = [
  fieldOf(3, Buffer.from('550.144.03\0')),
  fieldOf(6, Buffer.from('009f009601000000', 'hex')),
  fieldOf(11, Buffer.from([0xaa])),
  fieldOf(20, FIRMWARE),
];

export interface ReportWishes {
  readonly blocks?: readonly Buffer[];
  readonly count?: number;
  readonly fields?: readonly Buffer[];
  readonly behind?: Buffer;
}

const BLOCKS = Array.from({ length: 40 }, (_, at) => blockOf(at + 1));

/** A report that passes, with the wishes. */
export function mintReport(
  { leaf }: DeviceChain,
  { blocks = BLOCKS, count = blocks.length, fields = FIELDS, behind = Buffer.alloc(0) }: ReportWishes = {},
): Buffer {
  const record = Buffer.concat(blocks);
  const opaque = Buffer.concat(fields);
  const signed = Buffer.concat([
    Buffer.from('11e001ff', 'hex'),
    NONCE,
    Buffer.alloc(1),
    Buffer.from('11600000', 'hex'),
    Buffer.from([count]),
    u16(record.length & 0xffff),
    Buffer.from([record.length >> 16]),
    record,
    randomBytes(32),
    u16(opaque.length),
    opaque,
  ]);
  return Buffer.concat([signed, sign('sha384', signed, { key: leaf.keys.privateKey, dsaEncoding: 'ieee-p1363' }), behind]);
}

export function deviceGiven({ root, leaf }: DeviceChain, evidence: Buffer, more: Partial<Given> = {}): Given {
  return {
    evidence,
    inputs: { chain: Buffer.from(`${leaf.certificate.toString()}${root.certificate.toString()}`) },
    roots: { 'nvidia-device-identity': root.certificate },
    challenge: { nonce: NONCE },
    clockMs: CLOCK_MS,
    ...more,
  };
}
