import { sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** What a certificate of a test says. Days count from 2026-01-01. */
export interface MintedCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly issuerKey: KeyObject;
  readonly fromDay?: number;
  readonly toDay?: number;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** First byte of KeyUsage: 0x80 digitalSignature, 0x04 keyCertSign. */
  readonly keyUsage?: number;
  readonly extendedUsages?: readonly (readonly number[])[];
  readonly criticalOid?: readonly number[];
  readonly hash?: 'sha1' | 'sha256';
}

/** DER of 1.3.6.1.5.5.7.3.x after its tag and length. */
export const CODE_SIGNING_OID = [0x2b, 6, 1, 5, 5, 7, 3, 3];
export const SERVER_AUTH_OID = [0x2b, 6, 1, 5, 5, 7, 3, 1];

function der(tag: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const SEQUENCE = 0x30;
const TRUE = [0x01, 0x01, 0xff];

function nameOf(commonName: string): Buffer {
  return der(SEQUENCE, der(0x31, der(SEQUENCE, der(0x06, [0x55, 4, 3]), der(0x0c, Buffer.from(commonName)))));
}

function timeOf(day: number): Buffer {
  const text = new Date(Date.UTC(2026, 0, 1 + day)).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return der(0x17, Buffer.from(`${text}Z`));
}

function extension(oid: readonly number[], critical: boolean, value: Buffer): Buffer {
  return der(SEQUENCE, der(0x06, oid), critical ? TRUE : [], der(0x04, value));
}

function extensionsOf(wish: MintedCertificate): Buffer {
  const { ca = false, pathLength, keyUsage, extendedUsages, criticalOid } = wish;
  const constraints = der(SEQUENCE, TRUE, pathLength === undefined ? [] : der(0x02, [pathLength]));
  return Buffer.concat([
    ca ? extension([0x55, 0x1d, 19], true, constraints) : Buffer.alloc(0),
    keyUsage === undefined ? Buffer.alloc(0) : extension([0x55, 0x1d, 15], true, der(0x03, [0, keyUsage])),
    extendedUsages === undefined ? Buffer.alloc(0) : extension([0x55, 0x1d, 37], false, der(SEQUENCE, ...extendedUsages.map((oid) => der(0x06, oid)))),
    criticalOid === undefined ? Buffer.alloc(0) : extension(criticalOid, true, der(0x05)),
  ]);
}

let serial = 1;

/** A certificate that says exactly what is wished, signed with ECDSA. */
export function mint(wish: MintedCertificate): X509Certificate {
  const { fromDay = 0, toDay = 365, hash = 'sha256' } = wish;
  const algorithm = der(SEQUENCE, der(0x06, hash === 'sha1' ? [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] : [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
  const extensions = extensionsOf(wish);
  serial += 1;
  const tbs = der(
    SEQUENCE,
    der(0xa0, der(0x02, [2])),
    der(
      0x02,
      [serial >> 8, serial & 0x7f].filter((byte, at) => at === 1 || byte > 0),
    ),
    algorithm,
    nameOf(wish.issuer),
    der(SEQUENCE, timeOf(fromDay), timeOf(toDay)),
    nameOf(wish.subject),
    wish.publicKey.export({ type: 'spki', format: 'der' }),
    extensions.length === 0 ? [] : der(0xa3, der(SEQUENCE, extensions)),
  );
  return new X509Certificate(der(SEQUENCE, tbs, algorithm, der(0x03, [0], sign(hash, tbs, wish.issuerKey))));
}
