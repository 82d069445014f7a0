import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanFolder, type ScanProgress } from '../../../src/artifacts/scan/scan-folder.ts';
import { makeZip } from '../archives/make-zip.ts';

describe('scanning a folder', () => {
  let base: string;
  let folder: string;

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'elulmc-scan-test-'));
    folder = join(base, 'model');
    mkdirSync(join(folder, '.cache', 'deep'), { recursive: true });
    writeFileSync(join(folder, 'README.md'), 'text\n');
    writeFileSync(join(folder, '.cache', 'deep', 'model.zip'), makeZip([{ name: '../x', data: Buffer.from('text') }]));
  });
  afterEach(() => {
    rmSync(base, { recursive: true });
  });

  const verdicts = (report: Awaited<ReturnType<typeof scanFolder>>): Record<string, string> =>
    Object.fromEntries(report.files.map(({ path, verdict }) => [path, verdict]));

  it('scans every file, in dot folders too, and takes the worst of them', async () => {
    const progress: ScanProgress[] = [];
    const report = await scanFolder(folder, { onProgress: (step) => progress.push(step), threads: 2 });
    expect(verdicts(report)).toEqual({ '.cache/deep/model.zip': 'suspicious', 'README.md': 'clean' });
    expect(report.verdict).toBe('suspicious');
    expect(report.coverage.checked).toContainEqual({ check: 'sha256 of the file', times: 2 });
    expect(progress.at(-1)).toMatchObject({ files: 2, filesDone: 2, bytesDone: report.bytes });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('scans a single file', async () => {
    const report = await scanFolder(join(folder, 'README.md'), { headersOnly: true });
    expect(report.files).toMatchObject([{ path: 'README.md', verdict: 'clean', sha256: null }]);
  });

  it('follows links inside, and names those that leave or lead nowhere', async () => {
    writeFileSync(join(base, 'secret'), 'x');
    symlinkSync('README.md', join(folder, 'inside.md'));
    symlinkSync('../secret', join(folder, 'outside'));
    symlinkSync('nothing', join(folder, 'broken'));
    symlinkSync('loop', join(folder, 'loop'));
    const report = await scanFolder(folder);
    expect(verdicts(report)).toMatchObject({ 'inside.md': 'clean', outside: 'suspicious', broken: 'suspicious', loop: 'suspicious' });
    expect(report.files.find(({ path }) => path === 'outside')).toMatchObject({
      kind: 'link',
      findings: [{ rule: { id: 'folder-link-outside' }, detail: 'points to ../secret' }],
    });
  });

  it('follows the links of a Hugging Face cache to its blobs', async () => {
    const snapshot = join(base, 'cache', 'snapshots', 'abc');
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(join(base, 'cache', 'blobs'));
    writeFileSync(join(base, 'cache', 'blobs', 'a'.repeat(64)), 'text\n');
    symlinkSync(`../../blobs/${'a'.repeat(64)}`, join(snapshot, 'README.md'));
    expect((await scanFolder(snapshot)).files).toMatchObject([{ path: 'README.md', kind: 'file', verdict: 'clean', size: 5 }]);
  });

  it('does not wait for a FIFO', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const report = await scanFolder(folder);
    expect(report.files.find(({ path }) => path === 'pipe')).toMatchObject({ kind: 'special', verdict: 'suspicious', findings: [{ detail: 'FIFO' }] });
  });

  it.skipIf(process.getuid?.() === 0)('names what it may not read, and does not call the folder clean', async () => {
    chmodSync(join(folder, 'README.md'), 0);
    const report = await scanFolder(folder);
    expect(report.files.find(({ path }) => path === 'README.md')?.error).toContain('EACCES');
  });

  it('goes on after a file that is not answered in time', async () => {
    const report = await scanFolder(folder, { limits: { fileMs: 0, mibMs: 0 }, threads: 1 });
    expect(report.files.map(({ findings }) => findings[0]?.rule.id)).toContain('scan-time-limit');
    expect(report.files).toHaveLength(2);
  });

  it('finds each of several small files by itself when their thread gives no answer', async () => {
    for (const name of ['a.txt', 'b.txt', 'c.txt']) writeFileSync(join(folder, name), name);
    // So far below zero that the thread is ended at once.
    const report = await scanFolder(folder, { limits: { fileMs: -1e6 }, threads: 1 });
    expect(report.files.map(({ path }) => path)).toEqual(['.cache/deep/model.zip', 'README.md', 'a.txt', 'b.txt', 'c.txt']);
    for (const { findings } of report.files) expect(findings.map(({ rule }) => rule.id)).toEqual(['scan-time-limit']);
  });

  it('rejects what does not exist, and stops when it is told to', async () => {
    await expect(scanFolder(join(base, 'missing'))).rejects.toThrow('ENOENT');
    await expect(scanFolder(folder, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});
