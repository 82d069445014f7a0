import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout } from './planted-tree.ts';

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*([.](test|cases|d))?[.](ts|js)$/;
const EMPTY_NAME = /(^|[/-])(utils?|helpers?|common|misc|managers?|lib)([/.-]|$)/;

const ownFiles = globSync('{src,bin,bench,scripts,test}/**/*.{ts,js}', { cwd: checkout });

describe('names and files', () => {
  test('source files are in kebab case', () => {
    expect(ownFiles.filter((path) => !KEBAB_CASE.test(basename(path)))).toEqual([]);
  });

  test('no folder and no file has a name that says nothing', () => {
    expect(ownFiles.filter((path) => EMPTY_NAME.test(path))).toEqual([]);
  });

  test('programs can be started', () => {
    for (const program of ['bin/elulmc', '.ci/run']) expect(statSync(join(checkout, program)).mode & 0o111, program).toBe(0o111);
  });

  test('the lock file names no registry', () => {
    expect(readFileSync(join(checkout, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });

  test('every npm script works from a fresh clone', () => {
    const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { readonly scripts: Readonly<Record<string, string>> };
    expect(Object.entries(scripts).filter(([, line]) => !line.startsWith('node scripts/setup.js && exec '))).toEqual([]);
  });
});
