import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyServer, hydrateLinks, serverFolder } from '../../../src/store/embedded/server-package.ts';

let folder: string;
let native: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-package-'));
  native = join(folder, 'package', 'native');
  mkdirSync(join(native, 'lib'), { recursive: true });
  writeFileSync(join(native, 'lib', 'libx.so.1.2'), 'library');
  writeFileSync(
    join(native, 'pg-symlinks.json'),
    JSON.stringify([
      { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' },
      { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' },
    ]),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test.each([['{}'], ['[1]'], ['[{"source": 1, "target": "x"}]']])('a list of links that says %s is refused', (text) => {
  const broken = mkdtempSync(join(folder, 'broken-'));
  writeFileSync(join(broken, 'pg-symlinks.json'), text);
  expect(() => hydrateLinks(broken)).toThrow('DATABASE_URL');
});

test('the package of this platform is found', () => {
  expect(readdirSync(join(serverFolder(), 'bin'))).toContain('postgres');
});

test('missing links are made, existing ones left alone', () => {
  expect(hydrateLinks(native)).toBe(true);
  expect(readFileSync(join(native, 'lib', 'libx.so'), 'utf8')).toBe('library');
  expect(readFileSync(join(native, 'lib', 'libx.so.1'), 'utf8')).toBe('library');
  expect(hydrateLinks(native)).toBe(true);
});

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written is said to be so', () => {
  rmSync(join(native, 'lib', 'libx.so'));
  chmodSync(join(native, 'lib'), 0o555);
  expect(hydrateLinks(native)).toBe(false);
  chmodSync(join(native, 'lib'), 0o755);
});

test('a copy is whole, with its links, and is used again', () => {
  rmSync(join(native, 'lib', 'libx.so'), { force: true });
  const place = join(folder, 'copy');
  mkdirSync(join(place, 'unfinished'), { recursive: true });
  writeFileSync(join(place, 'unfinished', 'rest'), 'of a copy that broke off');
  const copy = copyServer(native, place);
  expect(readFileSync(join(copy, 'lib', 'libx.so'), 'utf8')).toBe('library');
  expect(readdirSync(place)).toEqual(['native']);
  writeFileSync(join(copy, 'mark'), '');
  expect(copyServer(native, place)).toBe(copy);
  expect(existsSync(join(copy, 'mark'))).toBe(true);
});
