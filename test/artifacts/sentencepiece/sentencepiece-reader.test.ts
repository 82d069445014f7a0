import { expect, test } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { scanSource } from '../../../src/artifacts/scan/scan-file.ts';
import { pickle, SYSTEM } from '../pickle/assembler.ts';
import { field, number, varint } from '../protobuf/make-message.ts';

const score = Buffer.concat([varint(2 * 8 + 5), Buffer.from(Float32Array.of(-1.5).buffer)]);
const piece = (text: string, type?: number): Buffer => field(1, field(1, text), score, ...(type === undefined ? [] : [number(3, type)]));
const PIECES = Buffer.concat([piece('<unk>', 2), piece('<s>', 3), ...Array.from({ length: 300 }, (_, i) => piece(`▁word${String(i)}`))]);
const MODEL = Buffer.concat([PIECES, field(2, field(1, 'corpus.txt'), field(2, 'm')), field(3, field(1, 'nmt_nfkc'))]);

const scan = async (bytes: Buffer, name = 'tokenizer.model'): Promise<string[]> => {
  const { verdict, findings, formats } = await scanSource(bytesSource(bytes), name);
  return [verdict, ...formats, ...new Set(findings.map(({ rule }) => rule.id))];
};

test('a vocabulary is clean', async () => {
  expect(await scan(MODEL)).toEqual(['clean', 'sentencepiece']);
  expect(await scan(MODEL, 'spiece.model')).toEqual(['clean', 'sentencepiece']);
});

test('one that is cut, or goes on as something else, is malformed', async () => {
  expect(await scan(MODEL.subarray(0, 201))).toEqual(['malformed', 'sentencepiece', 'sentencepiece-broken']);
  expect(await scan(Buffer.concat([MODEL, number(9, 1)]))).toEqual(['malformed', 'sentencepiece', 'sentencepiece-broken']);
});

test('a pickle under its name, in it or behind it is found', async () => {
  expect((await scan(pickle(SYSTEM)))[0]).toBe('malicious');
  expect(await scan(Buffer.concat([MODEL, pickle(SYSTEM)]))).toContain('pickle-dangerous-call');
  expect(await scan(Buffer.concat([PIECES, field(3, pickle(SYSTEM))]))).toContain('pickle-dangerous-call');
});

test('other bytes of that name are not taken for one', async () => {
  expect((await scan(Buffer.from('0a0203ff', 'hex')))[0]).toBe('unsupported');
});
