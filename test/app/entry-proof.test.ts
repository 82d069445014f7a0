import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRunLedger } from '../../src/app/entry-proof.ts';
import { homeAt, prepareHome } from '../../src/core/home.ts';
import { exportRun } from '../../src/runbook/export.ts';
import type { RunLedger } from '../../src/runbook/export.ts';
import { parseVerifierKey } from '../../src/ledger/verify/note-key.ts';
import { parseTlogProof, verifyTlogProof } from '../../src/ledger/verify/tlog-proof.ts';
import { runView, stepView } from '../runbook/run-view-fixture.ts';
import { entryWith, writeLog } from '../fixtures/written-log.ts';

const RUN = 'run_01m8fgmc33sfnz4x0sy66814hp';
const CALL = 'run_01m8fgmc336f8505sg1m28y4ew';
/** Entries of others: more than a bundle before and after those of the run. */
const AROUND = 300;

const root = mkdtempSync(join(tmpdir(), 'elulmc-proof-'));
let vkey: string;
let ledger: RunLedger;

function at(minute: number): string {
  return new Date(Date.parse('2026-01-01T00:00:00.000Z') + minute * 60_000).toISOString();
}

function other(minute: number) {
  return entryWith({ kind: 'heartbeat', id: `req_${String(minute)}`, at: at(minute) });
}

beforeAll(async () => {
  const home = homeAt(root);
  prepareHome(home);
  const own = { at: at(AROUND), actor: 'per_a', target: 'installation' };
  const written = await writeLog(home, 'control', [
    ...Array.from({ length: AROUND }, (_, minute) => other(minute)),
    entryWith({ ...own, kind: 'operation.intent', id: RUN, action: 'runbook run', outcome: 'open' }),
    entryWith({ ...own, kind: 'operation.intent', id: CALL, action: 'security isolate-system', outcome: 'open', ref: RUN, data: { note: '```\n| # `' } }),
    other(AROUND),
    entryWith({ ...own, kind: 'operation.done', id: CALL, action: 'security isolate-system', ref: RUN }),
    entryWith({ ...own, kind: 'operation.done', id: RUN, action: 'runbook run' }),
    ...Array.from({ length: AROUND }, (_, minute) => other(AROUND + minute)),
  ]);
  vkey = written.vkey;
  ledger = createRunLedger({ name: 'control-east', directory: written.directory });
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

test('the entries of a run are found by its id, and those of its calls by their reference, in the order of the log', async () => {
  const found = await ledger.entriesOf({ id: RUN, openedAt: at(AROUND), endedAt: at(AROUND) });
  expect(found.map(({ position, id, kind, action }) => [position.log, position.index - AROUND, id, kind, action])).toEqual([
    ['control-east', 0, RUN, 'operation.intent', 'runbook run'],
    ['control-east', 1, CALL, 'operation.intent', 'security isolate-system'],
    ['control-east', 3, CALL, 'operation.done', 'security isolate-system'],
    ['control-east', 4, RUN, 'operation.done', 'runbook run'],
  ]);
  expect(await ledger.entriesOf({ id: RUN, openedAt: at(AROUND), endedAt: null })).toEqual(found);
  expect(await ledger.entriesOf({ id: 'run_other', openedAt: at(0), endedAt: null })).toEqual([]);
});

test('a clock that went back some minutes loses none', async () => {
  expect(await ledger.entriesOf({ id: RUN, openedAt: at(AROUND + 9), endedAt: at(AROUND - 9) })).toHaveLength(4);
});

describe('the report', () => {
  let report: string;
  beforeAll(async () => {
    const step = stepView({ runId: CALL, operation: 'security isolate-system' });
    report = await exportRun(runView({ id: RUN, openedAt: at(AROUND), endedAt: at(AROUND), steps: [step] }), ledger);
  });

  test('names what each entry is', () => {
    expect([...report.matchAll(/^### Entry (.*)$/gm)].map(([, title]) => title)).toEqual([
      '300 of ` control-east `: intent of runbook run',
      '301 of ` control-east `: intent of step 1, security isolate-system',
      '303 of ` control-east `: result of step 1, security isolate-system',
      '304 of ` control-east `: result of runbook run',
    ]);
  });

  test('carries proofs that the commands beside them take out, and that verify with the key alone', () => {
    writeFileSync(join(root, 'REPORT.md'), report);
    const commands = [...report.matchAll(/^(awk .*) && elulmc audits verify-log --proof (\S+) --key '([^']+)'$/gm)];
    expect(commands).toHaveLength(4);
    for (const [, cut = '', file = '', key] of commands) {
      execFileSync('sh', ['-c', cut], { cwd: root });
      expect(key).toBe(vkey);
      const proof = readFileSync(join(root, file));
      const { extra = Buffer.alloc(0), index } = parseTlogProof(proof);
      const trusted = parseVerifierKey(vkey);
      expect(verifyTlogProof(proof, extra, trusted)).toMatchObject({ size: BigInt(2 * AROUND + 5) });
      expect(file).toBe(`control-east-${String(index)}.tlog-proof`);
      expect(report).toContain(extra.toString('utf8'));
      extra[extra.length - 3] = (extra[extra.length - 3] ?? 0) ^ 1;
      expect(() => verifyTlogProof(proof, extra, trusted)).toThrow('does not show this entry');
    }
  });
});

test('an entry of another control plane, or one that is not there, has no proof and says why', async () => {
  await expect(ledger.proofOf({ log: 'control', index: 1 })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('export the run there') as string,
  });
  await expect(ledger.proofOf({ log: 'control-east', index: 10_000 })).rejects.toMatchObject({ code: 'FIELD_INVALID' });
  const gone = createRunLedger({ name: 'control', directory: join(root, 'nowhere') });
  await expect(gone.entriesOf({ id: RUN, openedAt: at(0), endedAt: null })).rejects.toMatchObject({ code: 'LOG_UNREADABLE' });
});
