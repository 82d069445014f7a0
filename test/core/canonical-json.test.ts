import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, sha256OfJson } from '../../src/core/canonical-json.ts';

describe('what JSON cannot hold', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, JSON.parse('1e400') as number])('%s is not taken for null', (value) => {
    expect(() => canonicalJson({ value })).toThrow(TypeError);
  });

  test('a member without a value is no member', () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });
});

test('names are sorted by UTF-16 code units, as RFC 8785 has it', () => {
  // The names of its section 3.2.3, in its order.
  const names = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'];
  const value = Object.fromEntries(names.toReversed().map((name) => [name, 1]));
  expect(Object.keys(JSON.parse(canonicalJson(value)) as object).sort()).toEqual([...names].sort());
  expect(canonicalJson(value)).toBe(`{${names.map((name) => `${JSON.stringify(name)}:1`).join(',')}}`);
});

test('numbers and texts are those of RFC 8785', () => {
  // The example of its section 3.2.2.
  const text =
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/"}';
  expect(canonicalJson(JSON.parse(text))).toBe('{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
});

test('equal values give equal text, whatever the order of their names, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (a) => {
      const text = canonicalJson(a);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      // JSON has one zero.
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(a)));
      expect(sha256OfJson(JSON.parse(text))).toBe(sha256OfJson(a));
      if (typeof a === 'object' && a !== null && !Array.isArray(a)) expect(canonicalJson(Object.fromEntries(Object.entries(a).toReversed()))).toBe(text);
    }),
  );
});
