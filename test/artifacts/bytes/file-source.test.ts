import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileSource } from '../../../src/artifacts/bytes/file-source.ts';

/** More windows than a source keeps. */
const SIZE = 12 * 1024 * 1024 + 123;

describe('a file under scan', () => {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-file-source-'));
  const path = join(folder, 'file');
  const content = Buffer.alloc(SIZE);
  let source: FileSource;

  beforeAll(() => {
    for (let at = 0; at + 4 <= SIZE; at += 4) content.writeUInt32LE(at, at);
    writeFileSync(path, content);
    source = FileSource.open(path);
  });
  afterAll(() => {
    source.close();
    rmSync(folder, { recursive: true });
  });

  it('gives the bytes of any place, also after so many places that the first are forgotten', () => {
    for (let at = 0; at < SIZE; at += 4096) expect(source.read(at, 8)).toEqual(content.subarray(at, at + 8));
    fc.assert(
      fc.property(fc.nat(SIZE + 100), fc.oneof(fc.nat(300), fc.nat(20_000)), (at, length) => {
        expect(source.read(at, length).equals(content.subarray(at, at + length))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('gives bytes that stay as they are', () => {
    const first = source.read(0, 100);
    const copy = Buffer.from(first);
    for (let at = 0; at < SIZE; at += 4096) source.read(at, 1);
    expect(first).toEqual(copy);
  });

  it('gives fewer where it ends, none behind it', () => {
    expect(source.read(SIZE - 3, 10)).toEqual(content.subarray(SIZE - 3));
    expect(source.read(SIZE, 1)).toHaveLength(0);
    writeFileSync(join(folder, 'empty'), '');
    const empty = FileSource.open(join(folder, 'empty'));
    expect(empty.read(0, 1)).toHaveLength(0);
    empty.close();
  });
});
