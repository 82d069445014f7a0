import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprintOf, isTestRoot, readPinnedRoots, ROOT_NAMES } from '../../src/attestation/roots.ts';
import { mintCertificate } from './mint-certificates.ts';

const DIRECTORY = join(import.meta.dirname, '../../data/attestation-roots');

test('every pinned root is in the package, signs itself and is an authority', () => {
  const roots = readPinnedRoots(DIRECTORY);
  expect(Object.keys(roots)).toEqual([...ROOT_NAMES]);
  for (const root of Object.values(roots)) {
    expect(root.ca).toBe(true);
    expect(root.verify(root.publicKey)).toBe(true);
  }
});

test('the table of sources names the digest of each', () => {
  const sources = readFileSync(join(DIRECTORY, '../SOURCES.md'), 'utf8');
  for (const root of Object.values(readPinnedRoots(DIRECTORY))) expect(sources).toContain(fingerprintOf(root));
});

test('a folder with another certificate under the name, or without one, is refused', () => {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-roots-'));
  try {
    expect(() => readPinnedRoots(folder)).toThrow();
    const other = mintCertificate({ name: 'ARK-Milan' }).certificate;
    for (const name of ROOT_NAMES) writeFileSync(join(folder, `${name}.pem`), other.toString());
    expect(() => readPinnedRoots(folder)).toThrow(/pinned/u);
    expect(isTestRoot('amd-ark-milan', other)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
