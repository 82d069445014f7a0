import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EvidenceError } from '../../../src/attestation/checks.ts';
import { integerOf, oidOf, readChildren, readElement, readWhole, signedIntegerOf, timeOf } from '../../../src/attestation/x509/der.ts';
import { der, integer, objectIdentifier, sequence } from '../mint-certificates.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('bytes that are no DER', () => {
  test.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['a tag of several bytes', '1f 81 01 00'],
    ['an indefinite length', '30 80 00 00'],
    ['five length bytes', '04 85 00 00 00 00 01 00'],
    ['a length that is cut off', '04 82 01'],
    ['content behind the end', '04 05 00 00'],
    ['a length of four gigabytes', '04 84 ff ff ff ff 00'],
  ])('%s', (_, bytes) => {
    expect(() => readElement(hex(bytes))).toThrow(EvidenceError);
  });

  test('bytes behind the one element that was expected', () => {
    expect(() => readWhole(hex('04 01 00 00'), 0x04)).toThrow(/behind/u);
  });

  test('a child that ends behind its parent', () => {
    expect(() => readChildren(readWhole(hex('30 03 04 05 00'), 0x30).content)).toThrow(/behind its parent/u);
  });

  test('any bytes give elements inside of them or an EvidenceError, never another error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (given) => {
        const bytes = Buffer.from(given);
        try {
          for (const child of readChildren(bytes)) expect(child.raw.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(EvidenceError);
        }
      }),
    );
  });
});

test('elements of every length form are read as they were written', () => {
  for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const written = sequence(der(0x04, Buffer.alloc(size, 7)), integer(5));
    const children = readChildren(readWhole(written, 0x30).content);
    expect(children.map(({ content }) => content.length)).toEqual([size, 1]);
    expect(Buffer.concat(children.map(({ raw }) => raw))).toEqual(readWhole(written, 0x30).content);
  }
});

describe('integers', () => {
  test('are read with their sign', () => {
    expect(signedIntegerOf(readWhole(hex('02 02 00 ff'), 2))).toBe(255n);
    expect(signedIntegerOf(readWhole(hex('02 01 ff'), 2))).toBe(-1n);
  });

  test.each([
    ['empty', '02 00'],
    ['negative', '02 01 80'],
  ])('%s ones are no level', (_, bytes) => {
    expect(() => integerOf(readWhole(hex(bytes), 2))).toThrow(EvidenceError);
  });

  test('of more than 128 bytes are refused', () => {
    expect(() => signedIntegerOf(readWhole(der(2, Buffer.alloc(129, 1)), 2))).toThrow(EvidenceError);
  });
});

describe('object identifiers', () => {
  test.each(['1.3.6.1.4.1.3704.1.3.8', '2.16.840.1.101.3.4.2.2', '2.5.4.3', '0.9.2342', '1.2.840.113741.1.13.1.2.18'])('%s', (text) => {
    expect(oidOf(readWhole(objectIdentifier(text), 6))).toBe(text);
  });

  test.each([
    ['empty', '06 00'],
    ['cut off inside of a number', '06 02 2a 86'],
    ['padded, a second spelling', '06 03 2a 80 01'],
    ['a number without end', '06 0a 2a ff ff ff ff ff ff ff ff 7f'],
  ])('%s', (_, bytes) => {
    expect(() => oidOf(readWhole(hex(bytes), 6))).toThrow(EvidenceError);
  });
});

describe('times', () => {
  const utc = (text: string): number => timeOf(readWhole(der(0x17, Buffer.from(text)), 0x17));
  const general = (text: string): number => timeOf(readWhole(der(0x18, Buffer.from(text)), 0x18));

  test('two digits of a year below 50 are of this century', () => {
    expect(utc('491231235959Z')).toBe(Date.parse('2049-12-31T23:59:59Z'));
    expect(utc('500101000000Z')).toBe(Date.parse('1950-01-01T00:00:00Z'));
    expect(general('20500101000000Z')).toBe(Date.parse('2050-01-01T00:00:00Z'));
    expect(general('99991231235959Z')).toBe(Date.parse('9999-12-31T23:59:59Z'));
  });

  test.each(['260230000000Z', '261301000000Z', '260101250000Z', '2601010000Z', '260101000000+0100', ''])('%s is none', (text) => {
    expect(() => utc(text)).toThrow(EvidenceError);
  });

  test('a year below 1000 is not taken for one of the last century', () => {
    expect(() => general('00490101000000Z')).toThrow(EvidenceError);
  });
});
