import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { readDerCertificate } from '../x509/certificate.ts';
import { readXml } from './xml-reader.ts';
import type { XmlElement } from './xml-reader.ts';
import { readEnvelopedSignature, signedTextOf, XMLDSIG } from './xml-signature.ts';

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd';
const HASHES = 'http://www.w3.org/2001/04/xmlenc#sha384';
const MAX_INDEX = 255;
const MAX_ALTERNATIVES = 64;
const DECIMAL = /^(?:0|[1-9]\d{0,3})$/;
const SHA384_HEX = /^[0-9a-fA-F]{96}$/;

/** A reference integrity manifest (ISO/IEC 19770-2 SWID tag, as NVIDIA publishes it), of which nothing is believed yet. */
export interface UnverifiedRim {
  readonly text: string;
  readonly signature: XmlElement;
  /** The signer first. */
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
}

/** Golden values out of the signed text. */
export interface RimContent {
  /** Version of driver or VBIOS that it is for: `550.144.03`, `96.10.55.00.01`. */
  readonly version: string;
  /** Index, from 0 -> allowed values, lower-case hex of 48 bytes each. Only those that are active. */
  readonly golden: ReadonlyMap<number, readonly string[]>;
}

function malformed(what: string): EvidenceError {
  return new EvidenceError('malformed', `RIM: ${what}`);
}

function* elementsOf(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.children) yield* elementsOf(child);
}

/** EvidenceError: `malformed`; `untrusted-chain` for certificates that cannot be read. */
export function readRim(bytes: Buffer): UnverifiedRim {
  const root = readXml(bytes);
  const all = [...elementsOf(root)];
  if (root.localName !== 'SoftwareIdentity' || root.namespace !== SWID || all.filter(({ localName }) => localName === 'SoftwareIdentity').length > 1)
    throw malformed('not one SoftwareIdentity');
  const [signature, ...more] = all.filter(({ localName }) => localName === 'Signature');
  if (signature?.namespace !== XMLDSIG || more.length > 0 || !root.children.includes(signature)) throw malformed('not one signature of the whole');
  const [first, ...rest] = readEnvelopedSignature(signature).map(readDerCertificate);
  if (first === undefined) throw malformed('no certificate');
  return { text: bytes.toString('utf8'), signature, certificates: [first, ...rest] };
}

/** What the key of the first certificate has signed; the certificate itself must be led to the root. EvidenceError: `bad-signature`, `malformed`. */
export function signedRimOf({ text, signature, certificates: [signer] }: UnverifiedRim): string {
  return signedTextOf(text, signature, signer.publicKey);
}

/** Reads text that a verified signature covers. EvidenceError `malformed`. */
export function readRimContent(signedText: string): RimContent {
  const root = readXml(Buffer.from(signedText));
  const [meta, ...others] = root.children.filter(({ localName, namespace }) => localName === 'Meta' && namespace === SWID);
  const version = meta?.attributes.get('colloquialVersion') ?? '';
  if (version === '' || others.length > 0) throw malformed('not one version');
  const golden = new Map<number, readonly string[]>();
  for (const { localName, namespace, attributes } of elementsOf(root)) {
    if (localName !== 'Resource' || namespace !== SWID || attributes.get('type') !== 'Measurement') continue;
    const index = numberOf(attributes.get('index'), MAX_INDEX);
    const values = valuesOf(attributes);
    if (attributes.get('active') !== 'True') continue;
    if (golden.has(index)) throw malformed(`the index ${String(index)} comes twice`);
    golden.set(index, values);
  }
  if (golden.size === 0) throw malformed('no active measurement');
  return { version, golden };
}

function numberOf(text: string | undefined, most: number): number {
  if (text === undefined || !DECIMAL.test(text) || Number(text) > most) throw malformed(`the number ${JSON.stringify(text)}`);
  return Number(text);
}

/** Hash0 to the last of the number of alternatives. */
function valuesOf(attributes: ReadonlyMap<string, string>): readonly string[] {
  const count = numberOf(attributes.get('alternatives'), MAX_ALTERNATIVES);
  return Array.from({ length: count }, (_, at) => {
    const value = attributes.get(`{${HASHES}}Hash${String(at)}`);
    if (value === undefined || !SHA384_HEX.test(value)) throw malformed(`no value ${String(at)} of ${String(count)}`);
    return value.toLowerCase();
  });
}
