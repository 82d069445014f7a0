import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inputsFor, readCollateral } from '../../src/attestation/collateral-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-collateral-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function put(path: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), path);
}

function taken(kind: string, device?: number): Record<string, string> {
  const inputs = inputsFor(readCollateral(folder).collateral, kind, device);
  return Object.fromEntries(Object.entries(inputs).map(([name, bytes]) => [name, bytes.toString()]));
}

test('a folder that is not there is an error', () => {
  expect(() => readCollateral(join(folder, 'none'))).toThrow('ENOENT');
});

test('files are named as inputs, and each kind takes its own', () => {
  for (const name of ['ask.pem', 'crl.der', 'collateral.json', 'README.md']) put(name);
  expect(taken('snp')).toEqual({ ask: 'ask.pem', crl: 'crl.der' });
  expect(taken('tdx')).toEqual({ collateral: 'collateral.json' });
  expect(taken('nitro')).toEqual({});
  expect(readCollateral(folder).unused).toEqual(['README.md']);
});

test('a folder of a kind wins over the folder of all, and one of a device over both', () => {
  for (const name of ['chain.pem', 'nvidia-gpu/chain.pem', 'nvidia-gpu-1/chain.pem', 'other/chain.pem']) put(name);
  expect(taken('nvidia-gpu')).toEqual({ chain: 'nvidia-gpu/chain.pem' });
  expect(taken('nvidia-gpu', 0)).toEqual({ chain: 'nvidia-gpu/chain.pem' });
  expect(taken('nvidia-gpu', 1)).toEqual({ chain: 'nvidia-gpu-1/chain.pem' });
  expect(readCollateral(folder).unused).toEqual(['other/']);
});

test('two files of one name are an error: nobody could say which counts', () => {
  put('ask.pem');
  put('ask.der');
  expect(() => readCollateral(folder)).toThrow('two files are ask');
});
