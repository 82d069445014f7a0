import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Finding } from '../../../src/artifacts/findings/rule.ts';
import { worseVerdict, type Verdict } from '../../../src/artifacts/findings/verdict.ts';
import { scanFile } from '../../../src/artifacts/scan/scan-file.ts';

export interface FolderResult {
  readonly verdict: Verdict;
  /** `file: rule`, each once, sorted. */
  readonly found: readonly string[];
  readonly findings: readonly Finding[];
  readonly notChecked: readonly string[];
}

/** Writes a folder, scans every file of it by all readers and removes it. Objects become JSON. */
export async function scanFolderOf(files: Readonly<Record<string, string | Buffer | object>>): Promise<FolderResult> {
  const root = mkdtempSync(join(tmpdir(), 'elulmc-config-test-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
    }
    const reports = [];
    for (const name of Object.keys(files)) reports.push(await scanFile(join(root, name), {}, name, root));
    const findings = reports.flatMap((report) => report.findings);
    return {
      verdict: reports.reduce<Verdict>((worst, { verdict }) => worseVerdict(worst, verdict), 'clean'),
      found: [...new Set(findings.map(({ rule, path }) => `${path[0] ?? ''}: ${rule.id}`))].sort(),
      findings,
      notChecked: reports.flatMap(({ coverage }) => coverage.notChecked.map(({ check }) => check)),
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}
