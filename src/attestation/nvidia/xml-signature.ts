import { createHash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { C14nCanonicalization, SignedXml } from 'xml-crypto';
import { EvidenceError } from '../checks.ts';
import { isSignedEcdsa } from '../x509/ecdsa.ts';
import type { XmlElement } from './xml-reader.ts';

export const XMLDSIG = 'http://www.w3.org/2000/09/xmldsig#';
const ENVELOPED = `${XMLDSIG}enveloped-signature`;
const C14N_11 = 'http://www.w3.org/2006/12/xml-c14n11';
const SHA384 = 'http://www.w3.org/2001/04/xmldsig-more#sha384';
const ECDSA_SHA384 = 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384';

/** For a whole document C14N 1.1 gives what C14N 1.0 gives: they differ in what a part inherits from above it. */
class Canonicalization11 extends C14nCanonicalization {
  override getAlgorithmName(): string {
    return C14N_11;
  }
}

class Sha384Digest {
  getAlgorithmName(): string {
    return SHA384;
  }

  getHash(xml: string): string {
    return createHash('sha384').update(xml).digest('base64');
  }
}

/** Verifies with the key that it was made for, whatever the document names. */
function signatureBy(key: KeyObject) {
  return class EcdsaSha384 {
    getAlgorithmName(): string {
      return ECDSA_SHA384;
    }

    getSignature(): string {
      throw new Error('this is for verification only');
    }

    verifySignature(material: string, _key: unknown, signature: string): boolean {
      return isSignedEcdsa('sha384', Buffer.from(material), key, Buffer.from(signature, 'base64'));
    }
  };
}

function childOf(parent: XmlElement, localName: string): XmlElement {
  const [child, ...more] = parent.children.filter((element) => element.localName === localName && element.namespace === XMLDSIG);
  if (child === undefined || more.length > 0) throw new EvidenceError('malformed', `${parent.localName} does not have one ${localName}`);
  return child;
}

/** The children must be these, in this order, and nothing else: what a reader may look for elsewhere is not there. */
function demandChildren(parent: XmlElement, names: readonly string[]): void {
  const found = parent.children.map(({ namespace, localName }) => (namespace === XMLDSIG ? localName : `{${namespace}}${localName}`));
  if (found.join() !== names.join()) throw new EvidenceError('malformed', `${parent.localName} has ${found.join(', ')} where ${names.join(', ')} belong`);
}

function demandAlgorithm(element: XmlElement | undefined, algorithm: string): void {
  const found = element?.attributes.get('Algorithm');
  if (found !== algorithm) throw new EvidenceError('malformed', 'another algorithm', { expected: algorithm, found: found ?? 'none' });
}

/**
 * Whether the signature is of the one shape that is verified: enveloped, over the whole document, C14N 1.1, ECDSA with SHA-384. Returns
 * the DER of the certificates that it brings along. EvidenceError `malformed`.
 */
export function readEnvelopedSignature(signature: XmlElement): readonly Buffer[] {
  demandChildren(signature, ['SignedInfo', 'SignatureValue', 'KeyInfo']);
  const info = childOf(signature, 'SignedInfo');
  demandChildren(info, ['CanonicalizationMethod', 'SignatureMethod', 'Reference']);
  demandAlgorithm(info.children[0], C14N_11);
  demandAlgorithm(info.children[1], ECDSA_SHA384);
  const reference = childOf(info, 'Reference');
  demandChildren(reference, ['Transforms', 'DigestMethod', 'DigestValue']);
  if (reference.attributes.get('URI') !== '') throw new EvidenceError('malformed', 'the signature is not over the whole document');
  const transforms = childOf(reference, 'Transforms');
  demandChildren(transforms, ['Transform', 'Transform']);
  demandAlgorithm(transforms.children[0], ENVELOPED);
  demandAlgorithm(transforms.children[1], C14N_11);
  demandAlgorithm(reference.children[1], SHA384);
  for (const leaf of [...info.children.slice(0, 2), ...transforms.children, ...reference.children.slice(1)]) demandChildren(leaf, []);
  const data = childOf(childOf(signature, 'KeyInfo'), 'X509Data');
  return data.children.filter(({ localName }) => localName === 'X509Certificate').map(({ text }) => Buffer.from(text, 'base64'));
}

/**
 * The canonical text that the key has signed: only this may be read, not the document. `signature` is the one signature of the document,
 * of the shape above. EvidenceError `bad-signature`.
 */
export function signedTextOf(document: string, signature: XmlElement, key: KeyObject): string {
  const signed = new SignedXml({ publicCert: key.export({ type: 'spki', format: 'pem' }), getCertFromKeyInfo: () => null });
  const enveloped = signed.CanonicalizationAlgorithms[ENVELOPED];
  if (enveloped === undefined) throw new Error('xml-crypto has no enveloped signatures');
  signed.CanonicalizationAlgorithms = { [C14N_11]: Canonicalization11, [ENVELOPED]: enveloped };
  signed.HashAlgorithms = { [SHA384]: Sha384Digest };
  signed.SignatureAlgorithms = { [ECDSA_SHA384]: signatureBy(key) };
  try {
    signed.loadSignature(signature.source);
    if (signed.checkSignature(document)) {
      const [text, ...more] = signed.getSignedReferences();
      if (text !== undefined && more.length === 0) return text;
    }
  } catch (error) {
    throw new EvidenceError('bad-signature', error instanceof Error ? error.message.slice(0, 200) : 'cannot be verified');
  }
  throw new EvidenceError('bad-signature', 'the document is not what was signed');
}
