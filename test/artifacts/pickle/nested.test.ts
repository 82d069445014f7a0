import { expect, test } from 'vitest';
import { scanBytes } from '../memory-unit.ts';
import { bytes, call, code, global, pickle, proto, SYSTEM, SYSTEM_0, text, tuple } from './assembler.ts';

const EVIL = pickle(SYSTEM);
const EVIL_0 = code(SYSTEM_0, '.');
const latin1 = (value: Buffer): Buffer => code(global('_codecs', 'encode'), tuple(text(value.toString('latin1')), text('latin1')), 'R');

const DORMANT: readonly (readonly [what: string, value: Buffer])[] = [
  ['bytes', bytes(EVIL)],
  ['bytes of protocol 0', bytes(EVIL_0)],
  ['bytes of protocol 2', latin1(EVIL)],
  ['a text', text(EVIL_0.toString('latin1'))],
  ['base64', text(EVIL.toString('base64'))],
  ['base64 of protocol 0', text(EVIL_0.toString('base64'))],
  ['base64 in lines', text(EVIL.toString('base64').replaceAll(/(.{20})/g, '$1\n'))],
  ['base64 for addresses', text(EVIL.toString('base64url'))],
  ['base64 as bytes', bytes(Buffer.from(EVIL.toString('base64')))],
  ['base64 inside of other text', text(`x = b64decode("${EVIL.toString('base64')}")`)],
  ['hexadecimal', text(EVIL.toString('hex'))],
  ['escapes', text(`b'${[...EVIL].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'`)],
  ['a long text', text(pickle(text('a'.repeat(9000)), '0', SYSTEM).toString('base64'))],
  ['long bytes of protocol 2', latin1(pickle(bytes(Buffer.alloc(9000, 0xfe)), '0', SYSTEM))],
  ['a text of middle length', text(pickle(text('a'.repeat(1500)), '0', SYSTEM).toString('base64'))],
  ['bytes that begin with a number', bytes(code('I1\n0', EVIL_0))],
  ['bytes that import without a line', bytes(code(SYSTEM, '.'))],
  ['a STRING', code(`S'${[...EVIL].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'\n`)],
];

test.each(DORMANT)('a payload in %s is found and is dormant', async (_what, value) => {
  const scan = await scanBytes(pickle('}', text('data'), value, 's'));
  expect(scan.ids).toContain('pickle-nested-dormant');
  expect(scan.ids).toContain('pickle-dangerous-call');
  // The findings of the payload itself name the way to it.
  expect(scan.findings.find(({ id }) => id === 'pickle-dangerous-call')?.path).toHaveLength(2);
});

test('a payload that is handed to a loader is loaded', async () => {
  const scan = await scanBytes(pickle(call('torch.storage', '_load_from_bytes', bytes(EVIL))));
  expect(scan.ids).toContain('pickle-nested-loaded');
  expect((await scanBytes(pickle(call('torch.storage', '_load_from_bytes', bytes(pickle('N')))))).verdict).toBe('clean');
  expect((await scanBytes(pickle(call('_pickle', 'loads', bytes(EVIL))))).verdict).toBe('malicious');
});

test('payloads inside of payloads are followed', async () => {
  const scan = await scanBytes(pickle(bytes(pickle(text(pickle(bytes(EVIL)).toString('base64'))))));
  expect(scan.ids).toContain('pickle-dangerous-call');
});

test('a harmless pickle inside of a pickle is no alarm', async () => {
  expect((await scanBytes(pickle(bytes(pickle('](NNe'))))).findings).toEqual([]);
});

test.each([
  "import os; os.system('x')",
  '__import__("os").system("x")',
  'exec(base64.b64decode("x"))',
  'x = eval(compile("1", "", "eval"))',
  Buffer.from("import os\nos.system('echo')").toString('base64'),
])('program text %j is suspicious', async (value) => {
  expect((await scanBytes(pickle(text(value)))).ids).toEqual(['pickle-code-text']);
});

test.each([
  'import the model first, then evaluate it',
  'The training run used os.environ and subprocess pools',
  'evaluate(x)',
  'x^2 + y^2 = 1 is a circle',
  'deadbeef'.repeat(8),
  Buffer.alloc(300, 0xfe).toString('base64'),
  'aGVsbG8gd29ybGQsIHRoaXMgaXMgaGFybWxlc3M=',
  'a'.repeat(10_000),
  'BZhang and others',
  '(see\nbelow.)',
])('the text %j is nothing', async (value) => {
  expect((await scanBytes(code(proto(4), text(value), '.'))).findings).toEqual([]);
});
