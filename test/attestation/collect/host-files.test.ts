import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hostFiles } from '../../../src/attestation/collect/host-files.ts';

const root = mkdtempSync(join(tmpdir(), 'elulmc-files-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});
const files = hostFiles(root);

test('what is not there, what is no file, and what is', () => {
  mkdirSync(join(root, 'sys'));
  writeFileSync(join(root, 'sys/one'), 'content');
  symlinkSync('one', join(root, 'sys/link'));
  expect(files.read('/sys/two')).toEqual({ outcome: 'absent', why: 'not there' });
  expect(files.read('/sys/one/two')).toMatchObject({ outcome: 'absent' });
  expect(files.read('/sys')).toMatchObject({ outcome: 'failed' });
  expect(files.read('/sys/link')).toEqual({ outcome: 'found', value: Buffer.from('content') });
  expect(files.list('/sys')).toEqual({ outcome: 'found', value: ['link', 'one'] });
  expect(files.kindOf('/sys')).toEqual({ outcome: 'found', value: 'folder' });
  expect(files.kindOf('/sys/one')).toEqual({ outcome: 'found', value: 'file' });
});

test('files of the kernel that say they are empty are read all the same', () => {
  const read = hostFiles('/').read('/proc/self/status');
  expect(read.outcome === 'found' ? read.value.toString() : read.why).toContain('Pid:');
  expect(hostFiles('/').kindOf('/dev/null')).toEqual({ outcome: 'found', value: 'device' });
  expect(hostFiles('/').read('/dev/zero')).toMatchObject({ outcome: 'failed' });
});

test('nothing is written where nothing is; folders come and go', () => {
  expect(files.write('/sys/new', Buffer.from('x'))).toMatchObject({ outcome: 'absent' });
  expect(files.write('/sys/one', Buffer.from('CON'))).toEqual({ outcome: 'found', value: null });
  expect(readFileSync(join(root, 'sys/one'), 'utf8')).toBe('CONtent');
  expect(files.makeFolder('/sys/folder')).toEqual({ outcome: 'found', value: null });
  expect(files.makeFolder('/sys/folder')).toMatchObject({ outcome: 'failed' });
  files.removeFolder('/sys/folder');
  files.removeFolder('/sys/folder');
  expect(files.kindOf('/sys/folder')).toMatchObject({ outcome: 'absent' });
});
