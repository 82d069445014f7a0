import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseLiteral } from '../../../src/artifacts/numpy/python-literal.ts';
import { scanBytes } from '../memory-unit.ts';
import { code, pickle, SYSTEM } from '../pickle/assembler.ts';

interface Header {
  readonly version?: number;
  readonly descr?: string;
  readonly order?: string;
  readonly shape?: string;
  /** Instead of the three fields. */
  readonly text?: string;
}

function npy(data: Buffer, { version = 1, descr = "'<f4'", order = 'False', shape = '(3,)', text }: Header = {}): Buffer {
  const width = version === 1 ? 2 : 4;
  const header = text ?? `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const padded = header.padEnd(Math.ceil((9 + width + header.length) / 64) * 64 - 9 - width) + '\n';
  const length = Buffer.alloc(width);
  length.writeUIntLE(padded.length, 0, width);
  return code('\x93NUMPY', Buffer.from([version, 0]), length, padded, data);
}

const scan = (bytes: Buffer): ReturnType<typeof scanBytes> => scanBytes(bytes, 'array.npy');

test.each([
  ['version 1', npy(Buffer.alloc(12))],
  ['version 2', npy(Buffer.alloc(12), { version: 2 })],
  ['version 3', npy(Buffer.alloc(12), { version: 3 })],
  ['Fortran order', npy(Buffer.alloc(48), { order: 'True', shape: '(3, 4)' })],
  ['no dimension', npy(Buffer.alloc(8), { descr: "'<f8'", shape: '()' })],
  ['no elements', npy(Buffer.alloc(0), { shape: '(0, 5)' })],
  ['texts', npy(Buffer.alloc(24), { descr: "'<U2'" })],
  ['times', npy(Buffer.alloc(24), { descr: "'<M8[ns]'" })],
  ['fields', npy(Buffer.alloc(3 * 21), { descr: "[('a', '<i4'), ('b', '<f8', (2,)), (('t', 'c'), [('d', '|u1')])]" })],
  ['long integers of Python 2', npy(Buffer.alloc(12), { shape: '(3L,)' })],
  ['two arrays in a row', code(npy(Buffer.alloc(12)), npy(Buffer.alloc(12)))],
  ['objects', npy(pickle(']'), { descr: "'|O'" })],
])('an array with %s is clean', async (_what, bytes) => {
  const { findings, formats } = await scan(bytes);
  expect(findings).toEqual([]);
  expect(formats).toContain('npy');
});

test.each([
  ['version 4', npy(Buffer.alloc(12), { version: 4 }), 'npy-broken-header'],
  ['a header that is cut off', npy(Buffer.alloc(0)).subarray(0, 40), 'npy-broken-header'],
  ['a missing key', npy(Buffer.alloc(12), { text: "{'descr': '<f4', 'shape': (3,)}" }), 'npy-broken-header'],
  ['a foreign key', npy(Buffer.alloc(12), { text: "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}" }), 'npy-broken-header'],
  ['a key that stands there twice', npy(Buffer.alloc(12), { text: "{'descr': '<f4', 'shape': (3,), 'shape': (3,)}" }), 'npy-broken-header'],
  ['an order that is no boolean', npy(Buffer.alloc(12), { order: '1' }), 'npy-broken-header'],
  ['a type that is none', npy(Buffer.alloc(12), { descr: "'<q9z'" }), 'npy-broken-header'],
  ['a negative size', npy(Buffer.alloc(12), { shape: '(-3,)' }), 'npy-shape'],
  ['sizes that wrap around', npy(Buffer.alloc(12), { shape: '(4294967296, 4294967296, 3)' }), 'npy-shape'],
  ['a shape that is far larger than the file', npy(Buffer.alloc(12), { shape: '(1000000000,)' }), 'npy-data-short'],
  ['one byte too few', npy(Buffer.alloc(11)), 'npy-data-short'],
])('%s is malformed', async (_what, bytes, rule) => {
  const found = await scan(bytes);
  expect(found.ids).toContain(rule);
  expect(found.verdict).toBe('malformed');
});

test.each(['os.system("x")', '__import__("os")', '[x for x in (1,)]', "'a' + 'b'", '1 if True else 2', "f'{1}'", '(' + '['.repeat(100)])(
  'the header %s is no literal',
  async (shape) => {
    const found = await scan(npy(Buffer.alloc(12), { shape }));
    expect(found.ids).toEqual(['npy-header-expression']);
  },
);

test('objects are a pickle, also inside of fields', async () => {
  expect((await scan(npy(pickle(SYSTEM), { descr: "'|O'" }))).verdict).toBe('malicious');
  expect((await scan(npy(pickle(SYSTEM), { descr: "[('a', '<i4'), ('b', [('c', '|O')])]" }))).verdict).toBe('malicious');
});

test('a pickle under the name of an array is read as one', async () => {
  const found = await scan(pickle(SYSTEM));
  expect(found.formats).toEqual(['pickle']);
  expect(found.verdict).toBe('malicious');
});

test('what stands behind an array is looked at', async () => {
  expect((await scan(code(npy(Buffer.alloc(12)), 'xyz'))).ids).toEqual(['npy-bytes-behind']);
  expect((await scan(code(npy(Buffer.alloc(12)), pickle(SYSTEM)))).verdict).toBe('malicious');
  expect((await scan(code(npy(pickle('N'), { descr: "'|O'" }), pickle(SYSTEM)))).verdict).toBe('malicious');
});

test('no header makes the scan throw', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 80 }), async (text) => {
      expect((await scan(npy(Buffer.alloc(4), { text: Buffer.from(text).toString('latin1') }))).verdict).not.toBe('clean');
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => typeof parseLiteral(text).ok === 'boolean'));
});

test('literals are parsed as Python does', () => {
  expect(parseLiteral('{\'a\': (1, -2L), "b": [None, True], }')).toEqual({
    ok: true,
    value: {
      is: 'dict',
      entries: [
        ['a', { is: 'tuple', items: [1n, -2n] }],
        ['b', { is: 'list', items: [null, true] }],
      ],
    },
  });
  expect(parseLiteral('(1)')).toEqual({ ok: true, value: 1n });
  expect(parseLiteral('()')).toEqual({ ok: true, value: { is: 'tuple', items: [] } });
});
