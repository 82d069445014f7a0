import { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { expectTag, oidOf, readChildren, readWhole } from './der.ts';
import type { DerElement } from './der.ts';

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const BOOLEAN = 0x01;
const SET = 0x31;

const MAX_CERTIFICATES = 10;
const MAX_BYTES = 256 * 1024;

const PEM_BEGIN = '-----BEGIN CERTIFICATE-----';
const PEM_END = '-----END CERTIFICATE-----';

function unreadable(): never {
  throw new EvidenceError('untrusted-chain', 'a certificate cannot be read');
}

function readCertificate(bytes: Buffer | string): X509Certificate {
  try {
    const certificate = new X509Certificate(bytes);
    // Reading the key throws where it is no key, so that nobody after this has to expect it.
    return certificate.publicKey.type === 'public' ? certificate : unreadable();
  } catch {
    return unreadable();
  }
}

/**
 * The certificates of a PEM text, in its order, or the one certificate of DER bytes; 1 to 10 of them. EvidenceError
 * `untrusted-chain`: what cannot be read leads to no root.
 */
export function readCertificates(bytes: Buffer): readonly X509Certificate[] {
  if (bytes.length > MAX_BYTES) throw new EvidenceError('untrusted-chain', 'the certificates are too large');
  if (bytes[0] === SEQUENCE) return [readCertificate(bytes)];
  const blocks = bytes
    .toString('latin1')
    .split(PEM_BEGIN)
    .slice(1, MAX_CERTIFICATES + 2);
  if (blocks.length === 0 || blocks.length > MAX_CERTIFICATES)
    throw new EvidenceError('untrusted-chain', `expected 1 to ${String(MAX_CERTIFICATES)} certificates, found ${String(blocks.length)} or more`);
  return blocks.map((block) => readCertificate(`${PEM_BEGIN}${block.split(PEM_END, 1)[0] ?? ''}${PEM_END}\n`));
}

/** One certificate that is these bytes and nothing more. EvidenceError `untrusted-chain`. */
export function readDerCertificate(der: Buffer): X509Certificate {
  const certificate = readCertificate(der);
  return certificate.raw.equals(der) ? certificate : unreadable();
}

/** TBSCertificate without its optional version: serial, signature, issuer, validity, subject, key, ... */
function partsOf(certificate: X509Certificate): readonly DerElement[] {
  const [tbs] = readChildren(readWhole(certificate.raw, SEQUENCE).content);
  return readChildren(expectTag(tbs, SEQUENCE).content).filter(({ tag }, index) => index > 0 || tag !== 0xa0);
}

/** DER of the name of who issued a certificate. */
export function issuerNameOf(certificate: X509Certificate): Buffer {
  return expectTag(partsOf(certificate)[2], SEQUENCE).raw;
}

/** DER of a certificate's own name. */
export function subjectNameOf(certificate: X509Certificate): Buffer {
  return expectTag(partsOf(certificate)[4], SEQUENCE).raw;
}

/** The one common name (2.5.4.3) of the subject; null when there is none or more than one. Read from the DER: text forms of names can be forged. */
export function commonNameOf(certificate: X509Certificate): string | null {
  const attributes = readChildren(expectTag(partsOf(certificate)[4], SEQUENCE).content).flatMap((set) => readChildren(expectTag(set, SET).content));
  const names = attributes.flatMap((attribute) => {
    const [oid, value] = readChildren(expectTag(attribute, SEQUENCE).content);
    return oidOf(expectTag(oid, OBJECT_IDENTIFIER)) === '2.5.4.3' && value !== undefined ? [value.content.toString('utf8')] : [];
  });
  return names.length === 1 ? (names[0] ?? null) : null;
}

/**
 * Content of the OCTET STRING of every extension, by its object identifier (RFC 5280, section 4.1.2.9). EvidenceError `malformed`,
 * also when one stands twice: then nobody can say which one counts.
 */
export function extensionsOf(certificate: X509Certificate): ReadonlyMap<string, Buffer> {
  const extensions = new Map<string, Buffer>();
  const explicit = partsOf(certificate).find(({ tag }) => tag === 0xa3);
  if (explicit === undefined) return extensions;
  for (const extension of readChildren(readWhole(explicit.content, SEQUENCE).content)) {
    const [oid, ...rest] = readChildren(expectTag(extension, SEQUENCE).content);
    const value = rest[0]?.tag === BOOLEAN ? rest[1] : rest[0];
    const name = oidOf(expectTag(oid, OBJECT_IDENTIFIER));
    if (extensions.has(name)) throw new EvidenceError('malformed', `the extension ${name} stands twice`);
    extensions.set(name, expectTag(value, OCTET_STRING).content);
  }
  return extensions;
}
