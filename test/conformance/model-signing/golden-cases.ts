import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HashName } from '../../../src/artifacts/manifest/digest.ts';
import { hashModel } from '../../../src/artifacts/manifest/hash-model.ts';
import { rootOf } from '../../../src/artifacts/manifest/manifest.ts';
import type { Manifest } from '../../../src/artifacts/manifest/manifest.ts';
import { walkModel } from '../../../src/artifacts/manifest/model-walk.ts';
import { filesBelow } from '../log/files.ts';
import type { ConformanceCase } from '../suite.ts';

/** The test models of the reference implementation, under the names of its golden files. */
function makeModel(name: string, folder: string): string {
  const model = join(folder, name);
  const put = (path: string, content: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const digits = ['0', '1', '2', '3'];
  if (name === 'sample_model_folder') {
    for (const d of ['0', '1']) for (const f of ['0', '1', '2']) put(`${name}/d${d}/f${d}${f}`, `This is file f${d}${f} in d${d}.`);
    for (const f of digits) put(`${name}/f${f}`, `This is file f${f} in root.`);
  } else if (name === 'deep_model_folder') for (const f of digits) put(`${name}/d0/d1/d2/d3/d4/f${f}`, `This is file f${f}.`);
  else if (name === 'sample_model_file') put(name, 'This is a simple model');
  else if (name === 'empty_model_file') put(name, '');
  else if (name === 'model_folder_with_empty_file') put(`${name}/empty_file`, '');
  else if (name === 'symlink_model_folder') {
    put('outside', 'This is a simple model');
    mkdirSync(model);
    symlinkSync(join(folder, 'outside'), join(model, 'symlink_file'));
  } else if (name === 'empty_model_folder') mkdirSync(model);
  else throw new Error(`no test model ${name} is known`);
  return model;
}

async function manifestOf(name: string, shardSize: number | null, hash: HashName): Promise<Manifest> {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-golden-'));
  try {
    const { files } = await walkModel(makeModel(name, folder), { ignored: new Set(), links: 'follow' });
    const serialization = shardSize === null ? { method: 'files' as const } : { method: 'shards' as const, shardSize };
    return (await hashModel(files, { serialization, hash })).manifest;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function modelOf(file: string): string {
  return file.replace(/(_small_shards|_shard)$/, '');
}

interface GoldenStatement {
  readonly subject: readonly [{ readonly digest: { readonly sha256: string } }];
  readonly predicate: {
    readonly serialization: { readonly method: string; readonly hash_type: HashName; readonly shard_size?: number };
    readonly resources?: readonly { readonly name: string; readonly algorithm: string; readonly digest: string }[];
  };
}

function statementCase(directory: string, file: string): ConformanceCase {
  const { subject, predicate } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as GoldenStatement;
  const { method, hash_type: hash, shard_size: size = 1_000_000_000 } = predicate.serialization;
  const lines = (predicate.resources ?? []).map(({ name, algorithm, digest }) => `${name} ${algorithm} ${digest}`);
  return {
    name: `golden-payloads/statements/${file}`,
    group: 'golden statements',
    expected: [...lines, subject[0].digest.sha256].join('\n'),
    given: async () => {
      const { resources } = await manifestOf(modelOf(file), method === 'files' ? null : size, hash);
      const algorithm = method === 'files' ? hash : `${hash}-sharded-${String(size)}`;
      return [...resources.map(({ name, digest }) => `${name} ${algorithm} ${digest}`), rootOf(resources)].join('\n');
    },
  };
}

function manifestCase(directory: string, folder: string, file: string): ConformanceCase {
  const size = folder === 'manifest-file' ? null : file.endsWith('_small_shards') ? 8 : 1_000_000_000;
  return {
    name: `golden-payloads/${folder}/${file}`,
    group: 'golden manifests',
    expected: readFileSync(join(directory, file), 'utf8').trimEnd(),
    given: async () => (await manifestOf(modelOf(file), size, 'sha256')).resources.map(({ name, digest }) => `${name}:${digest}`).join('\n'),
  };
}

/** Names, order, algorithms, digests and ROOT of every golden payload, made from the texts of its model. */
export function goldenCases(directory: string): ConformanceCase[] {
  const golden = join(directory, 'golden-payloads');
  if (!existsSync(golden)) return [];
  return [
    ...filesBelow(join(golden, 'statements')).map((file) => statementCase(join(golden, 'statements'), file)),
    ...['manifest-file', 'manifest-shard'].flatMap((folder) =>
      filesBelow(join(golden, folder)).map((file) => manifestCase(join(golden, folder), folder, file)),
    ),
  ];
}
