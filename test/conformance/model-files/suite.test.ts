import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pickle, SYSTEM } from '../../artifacts/pickle/assembler.ts';
import { floats, makeSafetensors } from '../../artifacts/safetensors/support.ts';
import { formatReport, runSuite } from '../suite.ts';
import { pairIn } from './pair.ts';
import { modelFilesSuite } from './suite.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'elulmc-labels-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, content: Buffer | string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

function label(...rows: readonly (readonly string[])[]): void {
  put('labels.tsv', [['verdict', 'path', 'technique', 'also_ok', 'format'], ...rows].map((row) => row.join('\t')).join('\n'));
}

const weights = (...values: readonly number[]): Buffer => makeSafetensors({ w: { dtype: 'F32', shape: [values.length], data: floats(...values) } });

test('files, folders and pairs are scanned and counted by technique', async () => {
  put('evil.pkl', pickle(SYSTEM));
  put('repo/model.safetensors', weights(1, 2));
  put('repo/.cache/x.bin', pickle(SYSTEM));
  put('pair/base.safetensors', weights(1, 2));
  put('pair/new.safetensors', weights(1, 2, 3));
  put('same/base/model.safetensors', weights(1, 2));
  put('same/new/model.safetensors', weights(1, 2));
  label(
    ['malicious', 'evil.pkl', 'plain', '', 'pickle'],
    ['malicious', 'repo', 'hidden', '', 'repo'],
    ['malformed', 'pair', 'weights-diff', 'suspicious', 'safetensors-pair'],
    ['clean', 'same', 'weights-diff', '', 'safetensors-pair'],
  );
  const steps: string[] = [];
  const report = await runSuite(modelFilesSuite, folder, (done, all) => steps.push(`${String(done)}/${String(all)}`));
  expect(formatReport('x', report)).toMatch(/^hidden {8}1 of 1\nplain {9}1 of 1\nweights-diff {2}2 of 2\nx: malicious right 2 of 2/);
  expect(report.judgement.passed).toBe(true);
  expect(steps.at(-1)).toBe('4/4');
});

test('a wrong case is shown with the rules that were found, a missing file is named', async () => {
  put('evil.pkl', pickle(SYSTEM));
  label(['clean', 'evil.pkl', 'plain', 'suspicious', 'pickle'], ['clean', 'gone.pkl', 'plain', '', 'pickle']);
  const report = await runSuite(modelFilesSuite, folder);
  const text = formatReport('x', report);
  expect(text).toContain('wrong    evil.pkl: expected clean (or suspicious), given malicious (pickle-dangerous-call, pickle-dangerous-global)\n');
  expect(text).toContain(`wrong    gone.pkl: expected clean, given missing (${join(folder, 'gone.pkl')} does not exist)\n`);
  expect(report.judgement.passed).toBe(false);
});

test('a verdict that nobody gives is a mistake in the labels', async () => {
  label(['evil', 'a', 'b', '', '']);
  await expect(runSuite(modelFilesSuite, folder)).rejects.toThrow('a has the verdict "evil"');
});

test.each([
  [['base.safetensors', 'new.safetensors'], false, ['base.safetensors', 'new.safetensors']],
  [['old-model', 'new-model'], false, ['old-model', 'new-model']],
  [['before', 'after', 'README.md'], false, ['before', 'after']],
  [['baseline.safetensors', 'weird.safetensors'], true, ['baseline.safetensors', 'weird.safetensors']],
  [['aaa.safetensors', 'model.safetensors'], true, ['aaa.safetensors', 'model.safetensors']],
  [['x.safetensors', 'y.safetensors'], true, ['x.safetensors', 'y.safetensors']],
  [['x.safetensors', 'y.safetensors'], false, null],
  [['config.json', 'model.safetensors'], false, null],
  [['base.safetensors', 'new.safetensors', 'config.json'], false, null],
])('the versions in a folder with %j, declared as a pair: %s', (names, declared, expected) => {
  for (const name of names) put(name, '');
  const pair = pairIn(folder, declared);
  expect(pair === null ? null : [pair.before, pair.after]).toEqual(expected === null ? null : expected.map((name) => join(folder, name)));
});
