import { createHash } from 'node:crypto';
import { appendFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blake3 } from '@noble/hashes/blake3.js';
import { describe, expect, test } from 'vitest';
import { hashModel } from '../../../src/artifacts/manifest/hash-model.ts';
import type { HashedModel, HashModelOptions } from '../../../src/artifacts/manifest/hash-model.ts';
import type { HashingProgress } from '../../../src/artifacts/manifest/hash-pool.ts';
import { walkModel } from '../../../src/artifacts/manifest/model-walk.ts';
import type { ModelFile } from '../../../src/artifacts/manifest/model-walk.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const MIB = 1024 * 1024;

function newFolder(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = temporaryFolder('hash');
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

async function filesOf(model: string): Promise<readonly ModelFile[]> {
  return (await walkModel(model, { ignored: new Set(), links: 'refuse' })).files;
}

function hashed(files: readonly ModelFile[], options: Partial<HashModelOptions> = {}): Promise<HashedModel> {
  return hashModel(files, { serialization: { method: 'files' }, hash: 'sha256', ...options });
}

/** More than is hashed without threads. */
const big = Buffer.alloc(40 * MIB, 'weights of a model, ');

test('BLAKE2b and BLAKE3 are verified too', async () => {
  const files = await filesOf(newFolder({ a: 'weights' }));
  expect((await hashed(files, { hash: 'blake2b' })).manifest.resources[0]?.digest).toBe(createHash('blake2b512').update('weights').digest('hex'));
  expect((await hashed(files, { hash: 'blake3' })).manifest.resources[0]?.digest).toBe(Buffer.from(blake3(Buffer.from('weights'))).toString('hex'));
});

describe('in threads', () => {
  test('digests are those of one thread, in files and in shards', async () => {
    const files = await filesOf(newFolder({ a: big, b: big.subarray(0, 9 * MIB + 1), c: '', d: 'small' }));
    const expected = [big, big.subarray(0, 9 * MIB + 1), Buffer.alloc(0), Buffer.from('small')].map((bytes) =>
      createHash('sha256').update(bytes).digest('hex'),
    );
    expect((await hashed(files, { threads: 2 })).manifest.resources.map(({ digest }) => digest)).toEqual(expected);
    const size = 7 * MIB;
    const { resources } = (await hashed(files, { threads: 2, serialization: { method: 'shards', shardSize: size } })).manifest;
    expect(resources.map(({ name }) => name)).toEqual(
      [0, 1, 2, 3, 4, 5]
        .map((n) => `a:${String(n * size)}:${String(Math.min((n + 1) * size, big.length))}`)
        .concat(`b:0:${String(size)}`, `b:${String(size)}:${String(9 * MIB + 1)}`, 'd:0:5'),
    );
    expect(resources[5]?.digest).toBe(
      createHash('sha256')
        .update(big.subarray(5 * size))
        .digest('hex'),
    );
  });

  test('progress ends with all bytes', async () => {
    const seen: number[] = [];
    const onProgress = ({ bytes, totalBytes }: HashingProgress): void => {
      seen.push(bytes);
      expect(totalBytes).toBe(big.length);
    };
    await hashed(await filesOf(newFolder({ a: big })), { onProgress });
    expect(seen.at(-1)).toBe(big.length);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('hashing can be stopped before and in the middle', async () => {
    const files = await filesOf(newFolder({ a: big, b: big, c: big }));
    await expect(hashed(files, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    const controller = new AbortController();
    const running = hashed(files, { threads: 1, signal: controller.signal });
    setImmediate(() => controller.abort(new Error('enough')));
    await expect(running).rejects.toThrow('enough');
  });

  test('a file that is gone is a problem there too', async () => {
    const model = newFolder({ a: big, b: 'x' });
    const files = await filesOf(model);
    rmSync(join(model, 'b'));
    expect((await hashed(files)).problems).toMatchObject([{ kind: 'unreadable', name: 'b', detail: 'ENOENT' }]);
  });
});

function replaceByLink(model: string): void {
  rmSync(join(model, 'a'));
  symlinkSync('b', join(model, 'a'));
}

describe('files that change between the visit and the hashing', () => {
  test.each<[string, (model: string) => void, string]>([
    ['shorter', (model) => truncateSync(join(model, 'a'), 3), 'changed'],
    ['longer', (model) => appendFileSync(join(model, 'a'), 'more'), 'changed'],
    ['another file', (model) => renameSync(join(model, 'b'), join(model, 'a')), 'changed'],
    ['a link', replaceByLink, 'unreadable'],
    ['nothing', (model) => rmSync(join(model, 'a')), 'unreadable'],
  ])('now %s', async (_, change, kind) => {
    const model = newFolder({ a: 'weights', b: 'weights' });
    const files = (await filesOf(model)).filter(({ name }) => name === 'a');
    change(model);
    const { problems, manifest } = await hashed(files);
    expect(problems).toMatchObject([{ kind, name: 'a' }]);
    expect(manifest.resources).toEqual([]);
  });
});

test('more digests than allowed are a problem before anything is read', async () => {
  const files = await filesOf(newFolder({ a: big }));
  const { problems, bytes } = await hashed(files, { serialization: { method: 'shards', shardSize: 1 }, maxResources: 1000 });
  expect([problems[0]?.kind, bytes]).toEqual(['limit', 0]);
});
