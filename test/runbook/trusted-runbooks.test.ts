import { chmodSync, chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/operations/catalogue.ts';
import { checkRunbook } from '../../src/runbook/check.ts';
import { distrusted, openTrustedRunbooks } from '../../src/runbook/trusted-runbooks.ts';
import type { TrustedRunbooks } from '../../src/runbook/trusted-runbooks.ts';

const TEXT = '# A\n\n```bash\n./ours.sh\n```\n';

let home: string;
let file: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'elulmc-trust-'));
  mkdirSync(join(home, 'books'), { mode: 0o700 });
  file = join(home, 'books', 'ours.md');
  writeFileSync(file, TEXT, { mode: 0o600 });
});

afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

function trust(given = 'books/ours.md', folder: string | null = null): TrustedRunbooks {
  return openTrustedRunbooks([{ file: given, folder, timeout: 60_000 }], home);
}

test('exactly the text of the file is trusted, and its processes start in its folder', () => {
  expect(trust().find(TEXT)).toEqual({ folder: join(home, 'books'), timeoutMs: 60_000 });
  expect(trust(file, 'books').find(TEXT)).toEqual({ folder: join(home, 'books'), timeoutMs: 60_000 });
  expect(distrusted([{ file, folder: null, timeout: 60_000 }], home)).toEqual([]);
});

test('a text that differs in one character is not', () => {
  const trusted = trust();
  for (const other of [`${TEXT} `, TEXT.slice(0, -1), TEXT.replace('ours.sh', 'ours.sh;'), TEXT.replaceAll('\n', '\r\n'), '']) {
    expect(trusted.find(other)).toBeUndefined();
  }
});

test('the file is looked at anew each time: what it held before is not trusted any more', () => {
  const trusted = trust();
  const changed = TEXT.replace('ours.sh', 'theirs.sh');
  expect(trusted.find(changed)).toBeUndefined();
  writeFileSync(file, changed);
  expect(trusted.find(TEXT)).toBeUndefined();
  expect(trusted.find(changed)).toBeDefined();
  rmSync(file);
  expect(trusted.find(changed)).toBeUndefined();
});

describe('nothing is trusted that others can change', () => {
  function expectDistrust(why: string, given = 'books/ours.md', folder: string | null = null): void {
    expect(trust(given, folder).find(TEXT)).toBeUndefined();
    expect(distrusted([{ file: given, folder, timeout: 60_000 }], home).join()).toContain(why);
  }

  test.each([0o620, 0o602, 0o666])('a file with mode %o', (mode) => {
    chmodSync(file, mode);
    expectDistrust(`others can write ${file} (mode ${mode.toString(8)})`);
  });

  test.each([0o770, 0o707])('a folder with mode %o: the file could be replaced', (mode) => {
    chmodSync(join(home, 'books'), mode);
    expectDistrust(`others can write ${join(home, 'books')} (mode ${mode.toString(8)})`);
  });

  test('a folder further up', () => {
    chmodSync(home, 0o777);
    expectDistrust(`others can write ${home} (mode 777)`);
  });

  test('a sticky folder keeps files from being replaced, but not the file itself or where processes start', () => {
    chmodSync(join(home, 'books'), 0o1777);
    expectDistrust(`others can write ${join(home, 'books')} (mode 1777)`);
    mkdirSync(join(home, 'own'), { mode: 0o700 });
    expect(trust('books/ours.md', 'own').find(TEXT)).toEqual({ folder: join(home, 'own'), timeoutMs: 60_000 });
  });

  test.skipIf(process.getuid?.() !== 0)('a file of another user (skipped unless root runs this)', () => {
    chownSync(file, 12_345, 0);
    expectDistrust(`${file} belongs to another user (12345)`);
  });

  test('a folder for its processes', () => {
    mkdirSync(join(home, 'bin'));
    chmodSync(join(home, 'bin'), 0o777);
    expectDistrust('bin (mode 777)', 'books/ours.md', 'bin');
    expectDistrust('ENOENT', 'books/ours.md', 'nowhere');
  });

  test('a link counts as what it leads to', () => {
    symlinkSync(file, join(home, 'link.md'));
    expect(trust('link.md').find(TEXT)).toEqual({ folder: home, timeoutMs: 60_000 });
    chmodSync(file, 0o606);
    expectDistrust(`others can write ${file}`, 'link.md');
    chmodSync(file, 0o600);
    mkdirSync(join(home, 'open'));
    chmodSync(join(home, 'open'), 0o777);
    renameSync(file, join(home, 'open', 'ours.md'));
    symlinkSync(join(home, 'open', 'ours.md'), file);
    expectDistrust(`others can write ${join(home, 'open')}`, 'link.md');
  });

  test('a link to itself, a folder, and a file that is no runbook', () => {
    symlinkSync('loop.md', join(home, 'loop.md'));
    expectDistrust('ELOOP', 'loop.md');
    expectDistrust('is not a file', 'books');
    writeFileSync(file, Buffer.from([0xff, 0xfe, 0x00]));
    expectDistrust('is not UTF-8');
  });
});

test('check says of each line of a trusted text that it is a process', async () => {
  const trusted = await checkRunbook(catalogue, TEXT, trust());
  expect(trusted).toMatchObject({ bound: 0, processes: 1, unbound: 0, exit: 0 });
  const changed = await checkRunbook(catalogue, `${TEXT}\n`, trust());
  expect(changed).toMatchObject({ processes: 0, unbound: 1, exit: 3 });
  expect(changed.lines[0]?.reason).toContain('runbooks.processes in config.yaml');
});
