import { expect, test } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import type { FileReport } from '../../../src/artifacts/findings/report.ts';
import { scanSource } from '../../../src/artifacts/scan/scan-file.ts';
import { code, pickle, SYSTEM } from '../pickle/assembler.ts';

const scan = (bytes: Buffer, name: string): Promise<FileReport> => scanSource(bytesSource(bytes), name);
const ids = ({ findings }: FileReport): string[] => [...new Set(findings.map(({ rule }) => rule.id))];

test('bytes that are nothing but beginnings of pickles end a search, and that is a finding', async () => {
  const report = await scan(Buffer.concat([Buffer.alloc(16, 0xff), Buffer.alloc(200_000, Buffer.from('8004', 'hex'))]), 'weights.unknown');
  expect(ids(report)).toEqual(['scan-search-limit']);
  expect(report.coverage.notChecked.map(({ check }) => check)).toContain('embedded pickles');
});

test('imports without end behind a pickle end the search for another one', async () => {
  const report = await scan(Buffer.concat([pickle('N'), Buffer.from([0xff]), Buffer.from('cos\nsystem\n'.repeat(5000))]), 'model.pkl');
  expect(ids(report)).toContain('pickle-limit');
  expect(report.coverage.notChecked.map(({ check }) => check)).toContain('pickles behind the last one');
});

test('a payload behind thousands of broken pickles is found', async () => {
  const broken = code(Buffer.from([0x80, 4]), 'ctorch\nSize\n', Buffer.from([0]));
  const report = await scan(Buffer.concat([...Array<Buffer>(5000).fill(broken), pickle(SYSTEM)]), 'model.pkl');
  expect(report.verdict).toBe('malicious');
  expect(ids(report)).toContain('pickle-dangerous-call');
});

test('a header of native code that is cut off is no exception', async () => {
  const elf = Buffer.concat([Buffer.from('7f454c460201010000000000000000000300', 'hex'), Buffer.alloc(46)]);
  for (const length of [50, 52, 53, 54, 63, 64]) expect((await scan(elf.subarray(0, length), 'x')).error).toBeNull();
});
