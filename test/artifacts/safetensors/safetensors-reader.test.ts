import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { SAFETENSORS_READER } from '../../../src/artifacts/safetensors/safetensors-reader.ts';
import { floats, makeSafetensors, scanWith, withHeader } from './support.ts';
import type { Scanned } from './support.ts';

const reader = SAFETENSORS_READER;
const scan = (bytes: Buffer): Promise<Scanned> => scanWith(reader, bytes, 'model.safetensors');
const plain = makeSafetensors(
  { a: { dtype: 'F32', shape: [2, 2], data: floats(1, 2, 3, 4) }, b: { dtype: 'F16', shape: [3], data: Buffer.alloc(6) } },
  { format: 'pt' },
);

describe('a sound safetensors file', () => {
  it('has no finding', async () => {
    const { findings, checked } = await scan(plain);
    expect(findings).toEqual([]);
    expect(checked).toContain('NaN and infinity in tensors');
  });

  it.each([
    ['no tensors', withHeader('{}')],
    ['spaces behind the header', withHeader('{}     ')],
    [
      'a scalar and an empty tensor',
      makeSafetensors({ s: { dtype: 'F64', shape: [], data: Buffer.alloc(8) }, e: { dtype: 'I8', shape: [0, 7], data: Buffer.alloc(0) } }),
    ],
    ['elements of four bits', makeSafetensors({ q: { dtype: 'F4', shape: [4], data: Buffer.alloc(2) } })],
    ['a name with escapes', withHeader('{"a\\u0062":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', Buffer.alloc(1))],
  ])('may have %s', async (_, bytes) => {
    expect((await scan(bytes)).findings).toEqual([]);
  });
});

describe('a malformed safetensors file', () => {
  const one = (entry: string, data = 16): Buffer => withHeader(`{"a":${entry}}`, Buffer.alloc(data));
  it.each([
    ['nothing', Buffer.alloc(0), 'safetensors-header'],
    ['half a length', Buffer.alloc(5), 'safetensors-header'],
    ['a header that is longer than the file', Buffer.from('\xff\0\0\0\0\0\0\0{}', 'latin1'), 'safetensors-header'],
    ['a length that overflows', Buffer.from(`${'\xff'.repeat(8)}{}`, 'latin1'), 'safetensors-header'],
    ['an array as header', withHeader('[]'), 'safetensors-header'],
    ['space before the header', withHeader(' {}'), 'safetensors-header'],
    ['a string for a number', one('{"dtype":"F32","shape":["4"],"data_offsets":[0,16]}'), 'safetensors-entry'],
    ['a fraction', one('{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}'), 'safetensors-entry'],
    ['a negative number', one('{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}'), 'safetensors-entry'],
    ['three offsets', one('{"dtype":"F32","shape":[4],"data_offsets":[0,16,16]}'), 'safetensors-entry'],
    ['no dtype', one('{"shape":[4],"data_offsets":[0,16]}'), 'safetensors-entry'],
    ['a tensor that is a number', one('4', 0), 'safetensors-entry'],
    ['metadata that is no text', withHeader('{"__metadata__":{"a":1}}'), 'safetensors-entry'],
    ['metadata within metadata', withHeader('{"__metadata__":{"a":{"b":"c"}}}'), 'safetensors-entry'],
    ['a metadata key twice', withHeader('{"__metadata__":{"a":"b","a":"c"}}'), 'safetensors-duplicate-name'],
    ['a field twice', one('{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}'), 'safetensors-duplicate-name'],
    [
      'a tensor twice',
      withHeader('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', Buffer.alloc(2)),
      'safetensors-duplicate-name',
    ],
    ['an unknown dtype', one('{"dtype":"F7","shape":[4],"data_offsets":[0,16]}'), 'safetensors-layout'],
    ['a product that wraps to the right size', one('{"dtype":"F32","shape":[4611686018427387908,1],"data_offsets":[0,16]}'), 'safetensors-layout'],
    ['half a byte', one('{"dtype":"F4","shape":[3],"data_offsets":[0,1]}', 1), 'safetensors-layout'],
    ['an end before the beginning', one('{"dtype":"F32","shape":[4],"data_offsets":[16,0]}'), 'safetensors-layout'],
    ['data behind the file', one('{"dtype":"F32","shape":[4],"data_offsets":[0,16]}', 15), 'safetensors-layout'],
    ['a hole at the start', one('{"dtype":"F32","shape":[3],"data_offsets":[4,16]}'), 'safetensors-layout'],
    ['bytes behind the last tensor', Buffer.concat([plain, Buffer.alloc(9)]), 'safetensors-trailing-bytes'],
  ])('with %s is found', async (_, bytes, id) => {
    const { findings, ids } = await scan(bytes);
    expect(ids).toContain(id);
    expect(findings.every(({ rule }) => rule.alarm === 'malformed')).toBe(true);
  });

  it('is said to be so at the offset of the tensor', async () => {
    const [finding] = (
      await scan(withHeader('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', Buffer.alloc(2)))
    ).findings;
    expect(finding?.offset).toBe(8 + 53);
  });
});

