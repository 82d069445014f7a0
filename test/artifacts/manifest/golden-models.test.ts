import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { hashModel } from '../../../src/artifacts/manifest/hash-model.ts';
import { rootOf } from '../../../src/artifacts/manifest/manifest.ts';
import type { Manifest, Serialization } from '../../../src/artifacts/manifest/manifest.ts';
import { walkModel } from '../../../src/artifacts/manifest/model-walk.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

// The test models of the reference implementation (sigstore/model-transparency), made from the texts that it makes them of.
const folder = temporaryFolder('golden');

function put(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

for (const d of ['0', '1']) for (const f of ['0', '1', '2']) put(`sample_model/d${d}/f${d}${f}`, `This is file f${d}${f} in d${d}.`);
for (const f of ['0', '1', '2', '3']) put(`sample_model/f${f}`, `This is file f${f} in root.`);
for (const f of ['0', '1', '2', '3']) put(`deep_model/d0/d1/d2/d3/d4/f${f}`, `This is file f${f}.`);
put('file_model', 'This is a simple model');
mkdirSync(join(folder, 'symlink_model'));
symlinkSync(join(folder, 'file_model'), join(folder, 'symlink_model', 'symlink_file'));
put('empty_file_model', '');
put('empty_file_inside_model/empty_file', '');
mkdirSync(join(folder, 'empty_folder_model'));

async function manifestOf(model: string, serialization: Serialization = { method: 'files' }): Promise<Manifest> {
  const { files, problems } = await walkModel(join(folder, model), { ignored: new Set(), links: 'follow' });
  expect(problems).toEqual([]);
  return (await hashModel(files, { serialization, hash: 'sha256' })).manifest;
}

test.each([
  ['sample_model', '143cc682e555951649f18e2761c3d526d2502996f5e32dc187ef7f8a614f8df7'],
  ['deep_model', '18b5a45fe7983f7194e8ffd96c80f5f0ec53191bf4a32b6aff293f043e816d7a'],
  ['file_model', '002d162f867c5eee944e5080d25829b6625be0e3f081f6fbafc7dd655ca2e178'],
  ['symlink_model', '002d162f867c5eee944e5080d25829b6625be0e3f081f6fbafc7dd655ca2e178'],
  ['empty_file_model', '5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456'],
  ['empty_file_inside_model', '5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456'],
  ['empty_folder_model', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
])('the ROOT of %s is that of the reference implementation', async (model, root) => {
  expect(rootOf((await manifestOf(model)).resources)).toBe(root);
});

test('names and digests of files', async () => {
  const { resources } = await manifestOf('sample_model');
  expect(resources.map(({ name }) => name)).toEqual(['d0/f00', 'd0/f01', 'd0/f02', 'd1/f10', 'd1/f11', 'd1/f12', 'f0', 'f1', 'f2', 'f3']);
  expect(resources[0]?.digest).toMatch(/^fdd8925354242a7f/);
  expect(resources[6]?.digest).toMatch(/^997b37cc51f1ca1c/);
  const [only] = (await manifestOf('file_model')).resources;
  expect(only).toEqual({ name: '.', digest: '3aab065c7181a173b5dd9e9d32a9f79923440b413be1e1ffcdba26a7365f719b' });
});

test('names and digests of shards, the last one short', async () => {
  const { resources } = await manifestOf('sample_model', { method: 'shards', shardSize: 8 });
  expect(resources.slice(0, 4)).toEqual([
    { name: 'd0/f00:0:8', digest: 'a37010c994067764d86540bf479d93b4d0c3bb3955de7b61f951caf2fd0301b0' },
    { name: 'd0/f00:8:16', digest: '03d5bb235fbf6771da18a650a7d01c1d6b85ada9de9cc62d27752a1c2a05548b' },
    { name: 'd0/f00:16:23', digest: '003b089e217915b12ca9509b2f8a01be7cfe662ffadeb1cd3cf3f430c7b9773a' },
    { name: 'd0/f01:0:8', digest: 'a37010c994067764d86540bf479d93b4d0c3bb3955de7b61f951caf2fd0301b0' },
  ]);
  expect(rootOf(resources)).toBe('2139af57fd2a4f324ac7cd0fc04898cce73d0871b363c8eb3fc07ab7da4c8445');
});

test('shards that are larger than every file are one for each, and an empty file has none', async () => {
  expect((await manifestOf('file_model', { method: 'shards', shardSize: 1000 })).resources.map(({ name }) => name)).toEqual(['.:0:22']);
  expect((await manifestOf('empty_file_inside_model', { method: 'shards', shardSize: 8 })).resources).toEqual([]);
});
