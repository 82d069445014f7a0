import { expect, test } from 'vitest';
import { scanBytes } from '../memory-unit.ts';
import { code, int, orderedDict, pickle, proto, storage, SYSTEM, tensor, text, TRUE, u64 } from './assembler.ts';

const MAGIC = code(proto(2), Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex'), '.');
const VERSION = code(proto(2), 'M\xe9\x03.');
const SYSTEM_INFO = pickle('}(', text('protocol_version'), int(1001), text('little_endian'), TRUE, text('type_sizes'), '}u');
const OBJECT = pickle(orderedDict(), text('w'), tensor(storage('FloatStorage', '7', 2, true), 0, [2], [1]), 's');
const KEYS = pickle('](', text('7'), 'e');
const DATA = code(u64(2n), Buffer.alloc(8, 0x80));

const file = (parts: { magic?: Buffer; version?: Buffer; system?: Buffer; object?: Buffer; keys?: Buffer; data?: Buffer } = {}): Buffer =>
  code(parts.magic ?? MAGIC, parts.version ?? VERSION, parts.system ?? SYSTEM_INFO, parts.object ?? OBJECT, parts.keys ?? KEYS, parts.data ?? DATA);

test('five pickles and the storages they name are clean', async () => {
  const scan = await scanBytes(file(), 'model.pt');
  expect(scan.findings).toEqual([]);
  expect(scan.checked).toContain('storages of the old torch format');
});

test.each(['version', 'system', 'object', 'keys'] as const)('a payload in the %s pickle is found', async (part) => {
  expect((await scanBytes(file({ [part]: pickle(SYSTEM) }), 'model.pt')).verdict).toBe('malicious');
});

test('a payload behind the storages is found', async () => {
  expect((await scanBytes(code(file(), pickle(SYSTEM)), 'model.pt')).verdict).toBe('malicious');
  expect((await scanBytes(code(file(), Buffer.alloc(99, 0xfe), pickle(SYSTEM)), 'model.pt')).verdict).toBe('malicious');
});

test('a magic number that is computed does not hide the other pickles', async () => {
  const magic = code(proto(2), "c__builtin__\neval\n(S'1'\ntR.");
  expect((await scanBytes(file({ magic, object: pickle(SYSTEM) }), 'model.pt')).verdict).toBe('malicious');
});

test.each([
  ['another version', file({ version: pickle('K\x01') })],
  ['no description of a system', file({ system: pickle('}') })],
  ['keys that are no list', file({ keys: pickle('N') })],
  ['a storage that no tensor names', file({ keys: pickle('](', text('8'), 'e') })],
  ['a storage that is not there', file({ keys: pickle(']'), data: Buffer.alloc(0) })],
  ['another number of elements', file({ data: code(u64(3n), Buffer.alloc(12)) })],
  ['a storage that is cut off', file({ data: code(u64(2n), Buffer.alloc(7)) })],
  ['a negative number of elements', file({ data: code(u64(2n ** 64n - 1n), Buffer.alloc(8)) })],
])('%s is a mismatch', async (_what, content) => {
  const scan = await scanBytes(content, 'model.pt');
  expect(scan.ids).toContain('pickle-torch-legacy-mismatch');
});