describe('what hides in a safetensors file', () => {
  it('is told from ordinary metadata', async () => {
    expect((await scan(makeSafetensors({}, { note: 'trained on imported data, see https://example.org' }))).ids).toEqual([]);
    expect((await scan(makeSafetensors({}, { note: "__import__('os').system('id')" }))).ids).toEqual(['safetensors-metadata-code']);
    expect((await scan(makeSafetensors({}, { token: `hf_${'a'.repeat(34)}` }))).ids).toEqual(['safetensors-metadata-secret']);
  });

  it('may be an archive behind the tensors, which is scanned as one', async () => {
    const { ids, inside } = await scan(Buffer.concat([plain, Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]));
    expect(ids).toEqual(['safetensors-appended-archive']);
    expect(inside).toEqual([{ name: 'behind-the-tensors', how: 'behind', offset: plain.length, size: 22 }]);
  });

  it('may be a program or a pickle in a tensor', async () => {
    const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(57)]);
    expect((await scan(makeSafetensors({ w: { dtype: 'F32', shape: [16], data: elf } }))).ids).toEqual(['safetensors-embedded']);
    const pickle = Buffer.from('\x80\x02cposix\nsystem\nq\0.', 'latin1');
    expect((await scan(makeSafetensors({ w: { dtype: 'U8', shape: [pickle.length], data: pickle } }))).ids).toEqual(['safetensors-embedded']);
  });

  it('is not seen in bytes that only begin like one', async () => {
    const data = Buffer.from('\x80\x04\x12\x7fMZ\x90\0PK\x03\x04'.padEnd(64, '\x07'), 'latin1');
    expect((await scan(makeSafetensors({ w: { dtype: 'U8', shape: [64], data } }))).ids).toEqual([]);
  });

  it('may be NaN or infinity', async () => {
    const { findings } = await scan(makeSafetensors({ w: { dtype: 'F32', shape: [3], data: floats(1, NaN, 2) } }));
    expect(findings.map(({ rule, offset }) => [rule.id, offset])).toEqual([['safetensors-not-finite', 8 + 55 + 4]]);
  });
});

describe('safetensors files', () => {
  it('are recognized by content, and by name where the content is broken', () => {
    const recognizes = (bytes: Buffer, name: string): boolean => reader.recognizes(bytes.subarray(0, 4096), { source: bytesSource(bytes), name });
    expect(recognizes(plain, 'weights.bin')).toBe(true);
    expect(recognizes(Buffer.alloc(4), 'a.SAFETENSORS')).toBe(true);
    expect(recognizes(Buffer.from('{"a": 1, "b": 2}'), 'config.json')).toBe(false);
  });

  it('with any one byte of the header changed never throw', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(255), async (at, byte) => {
        const bytes = Buffer.from(plain);
        bytes[at % plain.length] = byte;
        await scan(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('cut anywhere are never clean', async () => {
    for (let end = 0; end < plain.length; end++) expect((await scan(plain.subarray(0, end))).findings.length).toBeGreaterThan(0);
  });
});
