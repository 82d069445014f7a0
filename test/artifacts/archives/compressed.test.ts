import { crc32, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bunzip2 } from '../../../src/artifacts/archives/bunzip2.ts';
import { lzmaHeader, unlzma } from '../../../src/artifacts/archives/unlzma.ts';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { makeTar } from './make-tar.ts';
import { PAYLOAD } from './payload-reader.ts';
import { noise, rulesOf, scanBytes } from './scan-bytes.ts';

const BODY = Buffer.concat([PAYLOAD, Buffer.alloc(3000, 'A'), Buffer.from('banana'.repeat(50))]);
/** The body, by bzip2 and xz: Node has no writer of them. */
const BZIP2 = Buffer.from('QlpoOTFBWSZTWYRcCAEAAH8ViIACIAA+B84gAACACCAAVCSjTQAARUjahp6mjamYpTmAQlAfLKDgQc1KA+2J1X2oBAodb0WlsF8XckU4UJCEXAgB', 'base64');
const XZ = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Az2ADJdADKbCxFyA0qoVcim7NNO8A6BFEY1kywDSJEkav/Nv/eZ9tf+V/VIr5uWpzYIgLwcNwAAAAAAflSoZBjIXPkAAU73GQAAAJkrAiGxxGf7AgAAAAAEWVo=',
  'base64',
);

/** The same by LZMA as joblib writes it, with a mark at its end, and with its size in front. */
const LZMA = Buffer.from('XQAAgAD//////////wAymwsRcgNKqFXIpuzTTvAOgRRGNZMsA0iRJGr/zb/3mfbX/lf1SK+blqc2CIC8engB///bRwAA', 'base64');
const LZMA_SIZED = Buffer.from('XQAAgAD3DAAAAAAAAAAymwsRcgNKqFXIpuzTTvAOgRRGNZMsA0iRJGr/zb/3mfbX/lf1SK+blqc2CIC8engB///bRwAA', 'base64');
/** A zip with its member in LZMA, three times the payload. */
const LZMA_ZIP = Buffer.from(
  'UEsDBD8AAgAOAAAAIQAiAoz7KQAAADkAAAAQAAAAYXJjaGl2ZS9kYXRhLnBrbAkEBQBdAACAAAAymwsRcgNKqFXIpuzTTvAOgRRGNq5bOtHN///8ySAAUEsBAj8DPwACAA4AAAAhACICjPspAAAAOQAAABAAAAAAAAAAAAAAAIABAAAAAGFyY2hpdmUvZGF0YS5wa2xQSwUGAAAAAAEAAQA+AAAAVwAAAAAA',
  'base64',
);
/** `abcabcabcd` 40 times and every byte, with other properties and a small dictionary. */
const LZMA_OTHER = Buffer.from(
  'EgAQAAD//////////wAwmU2hGZizlVxFq8kP7KVb0e4xla9Y/qcGPc5rc07Yzfl+8OQn58EVgKmkkMIjP5Sg3uqznkWTUkaLLlkfc4es8wkMlVzYwJUNHja3esxtUIIlQLANW0HLykPM5nuiE6fIg0eBAK6UFcBqWChujotD9+dV6al4Dsis+vuMdbhyVsmOivpt/JUsl+7aJG5AZe0YZ4Gs/I5ZU4dCF+c3+l+58kTF/vd/wCzgNT1Et1rP0ckE5yB6gUYwrAVbGHaCDXN0MMOcjFZYt6ZZpkcfG7iO2FDrKbDFizPC2ludobdSYXJsaF2oNd8ugqYplsofKuhmVkXSKnpwDnul8Fax3z9buRN1KsNS16ws14cL4Db//+wXgAA=',
  'base64',
);

/** An LZ4 frame with one block of literals, and one that repeats the last byte. */
function lz4(bytes: Buffer): Buffer {
  const literals = bytes.length - 15;
  const extended = [...Array<number>(Math.floor(literals / 255)).fill(255), literals % 255];
  const tail = bytes.subarray(-5);
  const block = Buffer.concat([Buffer.from([0xf0, ...extended]), bytes, Buffer.from([1, 0, 0x50]), tail]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.from('04224d18604000', 'hex'), size, block, Buffer.alloc(4)]);
}

