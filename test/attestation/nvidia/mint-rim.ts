import { createHash, sign } from 'node:crypto';
import { mintCertificate } from '../mint-certificates.ts';
import type { CertificateWishes, Minted } from '../mint-certificates.ts';
import { measurementOf } from './mint-device.ts';

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd';
const HASHES = 'http://www.w3.org/2001/04/xmlenc#sha384';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
const C14N = 'http://www.w3.org/2006/12/xml-c14n11';

export interface RimChain {
  readonly root: Minted;
  readonly signer: Minted;
}

export function mintRimChain(signer: Partial<CertificateWishes> = {}): RimChain {
  const root = mintCertificate({ name: 'TEST CoRIM signing Root CA' });
  return { root, signer: mintCertificate({ name: 'TEST Reference Value', issuer: root, serial: 2n, isCa: false, ...signer }) };
}

/** A `Resource` in canonical form: attributes without a prefix first, in the order of their names. */
export function resource(index: number, values: readonly string[], active = 'True', alternatives = String(values.length)): string {
  const hashes = values.map((value, at) => ` ns2:Hash${String(at)}="${value}"`).join('');
  return `<Resource active="${active}" alternatives="${alternatives}" index="${String(index)}" type="Measurement"${hashes}></Resource>`;
}

/** Resources for golden indices, with what the device of `mint-device` measures. */
export function resources(...indices: readonly number[]): string[] {
  return indices.map((index) => resource(index, [measurementOf(index + 1).toString('hex')]));
}

const same = (text: string): string => text;

export interface RimWishes {
  readonly version?: string;
  readonly resources?: readonly string[];
  /** Canonical XML behind the payload. */
  readonly more?: string;
  readonly signedInfo?: (info: string) => string;
  /** Edits the finished document. */
  readonly edit?: (xml: string) => string;
}

/**
 * A manifest that passes, with the wishes. All of it is written in canonical form, so the digests need no canonicalization: the one
 * that is tested is compared with what stands here.
 */
export function mintRim({ root, signer }: RimChain, wishes: RimWishes = {}): Buffer {
  const { version = '550.144.03', resources: listed = resources(0, 1), more = '', signedInfo = same, edit = same } = wishes;
  const head = `<SoftwareIdentity xmlns="${SWID}" xmlns:ns2="${HASHES}" name="TEST">`;
  const content = `<Meta colloquialVersion="${version}"></Meta><Payload>${listed.join('')}</Payload>${more}`;
  const digest = createHash('sha384').update(`${head}${content}</SoftwareIdentity>`).digest('base64');
  const method = (name: string, algorithm: string) => `<ds:${name} Algorithm="${algorithm}"></ds:${name}>`;
  const transforms = `<ds:Transforms>${method('Transform', `${DS}enveloped-signature`)}${method('Transform', C14N)}</ds:Transforms>`;
  const inner = signedInfo(
    `${method('CanonicalizationMethod', C14N)}${method('SignatureMethod', 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384')}<ds:Reference URI="">${transforms}${method('DigestMethod', 'http://www.w3.org/2001/04/xmldsig-more#sha384')}<ds:DigestValue>${digest}</ds:DigestValue></ds:Reference>`,
  );
  const canonical = `<ds:SignedInfo xmlns="${SWID}" xmlns:ds="${DS}" xmlns:ns2="${HASHES}">${inner}</ds:SignedInfo>`;
  const value = sign('sha384', Buffer.from(canonical), { key: signer.keys.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64');
  const certificates = [signer, root].map(({ certificate }) => `<ds:X509Certificate>${certificate.raw.toString('base64')}</ds:X509Certificate>`).join('');
  const signature = `<ds:Signature xmlns:ds="${DS}"><ds:SignedInfo>${inner}</ds:SignedInfo><ds:SignatureValue>${value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>${certificates}</ds:X509Data></ds:KeyInfo></ds:Signature>`;
  return Buffer.from(edit(`${head}${content}${signature}</SoftwareIdentity>`));
}
