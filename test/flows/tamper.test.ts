import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TamperReport } from '../../src/drills/tamper-report.ts';
import { elulmc, temporaryHome } from '../fixtures/installation.ts';

let home: string;
let env: Record<string, string>;

beforeAll(() => {
  home = temporaryHome();
  env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ELULMC_HOME: join(home, 'unused'), NO_COLOR: '1' };
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('the drill tamper', () => {
  test(
    'one flipped byte of a served model is found by the schedule, keeps it out of every stage, and restoring it clears it',
    { timeout: 240_000 },
    async () => {
      const { code, stdout, stderr } = await elulmc(env, ['drill', 'tamper', '--json']);
      expect(code, stderr + stdout).toBe(0);
      const report = JSON.parse(stdout) as TamperReport;
      expect(report).toMatchObject({ drill: 'tamper', ok: true, failures: [], detectedBy: { exit: 7 }, ledger: { verified: true } });
      expect(report.facts.map(({ holds }) => holds)).toEqual(report.facts.map(() => true));
      expect(report.flipped.before ^ report.flipped.after).toBe(1);
      const found = report.facts.map(({ fact, found: seen }) => `${fact}: ${seen}`);
      for (const stage of ['registered', 'validated', 'staging', 'production']) expect(found).toContain(`no way leads to ${stage}: GATE_NOT_MET`);
      expect(found.some((line) => line.startsWith('an entry in the ledger says violation') && line.includes(report.model.name))).toBe(true);
      expect(found).toContain('and it is promoted to staging: staging');
    },
  );

  test('it damages no installation that is used, and says which drills there are', { timeout: 60_000 }, async () => {
    expect(await elulmc(env, ['drill', 'tamper', '--live', '--yes'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('scratch installation only') as string,
    });
    expect(await elulmc(env, ['drill', 'tempest'])).toMatchObject({ code: 2, stderr: expect.stringContaining('model-compromise, tamper') as string });
  });
});
