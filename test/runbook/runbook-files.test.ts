import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import { findNamedRunbook, findRunbookFile, listRunbooks } from '../../src/runbook/runbook-files.ts';
import { NO_TRUSTED_RUNBOOKS } from '../../src/runbook/trusted-runbooks.ts';

const TEXT = '# A\n\n- look\n- `./audits/check_logs.sh`\n';

let root: string;
let folders: readonly [string, string];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'elulmc-books-'));
  folders = [join(root, 'own'), join(root, 'program')];
  for (const folder of folders) mkdirSync(folder);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text = TEXT): string {
  writeFileSync(join(root, path), text);
  return join(root, path);
}

describe('a name', () => {
  test('is looked for in the folders, with or without .md, and the first goes before', () => {
    const program = write('program/daily.md');
    expect(findRunbookFile('daily', folders)).toBe(program);
    expect(findNamedRunbook('daily.md', folders)).toBe(program);
    const own = write('own/daily.md');
    expect(findNamedRunbook('daily', folders)).toBe(own);
    mkdirSync(join(root, 'own', 'team'));
    expect(findNamedRunbook('team/x', [write('own/team/x.md').slice(0, -'/team/x.md'.length)])).toBe(join(root, 'own/team/x.md'));
  });

  test.each(['../secret', '../secret.md', 'a/../../secret', '..\\secret', '', '.', 'nothing', 'folder.md', 'dead.md'])('%j names none', (given) => {
    write('secret.md');
    mkdirSync(join(root, 'own', 'folder.md'));
    symlinkSync(join(root, 'gone.md'), join(root, 'own', 'dead.md'));
    expect(() => findNamedRunbook(given, folders)).toThrow(
      expect.objectContaining({ code: 'RUNBOOK_INVALID', message: expect.stringContaining('elulmc runbook list') as string }),
    );
  });

  test('a path is taken as it is; where the process stands means nothing to the control plane', () => {
    const path = write('elsewhere.md');
    expect(findRunbookFile(path, folders)).toBe(path);
    expect(findNamedRunbook(path, folders)).toBe(path);
    expect(findRunbookFile('README.md', folders)).toBe('README.md');
    expect(() => findNamedRunbook('README.md', folders)).toThrow('there is no runbook README.md, nor in');
  });
});

test('the list holds every Markdown file, says which is hidden by another, and shows one that cannot be read with its problem', async () => {
  write('own/b.md', '---\nname: B\ndescription: What B is for.\n---\n# One\n\n- `./audits/check_logs.sh`\n\n# Two\n\n- `./ours.sh`\n- look\n');
  write('own/broken.md', '```bash\n');
  write('own/notes.txt');
  write('program/b.md');
  mkdirSync(join(root, 'program', 'folder.md'));
  const known = await listRunbooks(catalogue, [...folders, join(root, 'absent')], NO_TRUSTED_RUNBOOKS);
  expect(known).toEqual([
    {
      ...{ file: 'b', path: join(root, 'own/b.md'), overridden: false, title: 'B', description: 'What B is for.', sections: ['One', 'Two'] },
      ...{ commands: { total: 2, bound: 1, processes: 0 }, prose: 1, problem: null },
    },
    {
      ...{ file: 'broken', path: join(root, 'own/broken.md'), overridden: false, title: null, description: null, sections: [] },
      ...{ commands: { total: 0, bound: 0, processes: 0 }, prose: 0, problem: 'line 1: this code fence is never closed' },
    },
    {
      ...{ file: 'b', path: join(root, 'program/b.md'), overridden: true, title: 'A', description: null, sections: ['A'] },
      ...{ commands: { total: 1, bound: 1, processes: 0 }, prose: 1, problem: null },
    },
  ]);
});
