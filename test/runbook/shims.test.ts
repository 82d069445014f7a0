import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeShims } from '../../src/runbook/shims.ts';

const folder = mkdtempSync(join(tmpdir(), 'elulmc shims-'));
const launcher = join(folder, "the 'launcher'", 'elulmc');
mkdirSync(join(folder, "the 'launcher'"));
writeFileSync(launcher, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
const shims = join(folder, 'shims');
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function said(program: string, ...given: readonly string[]): readonly string[] {
  return execFileSync(program, given, { cwd: shims, encoding: 'utf8' }).trimEnd().split('\n');
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('a file of somebody else is left alone, and nothing is written', () => {
  const path = join(folder, 'taken', 'security', 'emergency_isolation.sh');
  mkdirSync(join(folder, 'taken', 'security'), { recursive: true });
  writeFileSync(path, 'mine');
  expect(() => writeShims(join(folder, 'taken'), [launcher])).toThrow('is not a shim');
  expect(readFileSync(path, 'utf8')).toBe('mine');
  expect(() => statSync(join(folder, 'taken', 'governance'))).toThrow('ENOENT');
});

test('the lines of the document run from the folder, called by path', () => {
  expect(writeShims(shims, [launcher])).toContain('governance/revoke_all_sessions.py');
  expect(writeShims(shims, [launcher])).toContain('security/emergency_isolation.sh');
  expect(writeShims(shims, [launcher])).toContain('security/backdoor_scan.py');
  expect(said('./security/emergency_isolation.sh')).toEqual(['run', '--', './security/emergency_isolation.sh']);
  expect(said('./governance/revoke_all_sessions.py', '--x', 'a b')).toEqual(['run', '--', './governance/revoke_all_sessions.py', '--x', 'a b']);
});

test.skipIf(!hasPython())('a .py file runs under Python too (skipped without python3)', () => {
  expect(said('python3', 'governance/revoke_all_sessions.py', '--x', 'a b')).toEqual(['run', '--', './governance/revoke_all_sessions.py', '--x', 'a b']);
});
