import { expect, test } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { scanSource } from '../../../src/artifacts/scan/scan-file.ts';
import { makeSafetensors } from '../safetensors/support.ts';
import { bytes, call, code, pickle, SYSTEM, text, tuple } from './assembler.ts';

const EVIL = pickle(SYSTEM);

async function verdictOf(content: Buffer, name = 'model.pkl'): Promise<string> {
  return (await scanSource(bytesSource(content), name)).verdict;
}

test.each([
  ['bytes', bytes(EVIL)],
  ['base64', text(EVIL.toString('base64'))],
  ['a pickle inside of bytes', bytes(pickle(bytes(EVIL)))],
])('what nothing loads is suspicious, not malicious: a payload in %s', async (_what, value) => {
  expect(await verdictOf(pickle('}', text('data'), value, 's'))).toBe('suspicious');
});

test.each([
  ['as an argument', call('my_package.codecs', 'restore', bytes(EVIL))],
  ['as base64', call('my_package.codecs', 'restore', text(EVIL.toString('base64')))],
  ['in a tuple', call('my_package.codecs', 'restore', tuple(bytes(EVIL), 'N'))],
  ['as the result of another call', call('my_package', 'restore', call('my_package', 'decode', text(EVIL.toString('base64'))))],
  ['as a state', code(call('my_package', 'Model'), bytes(EVIL), 'b')],
  ['to torch', call('torch.storage', '_load_from_bytes', bytes(EVIL))],
])('a payload that is handed on is malicious, whoever takes it: %s', async (_how, value) => {
  expect(await verdictOf(pickle(value))).toBe('malicious');
});

test('a payload beside a call that does not take it stays dormant', async () => {
  expect(await verdictOf(pickle('(', call('my_package', 'Model'), bytes(EVIL), 't'))).toBe('suspicious');
});

test('a pickle in the bytes of a tensor is suspicious', async () => {
  const content = makeSafetensors({ blob: { dtype: 'U8', shape: [EVIL.length], data: EVIL } });
  expect(await verdictOf(content, 'model.safetensors')).toBe('suspicious');
});
