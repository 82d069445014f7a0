import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { walkModel } from '../../../src/artifacts/manifest/model-walk.ts';
import type { WalkedModel, WalkOptions } from '../../../src/artifacts/manifest/model-walk.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

function newFolder(...files: readonly string[]): string {
  const folder = temporaryFolder('walk');
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), file);
  }
  return folder;
}

async function walked(model: string, options: Partial<WalkOptions> = {}): Promise<WalkedModel> {
  return walkModel(model, { ignored: new Set(), links: 'refuse', ...options });
}

function names({ files }: WalkedModel): readonly string[] {
  return files.map(({ name }) => name).sort();
}

function problems(result: WalkedModel): readonly string[] {
  return result.problems.map(({ kind, name }) => `${kind} ${name}`);
}

test('every file is visited, those with a dot included', async () => {
  expect(names(await walked(newFolder('a', '.b', 'c/.d/e')))).toEqual(['.b', 'a', 'c/.d/e']);
});

test('an ignored folder is not visited, one whose name begins like it is', async () => {
  const result = await walked(newFolder('skip/a', 'skipped/b', 'c/skip/d'), { ignored: new Set(['skip']) });
  expect(names(result)).toEqual(['c/skip/d', 'skipped/b']);
  expect(result.ignored).toEqual(['skip']);
});

test('a link below an ignored folder is none of our business', async () => {
  const model = newFolder('skip/a');
  symlinkSync('/etc/passwd', join(model, 'skip', 'link'));
  expect((await walked(model, { ignored: new Set(['skip']) })).problems).toEqual([]);
});

test('a socket is a problem, with or without a link to it', async () => {
  const model = newFolder('a');
  const server = createServer().listen(join(model, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  symlinkSync('socket', join(model, 'to-socket'));
  try {
    expect(problems(await walked(model, { links: 'follow' })).toSorted()).toEqual(['special-file socket', 'special-file to-socket']);
  } finally {
    server.close();
  }
});

test('links are problems, unless they are followed', async () => {
  const model = newFolder('a', 'folder/b');
  const elsewhere = newFolder('outside');
  symlinkSync('a', join(model, 'inside'));
  symlinkSync(join(elsewhere, 'outside'), join(model, 'outside'));
  symlinkSync('nothing', join(model, 'broken'));
  symlinkSync('around', join(model, 'around'));
  symlinkSync('folder', join(model, 'directory'));
  expect(problems(await walked(model)).toSorted()).toEqual(['around', 'broken', 'directory', 'inside', 'outside'].map((name) => `link ${name}`));
  const followed = await walked(model, { links: 'follow' });
  expect(problems(followed).toSorted()).toEqual(['broken-link around', 'broken-link broken']);
  expect(names(followed)).toEqual(['a', 'folder/b', 'inside', 'outside']);
  expect(followed.links.map(({ name, kind }) => `${name} ${kind}`).toSorted()).toEqual(['directory directory', 'inside inside', 'outside outside']);
});

test('a model that is itself a link counts as one', async () => {
  const model = newFolder('a');
  const link = join(newFolder(), 'current');
  symlinkSync(model, link);
  expect(problems(await walked(link))).toEqual(['link .']);
  expect(names(await walked(link, { links: 'follow' }))).toEqual(['a']);
});

test('names that are no UTF-8 are refused, because two of them could not be told apart', async () => {
  const model = newFolder();
  writeFileSync(Buffer.concat([Buffer.from(`${model}/a`), Buffer.from([0xff])]), '');
  expect(problems(await walked(model))).toEqual(['name a\uFFFD']);
});

test('more entries or deeper folders than allowed are a problem', async () => {
  expect(problems(await walked(newFolder('a', 'b', 'c'), { maxEntries: 2 }))).toEqual(['limit .']);
  expect(problems(await walked(newFolder(`${'d/'.repeat(120)}a`)))[0]).toMatch(/^limit d\//);
});

test('a walk can be stopped', async () => {
  await expect(walked(newFolder('a'), { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
