import { expect, test } from 'vitest';
import { bytesSource } from '../../../src/artifacts/bytes/byte-source.ts';
import type { FileReport } from '../../../src/artifacts/findings/report.ts';
import type { Verdict } from '../../../src/artifacts/findings/verdict.ts';
import { scanSource } from '../../../src/artifacts/scan/scan-file.ts';
import { makeZip, type MadeMember, type MadeZip } from '../archives/make-zip.ts';
import { code, orderedDict, pickle, storage, SYSTEM, tensor, text } from '../pickle/assembler.ts';

/** One trick that another scanner was deceived by: advisory or name, what it does, the file, the rule that sees it. */
export type Bypass = readonly [id: string, what: string, bytes: Buffer, rule: string, expected?: { readonly name?: string; readonly verdict?: Verdict }];

/** By all readers, as a scan of a folder does. */
export const scanWhole = (bytes: Buffer, name: string): Promise<FileReport> => scanSource(bytesSource(bytes), name);

/** Every row is a test: the verdict (malicious unless it says another one) and the rule. */
export function testBypasses(peer: string, rows: readonly Bypass[]): void {
  for (const [id, what, bytes, rule, expected] of rows) {
    test(`${peer}: ${id}, ${what}`, async () => {
      const report = await scanWhole(bytes, expected?.name ?? 'model.pkl');
      expect(report.findings.map((finding) => finding.rule.id)).toContain(rule);
      expect(report.verdict).toBe(expected?.verdict ?? 'malicious');
    });
  }
}

export const EVIL = pickle(SYSTEM);
export const CLEAN = pickle(orderedDict(), text('w'), tensor(storage('FloatStorage', '0', 2), 0, [2], [1]), 's');

/** A checkpoint as torch writes it, with `data.pkl` and whatever else is wanted. */
export function torchZip(data: Buffer | Partial<MadeMember>, more: readonly MadeMember[] = [], zip: MadeZip = {}): Buffer {
  const object = Buffer.isBuffer(data) ? { data } : data;
  return makeZip(
    [
      { name: 'archive/data.pkl', data: EVIL, descriptor: true, ...object },
      { name: 'archive/data/0', data: code(Buffer.alloc(8, 0x3c)), descriptor: true },
      { name: 'archive/version', data: Buffer.from('3\n'), descriptor: true },
      ...more,
    ],
    zip,
  );
}
