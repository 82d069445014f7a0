import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseMarkdown } from '../../src/runbook/markdown.ts';
import { MAX_RUNBOOK_BYTES, parseRunbook, readRunbookFile } from '../../src/runbook/parse.ts';
import { findSection, stepsOf } from '../../src/runbook/sections.ts';

const folder = mkdtempSync(join(tmpdir(), 'elulmc-runbook-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('files that are no runbook', () => {
  test('50 MB are refused before they are read', () => {
    const path = join(folder, 'big.md');
    const fd = openSync(path, 'w');
    ftruncateSync(fd, 50 * 1024 * 1024);
    closeSync(fd);
    expect(() => readRunbookFile(path)).toThrow(`larger than ${String(MAX_RUNBOOK_BYTES)} bytes`);
  });
  test.each([
    ['a folder', folder, 'is not a file'],
    ['a device', '/dev/zero', 'is not a file'],
    ['nothing', join(folder, 'absent.md'), 'ENOENT'],
    ['bytes that are not UTF-8', file('latin.md', Buffer.from([0x23, 0x20, 0xe4, 0xff])), 'is not UTF-8'],
  ])('%s', (_what, path, message) => {
    expect(() => readRunbookFile(path)).toThrow(expect.objectContaining({ code: 'RUNBOOK_INVALID', message: expect.stringContaining(message) as string }));
  });
});

describe('text that is refused with its line', () => {
  test.each([
    ['an unclosed fence', '# A\n\n```bash\n./audits/x.sh\n', 'line 3: this code fence is never closed'],
    ['a fence that its list item ends', '1. **A**\n   ```bash\n   ./audits/x.sh\n\ntext\n', 'line 2: this code fence is never closed'],
    ['a fence closed by a shorter one', '# A\n````bash\n./audits/x.sh\n```\n', 'line 2: this code fence is never closed'],
    ['a fence whose content looks like its end', '```bash\n> ```\n', 'line 1: this code fence is never closed'],
    ['an unclosed second fence', '```bash\na\n```\n\n~~~sh\nb\n', 'line 5: this code fence is never closed'],
    ['NUL', 'a\n\0b\n', 'line 2: the character U+0000 is not allowed'],
    ['an escape sequence', 'a\n\n\u001b[2Jb', 'line 3: the character U+001B is not allowed'],
    ['a direction override', '- \u202ehs.a/.', 'line 1: the character U+202E is not allowed'],
    ['deep nesting', Array.from({ length: 130 }, (_, depth) => `${'  '.repeat(depth)}- a`).join('\n'), 'nested deeper than 100'],
  ])('%s', (_what, text, message) => {
    expect(() => parseMarkdown(text)).toThrow(expect.objectContaining({ code: 'RUNBOOK_INVALID', message: expect.stringContaining(message) as string }));
  });
});

test('what a shell block holds counts, HTML and other code do not', () => {
  const text = [
    '# A',
    '<div>./audits/no.sh</div>',
    '<!--',
    '```bash',
    './audits/no.sh',
    '```',
    '-->',
    '````markdown',
    '```bash',
    './audits/no.sh',
    '```',
    '````',
    '```python',
    './audits/no.py',
    '```',
    '    ./audits/no.sh',
    '',
    'Text with `./audits/no.sh`.',
    '```Shell',
    './audits/yes.sh',
    '```',
    '> ```sh',
    '> ./audits/yes.sh',
    '> ```',
    '- `./audits/yes.sh` and `no` and `python audits/yes.py`',
    '- a `word` for a person',
  ].join('\n');
  const { steps } = parseMarkdown(text);
  expect(steps.map(({ kind, text: step, line }) => `${kind} ${String(line)} ${step}`)).toEqual([
    'command 20 ./audits/yes.sh',
    'command 23 ./audits/yes.sh',
    'command 25 ./audits/yes.sh',
    'command 25 python audits/yes.py',
    'prose 26 a word for a person',
  ]);
});

