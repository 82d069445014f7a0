import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import h5wasm, { File } from 'h5wasm/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import { walkHdf5 } from '../../../src/artifacts/hdf5/hdf5-walk.ts';
import { readSuperblock } from '../../../src/artifacts/hdf5/superblock.ts';

interface Seen {
  readonly attributes: Map<string, string>;
  readonly external: string[];
  readonly faults: string[];
  sets: number;
}

function walk(bytes: Buffer): Seen {
  const seen: Seen = { attributes: new Map(), external: [], faults: [], sets: 0 };
  const { file, root } = readSuperblock(bytesSource(bytes), 0);
  walkHdf5(
    file,
    root,
    {
      attribute: (_path, { name, texts }) => void seen.attributes.set(name, texts[0]?.toString() ?? ''),
      link: (_path, link) => {
        if (link.kind === 'external') seen.external.push(`${link.name} ${link.file} ${link.object}`);
      },
      externalStorage: () => undefined,
      data: () => {
        seen.sets++;
      },
      fault: (path, { message }) => void seen.faults.push(`${path}: ${message}`),
    },
    new AbortController().signal,
  );
  return seen;
}

describe('files that the HDF5 library has written', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'elulmc-hdf5-'));
    await h5wasm.ready;
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  // A few links stand in the header of the group, many in a heap with a tree, very many in a tree of several levels.
  const cases = (['earliest', 'v110', 'latest'] as const).flatMap((libver) =>
    [false, true].flatMap((order) => [3, 12, 4000].map((links) => ({ libver, order, links }))),
  );
  it.each(cases)('in form $libver with $links links (in order: $order) are seen whole', ({ libver, order, links }) => {
    const path = join(folder, 'x.h5');
    const file = new File(path, 'w', { libver, track_order: order });
    const group = file.create_group('many', order);
    for (let i = 0; i < links; i++) {
      if (i % 3 === 0) group.create_dataset({ name: `n${String(i)}`, data: new Float32Array([1, 2]), shape: [2] });
      else if (i % 3 === 1) group.create_soft_link('/many/n0', `n${String(i)}`);
      else group.create_external_link('/etc/hostname', '/x', `n${String(i)}`);
    }
    const attributes = Math.min(links, 40);
    for (let i = 0; i < attributes; i++) file.create_attribute(`text${String(i)}`, `value ${String(i)}`);
    file.create_attribute('model_config', `{"x":"${'y'.repeat(70_000)}"}`);
    file.flush();
    file.close();
    const seen = walk(readFileSync(path));
    expect(seen.faults).toEqual([]);
    expect(seen.sets).toBe(Math.ceil(links / 3));
    expect(seen.external.sort()).toEqual(
      Array.from({ length: links }, (_, i) => i)
        .filter((i) => i % 3 === 2)
        .map((i) => `n${String(i)} /etc/hostname /x`)
        .sort(),
    );
    expect(seen.attributes.size).toBe(attributes + 1);
    expect(seen.attributes.get('text1')).toBe('value 1');
    expect(seen.attributes.get('model_config')).toHaveLength(70_008);
  });
});
