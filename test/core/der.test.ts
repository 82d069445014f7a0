import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DerError, integerOf, oidOf, readChildren, readElement, readWhole } from '../../src/core/der.ts';

test.each([
  ['nothing', ''],
  ['a tag alone', '30'],
  ['a tag of two bytes', '1f8101'],
  ['an indefinite length', '3080'],
  ['a length of five bytes', '308500000000ff'],
  ['a length that is cut', '3082'],
  ['more content than there is', '300501'],
])('%s is refused', (_, hex) => {
  expect(() => readElement(Buffer.from(hex, 'hex'))).toThrow(DerError);
});

test('bytes behind the element, and another tag, are refused', () => {
  expect(() => readWhole(Buffer.from('0500ff', 'hex'), 0x05)).toThrow(DerError);
  expect(() => readWhole(Buffer.from('0500', 'hex'), 0x30)).toThrow(DerError);
});

test('a public key is read', () => {
  const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' });
  const [algorithm] = readChildren(readWhole(spki, 0x30).content);
  const oids = readChildren(algorithm?.content ?? Buffer.alloc(0)).map(oidOf);
  expect(oids).toEqual(['1.2.840.10045.2.1', '1.2.840.10045.3.1.7']);
});

test('integers and object identifiers that are not what they should be are refused', () => {
  const of = (hex: string): Parameters<typeof integerOf>[0] => ({ tag: 2, content: Buffer.from(hex, 'hex'), raw: Buffer.alloc(0) });
  expect(integerOf(of('00ff'))).toBe(255n);
  for (const hex of ['', 'ff', '01'.repeat(129)]) expect(() => integerOf(of(hex))).toThrow(DerError);
  for (const hex of ['', '2a80', '2a8001', '2affffffffffffffffff7f']) expect(() => oidOf(of(hex))).toThrow(DerError);
});

test('whatever the bytes are, they are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        for (const element of readChildren(Buffer.from(bytes))) expect(element.content.length).toBeLessThan(element.raw.length);
      } catch (error) {
        expect(error).toBeInstanceOf(DerError);
      }
    }),
  );
});
