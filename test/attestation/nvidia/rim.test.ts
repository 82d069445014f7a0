import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nvidiaRimKind } from '../../../src/attestation/nvidia/rim-kind.ts';
import { readRim, readRimContent, signedRimOf } from '../../../src/attestation/nvidia/rim.ts';
import { readXml } from '../../../src/attestation/nvidia/xml-reader.ts';
import { EvidenceError } from '../../../src/attestation/checks.ts';
import { CLOCK_MS, mintCertificate, TO_MS } from '../mint-certificates.ts';
import { reasonOf } from '../verdict.ts';
import { mintRim, mintRimChain, resource, resources } from './mint-rim.ts';
import type { RimWishes } from './mint-rim.ts';

const chain = mintRimChain();
const VALUE = 'ab'.repeat(48);

function verdict(evidence: Buffer, root = chain.root, clockMs = CLOCK_MS): string | null {
  return reasonOf(nvidiaRimKind, { evidence, inputs: {}, roots: { 'nvidia-corim': root.certificate }, challenge: {}, clockMs });
}

test('a manifest whose digests were made without canonicalization is accepted', () => {
  expect(verdict(mintRim(chain))).toBeNull();
});

test('what differs in form alone is the same manifest', () => {
  const xml = mintRim(chain).toString();
  const form = xml.replaceAll('></Resource>', '/>').replace(' name="TEST"', "\n\tname='TEST' ").replaceAll('></ds:Transform>', ' />');
  expect(form).not.toBe(xml);
  expect(verdict(Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${form}\n`))).toBeNull();
});

test('golden values are those of the signed text, active ones only', () => {
  const listed = [resource(0, [VALUE, VALUE.toUpperCase()]), resource(1, [VALUE], 'False'), resource(7, ['00'.repeat(48)])];
  const content = readRimContent(signedRimOf(readRim(mintRim(chain, { resources: listed, version: '96.00.9F.00.01' }))));
  expect(content.version).toBe('96.00.9F.00.01');
  expect([...content.golden]).toEqual([
    [0, [VALUE, VALUE]],
    [7, ['00'.repeat(48)]],
  ]);
});

describe('documents that are malformed', () => {
  const edited = (edit: (xml: string) => string): Buffer => mintRim(chain, { edit });
  const signatureIn = (xml: string): string => /<ds:Signature .*<\/ds:Signature>/su.exec(xml)?.[0] ?? '';

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['no XML', Buffer.from('{}')],
    ['no UTF-8', Buffer.from([0x3c, 0xff])],
    ['cut off', mintRim(chain).subarray(0, -1)],
    ['two documents', Buffer.concat([mintRim(chain), mintRim(chain)])],
    ['a document type', edited((xml) => `<!DOCTYPE a [<!ENTITY b "c">]>${xml}`)],
    ['an entity', edited((xml) => xml.replace('"TEST"', '"&b;"'))],
    ['a comment', edited((xml) => xml.replace('<Payload>', '<Payload><!-- -->'))],
    ['CDATA', edited((xml) => xml.replace('<Payload>', '<Payload><![CDATA[a]]>'))],
    ['a processing instruction', edited((xml) => xml.replace('<Payload>', '<Payload><?a b?>'))],
    ['an attribute twice', edited((xml) => xml.replace('name="TEST"', 'name="TEST" name="TEST"'))],
    ['a prefix that is not declared', edited((xml) => xml.replace('<Payload>', '<a:Payload>').replace('</Payload>', '</a:Payload>'))],
    ['another root element', Buffer.from('<Other></Other>')],
    ['no signature', edited((xml) => xml.replace(signatureIn(xml), ''))],
    ['two signatures', edited((xml) => xml.replace(signatureIn(xml), `${signatureIn(xml)}${signatureIn(xml)}`))],
    ['a second, empty signature of nobody', edited((xml) => xml.replace('</Payload>', '<Signature></Signature></Payload>'))],
    ['a signature that is not of the whole', edited((xml) => xml.replace(signatureIn(xml), `<a>${signatureIn(xml)}</a>`))],
    ['two identities', edited((xml) => xml.replace('<Payload>', '<SoftwareIdentity></SoftwareIdentity><Payload>'))],
    [
      'the signed one wrapped into another',
      edited((xml) => `<SoftwareIdentity xmlns="http://standards.iso.org/iso/19770/-2/2015/schema.xsd">${xml}</SoftwareIdentity>`),
    ],
    ['no certificate', edited((xml) => xml.replace(/<ds:X509Data>.*<\/ds:X509Data>/su, '<ds:X509Data></ds:X509Data>'))],
    ['more than a megabyte', Buffer.alloc(1_048_577, 0x20)],
    ['elements inside of elements without end', Buffer.from('<a>'.repeat(100_000))],
    ['more namespaces than a manifest has', Buffer.from(`<a>${'<b xmlns:c="d"/>'.repeat(40)}</a>`)],
    ['a prefix that means nothing', Buffer.from('<a xmlns:b=""></a>')],
    ['more elements than a manifest has', Buffer.from(`<a>${'<b/>'.repeat(5000)}</a>`)],
  ])('%s', (_, bytes) => {
    expect(verdict(bytes)).toBe('malformed');
  });

  test.each<[string, (info: string) => string]>([
    ['two references', (info) => info.replace(/<ds:Reference.*<\/ds:Reference>/su, '$&$&')],
    ['a reference to a part', (info) => info.replace('URI=""', 'URI="#part"')],
    ['a reference without an address', (info) => info.replace(' URI=""', '')],
    ['one transform', (info) => info.replace(/<ds:Transform Algorithm="[^"]*c14n11"><\/ds:Transform>/u, '')],
    ['another transform', (info) => info.replace('xmldsig#enveloped-signature', 'xmldsig#base64')],
    [
      'a third transform',
      (info) => info.replace('</ds:Transforms>', '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>$&'),
    ],
    ['another digest', (info) => info.replace('xmldsig-more#sha384', 'xmldsig-more#sha224')],
    ['another signature algorithm', (info) => info.replace('#ecdsa-sha384', '#hmac-sha384')],
    ['another canonicalization', (info) => info.replace('xml-c14n11', 'xml-c14n11#WithComments')],
    ['an object besides', (info) => `${info}<ds:Object></ds:Object>`],
    ['something inside of a method', (info) => info.replace('></ds:DigestMethod>', '><ds:DigestValue></ds:DigestValue></ds:DigestMethod>')],
  ])('%s, signed as it is', (_, signedInfo) => {
    expect(verdict(mintRim(chain, { signedInfo }))).toBe('malformed');
  });

  test.each<[string, RimWishes]>([
    ['no version', { version: '' }],
    ['an index twice', { resources: resources(3, 3) }],
    ['no active value', { resources: [resource(0, [VALUE], 'False')] }],
    ['fewer values than it says', { resources: [resource(0, [VALUE], 'True', '2')] }],
    ['a number of values that is none', { resources: [resource(0, [VALUE], 'True', '1e3')] }],
    ['a value of another length', { resources: [resource(0, ['00'])] }],
  ])('%s, signed as it is', (_, wishes) => {
    expect(verdict(mintRim(chain, wishes))).toBe('malformed');
  });
});

describe('signature and chain', () => {
  test.each<[string, (xml: string) => string]>([
    ['a changed value', (xml) => xml.replace('index="0"', 'index="9"')],
    ['an added attribute', (xml) => xml.replace('<Meta ', '<Meta a="b" ')],
    ['an added element', (xml) => xml.replace('</Payload>', '<Resource></Resource></Payload>')],
    ['added text', (xml) => xml.replace('<Payload>', '<Payload> ')],
    ['a changed digest', (xml) => xml.replace('<ds:DigestValue>', '<ds:DigestValue>AAAA')],
    ['no signature value', (xml) => xml.replace(/<ds:SignatureValue>[^<]*/u, '<ds:SignatureValue>')],
  ])('%s', (_, edit) => {
    expect(verdict(mintRim(chain, { edit }))).toBe('bad-signature');
  });

  test('attributes that canonicalization leaves out are never read', () => {
    const edit = (xml: string): string => xml.replace('<Resource active', `<Resource xmlnsHash0="${VALUE}" active`);
    const bytes = mintRim(chain, { edit });
    expect(verdict(bytes)).toBeNull();
    expect(signedRimOf(readRim(bytes))).not.toContain('xmlnsHash0');
  });

  test('the first certificate is who signs', () => {
    const signer = { ...mintCertificate({ name: 'x', issuer: chain.root }), keys: chain.signer.keys };
    expect(verdict(mintRim({ ...chain, signer }))).toBe('bad-signature');
  });

  test('a signer that leads to another root', () => {
    const other = mintRimChain();
    expect(verdict(mintRim(other))).toBe('untrusted-chain');
    expect(verdict(mintRim({ root: chain.root, signer: other.signer }))).toBe('untrusted-chain');
  });

  test('a signer that is over', () => {
    expect(verdict(mintRim(chain), chain.root, TO_MS + 1000)).toBe('chain-expired');
    const list = nvidiaRimKind
      .parsePolicy({})
      .verify({ evidence: mintRim(chain), inputs: {}, roots: { 'nvidia-corim': chain.root.certificate }, challenge: {}, clockMs: CLOCK_MS });
    expect(list.expiries.get('rim_signer')).toBe(TO_MS);
  });

  test('no root', () => {
    expect(reasonOf(nvidiaRimKind, { evidence: mintRim(chain), inputs: {}, roots: {}, challenge: {}, clockMs: CLOCK_MS })).toBe('untrusted-chain');
  });

  test('flipping a bit never gives other golden values', () => {
    const bytes = mintRim(chain);
    const golden = (of: Buffer) => [...readRimContent(signedRimOf(readRim(of))).golden];
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const copy = Buffer.from(bytes);
        copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        if (verdict(copy) === null) expect(golden(copy)).toEqual(golden(bytes));
      }),
      { numRuns: 300 },
    );
  });
});

test('any text is XML of the plain kind or an EvidenceError, never another error', () => {
  const part = fc.constantFrom('<', '>', '/', 'a', 'b:c', '="', '"', ' ', '&lt;', '&', 'xmlns:b="d"', '<a>', '</a>', '<a/>', '\n', 'é');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      try {
        readXml(Buffer.from(parts.join('')));
      } catch (error) {
        expect(error).toBeInstanceOf(EvidenceError);
      }
    }),
    { numRuns: 500 },
  );
});
