import type { X509Certificate } from 'node:crypto';
import { expectTag, integerOf, oidOf, readChildren, readWhole } from '../../core/der.ts';
import type { DerElement } from '../../core/der.ts';

const SEQUENCE = 0x30;
const OBJECT_ID = 0x06;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
/** `[3] EXPLICIT Extensions` of a TBSCertificate (RFC 5280, section 4.1). */
const EXTENSIONS = 0xa3;

const KEY_USAGE = '2.5.29.15';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const EXTENDED_KEY_USAGE = '2.5.29.37';
/** Those that are read here, or that say nothing which a signature would have to heed. */
const UNDERSTOOD: readonly string[] = [KEY_USAGE, SUBJECT_ALTERNATIVE_NAME, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE];

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

/** What a certificate says that its key may do. Node's own `keyUsage` holds the extended usages only. */
export interface CertificateExtensions {
  /** Null: it has no KeyUsage. */
  readonly keyUsage: { readonly digitalSignature: boolean; readonly keyCertSign: boolean } | null;
  /** Object identifiers; null: it has no extended ones. */
  readonly extendedUsages: readonly string[] | null;
  /** How many intermediate certificates may follow; null: any number. */
  readonly pathLength: number | null;
  /** Critical extensions that nobody here understands: the certificate must be refused (RFC 5280, section 4.2). */
  readonly unknownCritical: readonly string[];
  /** Object identifier of how it was signed. */
  readonly signatureAlgorithm: string;
}

function extensionOf(element: DerElement): { readonly oid: string; readonly critical: boolean; readonly value: Buffer } {
  const [oid, ...rest] = readChildren(expectTag(element, SEQUENCE).content);
  const critical = rest[0]?.tag === BOOLEAN ? rest.shift()?.content[0] !== 0 : false;
  return { oid: oidOf(expectTag(oid, OBJECT_ID)), critical, value: expectTag(rest[0], OCTET_STRING).content };
}

function keyUsageOf(value: Buffer): CertificateExtensions['keyUsage'] {
  const bits = readWhole(value, BIT_STRING).content[1] ?? 0;
  return { digitalSignature: (bits & 0x80) !== 0, keyCertSign: (bits & 0x04) !== 0 };
}

function pathLengthOf(value: Buffer): number | null {
  const number = readChildren(readWhole(value, SEQUENCE).content).find(({ tag }) => tag === INTEGER);
  return number === undefined ? null : Number(integerOf(number));
}

/** DerError where the certificate is not what it should be, or has an extension twice. */
export function readExtensions(certificate: X509Certificate): CertificateExtensions {
  const [tbs, algorithm] = readChildren(readWhole(certificate.raw, SEQUENCE).content);
  const holder = readChildren(expectTag(tbs, SEQUENCE).content).find(({ tag }) => tag === EXTENSIONS);
  const listed = holder === undefined ? [] : readChildren(readWhole(holder.content, SEQUENCE).content).map(extensionOf);
  const byOid = new Map(listed.map((extension) => [extension.oid, extension.value]));
  const doubled = byOid.size !== listed.length;
  const [keyUsage, usages, constraints] = [byOid.get(KEY_USAGE), byOid.get(EXTENDED_KEY_USAGE), byOid.get(BASIC_CONSTRAINTS)];
  const unknown = listed.filter(({ oid, critical }) => critical && !UNDERSTOOD.includes(oid)).map(({ oid }) => oid);
  return {
    keyUsage: keyUsage === undefined ? null : keyUsageOf(keyUsage),
    extendedUsages: usages === undefined ? null : readChildren(readWhole(usages, SEQUENCE).content).map(oidOf),
    pathLength: constraints === undefined ? null : pathLengthOf(constraints),
    unknownCritical: doubled ? [...unknown, 'an extension that is there twice'] : unknown,
    signatureAlgorithm: oidOf(expectTag(readChildren(expectTag(algorithm, SEQUENCE).content)[0], OBJECT_ID)),
  };
}