const streams: readonly { readonly name: string; readonly bytes: Buffer }[] = [
  { name: 'model.gz', bytes: gzipSync(BODY) },
  { name: 'model.zlib', bytes: deflateSync(BODY) },
  { name: 'model.zst', bytes: zstdCompressSync(BODY) },
  { name: 'model.bz2', bytes: BZIP2 },
  { name: 'model.xz', bytes: XZ },
  { name: 'model.lz4', bytes: lz4(BODY) },
  { name: 'model.lzma', bytes: LZMA },
  { name: 'model.lzma', bytes: LZMA_SIZED },
];

describe('compressed streams', () => {
  it.each(streams)('unpacks $name and scans what is in it', async ({ name, bytes }) => {
    const report = await scanBytes(bytes, name);
    expect(rulesOf(report)).toEqual(['test-payload']);
    expect(report.findings[0]?.path).toEqual([name, 'model']);
  });

  it.each(streams)('knows $name by content, whatever it is called', async ({ bytes }) => {
    expect(rulesOf(await scanBytes(bytes, 'weights'))).toEqual(['test-payload']);
  });

  it.each(streams)('says that $name breaks off, and scans what came before', async ({ name, bytes }) => {
    const report = await scanBytes(bytes.subarray(0, bytes.length - 9), name);
    expect(report.verdict).not.toBe('clean');
    // zstd has nothing before a block is whole, whoever unpacks it.
    if (!name.endsWith('.zst')) expect(rulesOf(report)).toContain('test-payload');
  });

  it('follows chains', async () => {
    const tar = makeTar([{ name: 'data', data: PAYLOAD }]);
    const report = await scanBytes(gzipSync(zstdCompressSync(tar)), 'model.tar.zst.gz');
    expect(report.findings.map(({ path }) => path)).toEqual([['model.tar.zst.gz', 'model.tar.zst', 'model.tar', 'data']]);
  });

  it('reads further gzip members, and reports what is behind the last one', async () => {
    const two = Buffer.concat([gzipSync(Buffer.alloc(0)), gzipSync(BODY)]);
    expect(rulesOf(await scanBytes(two, 'model.gz'))).toEqual(['test-payload']);
    const behind = Buffer.concat([deflateSync(Buffer.from('harmless')), PAYLOAD]);
    expect(rulesOf(await scanBytes(behind, 'model.zlib'))).toEqual(['compressed-bytes-behind', 'test-payload']);
  });

  it('stops at a ratio that only bombs have', async () => {
    expect(rulesOf(await scanBytes(gzipSync(Buffer.alloc(32 * 1024 * 1024)), 'model.gz'))).toEqual(['scan-unpack-ratio']);
  });

  it('does not take chance for a stream', async () => {
    const chance = Buffer.concat([Buffer.from([0x78, 0x9c]), noise(5000)]);
    expect((await scanBytes(chance, 'weights')).formats).toEqual([]);
    const gzipMark = Buffer.concat([Buffer.from('1f8b0800', 'hex'), noise(5000)]);
    expect((await scanBytes(gzipMark, 'weights')).formats).toEqual([]);
  });

  it('unpacks bzip2 in small pieces, bit by bit the same', () => {
    const pieces = [...bunzip2(bytesSource(BZIP2))];
    expect(crc32(Buffer.concat(pieces))).toBe(crc32(BODY));
  });

  it('unpacks LZMA with any properties', () => {
    const header = lzmaHeader(LZMA_OTHER);
    const bytes = header === null ? [] : [...unlzma(bytesSource(LZMA_OTHER), header, { at: 0 })];
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect(Buffer.concat(bytes).equals(Buffer.concat([Buffer.from('abcabcabcd'.repeat(40)), every]))).toBe(true);
  });

  it('unpacks members of zip archives that are packed by LZMA', async () => {
    expect(rulesOf(await scanBytes(LZMA_ZIP, 'model.pt'))).toEqual(['test-payload']);
  });

  it.each(streams)('never breaks on changed bytes of $name', async ({ name, bytes }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), async (changes) => {
        const changed = Buffer.from(bytes);
        for (const [at, value] of changes) changed[at] = value;
        expect(rulesOf(await scanBytes(changed, name))).not.toContain('scan-reader-failed');
      }),
      { numRuns: 60 },
    );
  });
});
