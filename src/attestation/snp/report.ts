import { EvidenceError } from '../checks.ts';
import type { SnpProduct } from './tcb.ts';

/** Bytes of an attestation report, every version (AMD publication 56860, ATTESTATION_REPORT). */
export const REPORT_BYTES = 0x4a0;

/** The signature covers the bytes before this. */
export const SIGNED_BYTES = 0x2a0;

const SIGNATURE_R = 0x2a0;
const SIGNATURE_S = 0x2e8;
const COORDINATE_BYTES = 48;
const SIGNATURE_FIELD_BYTES = 72;
const SIGNATURE_END = 0x330;

const OLDEST_VERSION = 2;
const NEWEST_VERSION = 5;
const FIRST_VERSION_WITH_CPUID = 3;
const ECDSA_P384_SHA384 = 1;

/** Bits of POLICY, which the guest's owner asked for. */
export const GUEST_POLICY_BITS = {
  smt: 16n,
  migrate_ma: 18n,
  debug: 19n,
  single_socket: 20n,
  cxl: 21n,
  aes_256_xts: 22n,
  rapl_off: 23n,
  ciphertext_hiding: 24n,
  page_swap_off: 25n,
} as const;

/** Bits of PLATFORM_INFO, as the host is set up. */
export const PLATFORM_BITS = { smt: 0n, tsme: 1n, ecc: 2n, rapl_off: 3n, ciphertext_hiding: 4n, alias_check: 5n, tio: 7n } as const;

const MUST_BE_ONE = 17n;

export function hasBit(value: bigint, bit: bigint): boolean {
  return ((value >> bit) & 1n) === 1n;
}

/** Fields of a report. Nothing of it is proved before the checks are made. */
export interface SnpReport {
  readonly bytes: Buffer;
  readonly version: number;
  readonly guestSvn: number;
  readonly policy: bigint;
  readonly familyId: Buffer;
  readonly imageId: Buffer;
  readonly vmpl: number;
  readonly platformInfo: bigint;
  readonly isChipKeyMasked: boolean;
  /** 0 VCEK, 1 VLEK, 7 none; the others are reserved. */
  readonly signingKey: number;
  readonly reportData: Buffer;
  readonly measurement: Buffer;
  readonly hostData: Buffer;
  readonly idKeyDigest: Buffer;
  readonly authorKeyDigest: Buffer;
  /** Eight bytes each; `readTcb` knows their order. */
  readonly tcb: Readonly<Record<'current' | 'reported' | 'committed' | 'launch', Buffer>>;
  /** 64 bytes; all zero when masked or signed with a VLEK. */
  readonly chipId: Buffer;
  /** Firmware as `[major, minor, build]`. */
  readonly firmware: Readonly<Record<'current' | 'committed', readonly [number, number, number]>>;
  /** Version 5 and later; zero before. */
  readonly mitigations: Readonly<Record<'launch' | 'current', bigint>>;
}

/** Reads a report of any version. EvidenceError `malformed`: size, version, algorithm, or the policy bit that must be set. */
export function readSnpReport(bytes: Buffer): SnpReport {
  if (bytes.length !== REPORT_BYTES) throw new EvidenceError('malformed', `a report has ${String(REPORT_BYTES)} bytes, not ${String(bytes.length)}`);
  const version = bytes.readUInt32LE(0);
  if (version < OLDEST_VERSION || version > NEWEST_VERSION) throw new EvidenceError('malformed', `report version ${String(version)}`);
  if (bytes.readUInt32LE(0x34) !== ECDSA_P384_SHA384) throw new EvidenceError('malformed', 'the signature algorithm is not ECDSA P-384 with SHA-384');
  const policy = bytes.readBigUInt64LE(0x08);
  if (!hasBit(policy, MUST_BE_ONE)) throw new EvidenceError('malformed', 'bit 17 of the guest policy is not set');
  const signer = bytes.readUInt32LE(0x48);
  const at = (offset: number, length: number): Buffer => bytes.subarray(offset, offset + length);
  const byte = (offset: number): number => bytes.readUInt8(offset);
  return {
    bytes,
    version,
    guestSvn: bytes.readUInt32LE(0x04),
    policy,
    familyId: at(0x10, 16),
    imageId: at(0x20, 16),
    vmpl: bytes.readUInt32LE(0x30),
    platformInfo: bytes.readBigUInt64LE(0x40),
    isChipKeyMasked: (signer & 2) !== 0,
    signingKey: (signer >> 2) & 7,
    reportData: at(0x50, 64),
    measurement: at(0x90, 48),
    hostData: at(0xc0, 32),
    idKeyDigest: at(0xe0, 48),
    authorKeyDigest: at(0x110, 48),
    tcb: { current: at(0x38, 8), reported: at(0x180, 8), committed: at(0x1e0, 8), launch: at(0x1f0, 8) },
    chipId: at(0x1a0, 64),
    firmware: { current: [byte(0x1ea), byte(0x1e9), byte(0x1e8)], committed: [byte(0x1ee), byte(0x1ed), byte(0x1ec)] },
    mitigations: { launch: bytes.readBigUInt64LE(0x1f8), current: bytes.readBigUInt64LE(0x200) },
  };
}

/** The product that the report names; undefined: it is too old to name one. Null: it names none that is known. */
export function productOfReport({ bytes, version }: SnpReport): SnpProduct | null | undefined {
  if (version < FIRST_VERSION_WITH_CPUID) return undefined;
  const family = bytes.readUInt8(0x188);
  const model = bytes.readUInt8(0x189);
  if (family === 0x19 && model <= 0x0f) return 'milan';
  if (family === 0x19 && ((model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf))) return 'genoa';
  if (family === 0x1a && model <= 0x1f) return 'turin';
  return null;
}

/** r and s, 48 bytes each, big-endian; the report has them little-endian. */
export function signatureOf({ bytes }: SnpReport): Buffer {
  const coordinate = (offset: number): Buffer => Buffer.from(bytes.subarray(offset, offset + COORDINATE_BYTES)).reverse();
  return Buffer.concat([coordinate(SIGNATURE_R), coordinate(SIGNATURE_S)]);
}

/** EvidenceError `malformed` unless the unsigned bytes behind r and behind s are zero. */
export function demandZeroPadding({ bytes }: SnpReport): void {
  for (const offset of [SIGNATURE_R, SIGNATURE_S]) {
    if (isAnySet(bytes.subarray(offset + COORDINATE_BYTES, offset + SIGNATURE_FIELD_BYTES)))
      throw new EvidenceError('malformed', 'unsigned bytes behind a half of the signature are not zero');
  }
}

/** EvidenceError `malformed` unless the unsigned end of the report is zero. */
export function demandZeroEnd({ bytes }: SnpReport): void {
  if (isAnySet(bytes.subarray(SIGNATURE_END))) throw new EvidenceError('malformed', 'unsigned bytes behind the signature are not zero');
}

function isAnySet(bytes: Buffer): boolean {
  return bytes.some((byte) => byte !== 0);
}