test('cd is a context of its block, and ids do not change when something before is edited', () => {
  const block = '```bash\ncd infrastructure/terraform\nterraform plan\ncd ..\n./a.sh\ncd $X\n./b.sh\n```\n```bash\n./c.sh\n```\n';
  const { steps } = parseMarkdown(`# A\n${block}`);
  expect(steps.map(({ text, folder: at }) => [text, at])).toEqual([
    ['terraform plan', 'infrastructure/terraform'],
    ['./a.sh', 'infrastructure'],
    ['cd $X', null],
    ['./b.sh', null],
    ['./c.sh', ''],
  ]);
  const edited = parseMarkdown(`Intro.\r\n\r\n# A\n\n- a new step\n\n${block}`).steps.slice(1);
  expect(edited.map(({ id }) => id)).toEqual(steps.map(({ id }) => id));
  expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
});

describe('sections', () => {
  const document = parseMarkdown(
    '# Book\n## 1. Model Compromise!\n1. **Immediate Actions**\n   ```bash\n   ./a.sh\n   ```\n2. **Recovery**\n   - rebuild\n## Other\n1. **Recovery**\n   - restore\n### Backup/Restore\n- x\n',
  );
  const steps = (wanted: string): readonly string[] => stepsOf(document, findSection(document, wanted)).map(({ text }) => text);

  test.each([
    ['Immediate Actions', ['./a.sh']],
    ['model compromise/IMMEDIATE actions:', ['./a.sh']],
    ['Model Compromise', ['./a.sh', 'rebuild']],
    ['other/recovery', ['restore']],
    ['Backup/Restore', ['x']],
    ['book', ['./a.sh', 'rebuild', 'restore', 'x']],
  ])('%s', (wanted, expected) => {
    expect(steps(wanted)).toEqual(expected);
  });

  test.each([
    [undefined, 'name the section'],
    ['nothing', 'there is no section "nothing"; this runbook has "Book/1. Model Compromise!/Immediate Actions" (line 3)'],
    ['Recovery', 'several sections are called "Recovery": "Book/1. Model Compromise!/Recovery" (line 7), "Book/Other/Recovery" (line 10)'],
  ])('%s is an error that lists the candidates', (wanted, message) => {
    expect(() => findSection(document, wanted)).toThrow(message);
  });
});

describe('in a thread of its own', () => {
  test('10,000 steps', { timeout: 60_000 }, async () => {
    const text = `# A\n${Array.from({ length: 10_000 }, (_, index) => `- \`./audits/x.sh --n ${String(index)}\``).join('\n')}\n`;
    const { steps } = await parseRunbook(text, 55_000);
    expect(steps).toHaveLength(10_000);
    expect(new Set(steps.map(({ id }) => id)).size).toBe(10_000);
  });
  test('a line of a megabyte', { timeout: 60_000 }, async () => {
    expect((await parseRunbook(`# A\n${'a'.repeat(1_000_000)}`, 55_000)).steps).toEqual([]);
  });
  test.each([
    ['of prose', 'x'],
    ['of rules', '---'],
    ['of headings', '# A'],
    ['of list items', '- a'],
    ['that are blank', ''],
  ])('100,000 lines %s are read or given up in time', { timeout: 60_000 }, async (_what, line) => {
    const text = `${line}\n`.repeat(100_000);
    const read = await parseRunbook(text, 4_000).then(
      ({ steps }) => steps.length,
      (error: unknown) => error,
    );
    if (typeof read === 'number') expect(read).toBe(line === '- a' ? 100_000 : 0);
    else expect(read).toMatchObject({ code: 'RUNBOOK_INVALID' });
  });
  test('text that takes too long is given up, and this thread goes on meanwhile', { timeout: 60_000 }, async () => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 10);
    await expect(parseRunbook(`${'> '.repeat(200)}a\n\n`.repeat(2_000), 1_000)).rejects.toMatchObject({ code: 'RUNBOOK_INVALID' });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });
  test('an error keeps its line', async () => {
    await expect(parseRunbook('```bash\n', 55_000)).rejects.toThrow('line 1: this code fence is never closed');
  });
});
