import { describe, expect, it } from 'vitest';
import type { FileReport, ScanReport } from '../../../src/artifacts/findings/report.ts';
import type { Finding } from '../../../src/artifacts/findings/rule.ts';
import { knownRules } from '../../../src/artifacts/report/known-rules.ts';
import { outcomeOf } from '../../../src/artifacts/report/outcome.ts';
import { CLEAN, documentOf, waiver } from './scanned-model.ts';

function rule(id: string): Finding['rule'] {
  const found = knownRules().get(id);
  if (found === undefined) throw new Error(id);
  return found;
}

function fileWith(path: string, findings: readonly Finding[], given: Partial<FileReport> = {}): FileReport {
  const coverage = { checked: [], notChecked: [] };
  const sound = { kind: 'file', size: 1, sha256: null, formats: ['pickle'], other: null, error: null, durationMs: 1 } as const;
  return { ...sound, path, findings, coverage, verdict: findings[0]?.rule.alarm ?? 'clean', ...given };
}

function reportOf(files: readonly FileReport[]): ScanReport {
  const verdict = files[0]?.verdict ?? 'clean';
  const empty = { checked: [], notChecked: [] };
  return { target: 'x', startedAt: '2027-01-01T00:00:00.000Z', durationMs: 1, headersOnly: false, files, bytes: 1, verdict, coverage: empty };
}

const GLOBAL = rule('pickle-dangerous-global');
const UNKNOWN = rule('pickle-unknown-global');
const CUT = rule('scan-too-many-findings');
const found = (path: string, which: Finding['rule'], offset: number): Finding => ({ rule: which, path: [path, 'm'], offset, detail: String(offset) });

describe('what a report can hold', () => {
  it('is cut to the worst findings and the files that have some, which is said', async () => {
    const many = Array.from({ length: 11_000 }, (_, i) => found('b', UNKNOWN, i));
    const files = [...Array.from({ length: 10_500 }, (_, i) => fileWith(`a${String(i)}`, [])), fileWith('b', [...many, found('b', GLOBAL, 5)])];
    const document = await documentOf(CLEAN, { report: reportOf(files) });
    expect({ findings: document.findings.length, total: document.findingsTotal }).toEqual({ findings: 10_000, total: 11_001 });
    expect(document.findings.at(-1)?.rule).toBe(GLOBAL.id);
    expect({ files: document.files.length, total: document.filesTotal, last: document.files.at(-1)?.path }).toEqual({
      files: 10_000,
      total: 10_501,
      last: 'b',
    });
    expect(document.notes).toEqual(['1001 of 11001 findings are not listed, the lesser ones', '501 of 10501 files are not listed']);
    expect(document.verdict).toBe('malicious');
  });
});

describe('waivers', () => {
  it('take nothing off a file whose list was cut, unless the cut is waived too', async () => {
    const cut: Finding = { rule: CUT, path: ['b'], offset: null, detail: '' };
    const report = reportOf([fileWith('b', [found('b', GLOBAL, 1), cut], { verdict: 'malicious' })]);
    expect((await documentOf(CLEAN, { report, waivers: [waiver({})] })).counted).toBe('malicious');
    expect((await documentOf(CLEAN, { report, waivers: [waiver({}), waiver({ id: 'wvr_2', rule: CUT.id })] })).counted).toBe('clean');
  });

  it('leave what is not waived, and a file that nobody reads stays unread', async () => {
    const report = reportOf([fileWith('b', [found('b', GLOBAL, 1), found('b', UNKNOWN, 2)])]);
    expect((await documentOf(CLEAN, { report, waivers: [waiver({ path: 'b!m' })] })).counted).toBe('suspicious');
    const unread = reportOf([fileWith('b', [found('b', GLOBAL, 1)], { formats: [] })]);
    expect((await documentOf(CLEAN, { report: unread, waivers: [waiver({})] })).counted).toBe('unsupported');
  });

  it('of the model are not those of an adapter', async () => {
    const adapterFiles = [fileWith('adapter:x', [found('adapter:x', GLOBAL, 1)])];
    const document = await documentOf(CLEAN, { adapterFiles, waivers: [waiver({})] });
    expect({ verdict: document.verdict, counted: document.counted }).toEqual({ verdict: 'malicious', counted: 'malicious' });
  });
});

it('Other bytes than registered are a violation, whatever else was found', () => {
  const registered = { id: '', name: '', version: '', digest: '', stage: '', matches: false, differs: [] };
  expect(outcomeOf({ counted: 'clean', registered }, true)).toBe('violation');
  expect(outcomeOf({ counted: 'malicious', registered: { ...registered, matches: null } }, false)).toBe('finding');
  expect(outcomeOf({ counted: 'malformed', registered: null }, false)).toBe('ok');
  expect(outcomeOf({ counted: 'unsupported', registered: null }, false)).toBe('inconclusive');
});

it('Every rule has an id of its own, and what a report needs of it', () => {
  expect(knownRules().size).toBeGreaterThan(180);
  for (const [id, { title, explanation, help }] of knownRules()) expect([id, title, explanation, help].every((text) => text.length > 5)).toBe(true);
});
