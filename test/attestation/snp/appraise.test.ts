import { beforeAll, describe, expect, test } from 'vitest';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { snpKind } from '../../../src/attestation/snp/verify.ts';
import { verifyEvidence } from '../../../src/attestation/verify-evidence.ts';
import { MEASUREMENT, mintReport, mintSnpChain, REPORT_DATA, snpGiven } from '../mint-snp.ts';
import type { SnpChain } from '../mint-snp.ts';

const POLICY = { measurements: [MEASUREMENT], max_vmpl: 0 };
let chain: SnpChain;

beforeAll(() => {
  chain = mintSnpChain('genoa');
});

function reasonFor(given: Given, policy: unknown = POLICY): string | null {
  return verifyEvidence(snpKind, snpKind.parsePolicy(policy), given).reason;
}

/** A genuine report with one thing changed before it is signed. */
function changed(change: (report: Buffer) => void): Given {
  return snpGiven(mintReport('genoa', chain.vek.keys, change), chain);
}

describe('policy', () => {
  test('another challenge', () => {
    const given = changed(() => undefined);
    expect(reasonFor({ ...given, challenge: { reportData: Buffer.alloc(64) } })).toBe('nonce-mismatch');
    expect(reasonFor({ ...given, challenge: { reportData: REPORT_DATA.subarray(0, 32) } })).toBe('nonce-mismatch');
    const { list } = verifyEvidence(snpKind, snpKind.parsePolicy(POLICY), { ...given, challenge: {} });
    expect(list.checks.find(({ name }) => name === 'report-data')?.outcome).toBe('not-applicable');
  });

  test.each([
    [{ measurements: [] }, 'measurement-not-allowed'],
    [{ measurements: ['00'.repeat(48)] }, 'measurement-not-allowed'],
    [{ measurements: ['00'.repeat(48), MEASUREMENT.toUpperCase()] }, null],
    [{ min_tcb: { snp: 23 } }, 'tcb-too-old'],
    [{ min_tcb: { bl: 4, tee: 1, snp: 22, ucode: 0xd5 } }, null],
    [{ min_tcb: { fmc: 0 } }, 'tcb-too-old'],
    [{ min_launch_tcb: { ucode: 0xd6 } }, 'tcb-too-old'],
    [{ min_committed_tcb: { bl: 5 } }, 'tcb-too-old'],
    [{ min_firmware: [1, 0, 0] }, 'tcb-too-old'],
    [{ min_guest_svn: 1 }, 'tcb-too-old'],
    [{ host_data: [] }, 'measurement-not-allowed'],
    [{ host_data: ['00'.repeat(32)] }, null],
    [{ id_key_digests: ['11'.repeat(48)] }, 'measurement-not-allowed'],
    [{ author_key_digests: [] }, 'measurement-not-allowed'],
    [{ family_ids: ['11'.repeat(16)] }, 'measurement-not-allowed'],
    [{ image_ids: ['11'.repeat(16)] }, 'measurement-not-allowed'],
    [{ guest_policy: { forbid: ['smt'] } }, 'tcb-status'],
    [{ guest_policy: { require: ['single_socket'] } }, 'tcb-status'],
    [{ platform: { require: ['tsme'] } }, 'tcb-status'],
    [{ platform: { forbid: ['smt'] } }, null],
    [{ mitigations: '1' }, 'tcb-status'],
  ])('%j gives %s', (policy, expected) => {
    expect(
      reasonFor(
        changed(() => undefined),
        policy,
      ),
    ).toBe(expected);
  });

  test('debug, migration and privilege level', () => {
    const bit = (at: bigint) => (report: Buffer) => report.writeBigUInt64LE((1n << 17n) | (1n << at), 0x08);
    expect(reasonFor(changed(bit(19n)))).toBe('debug-enabled');
    expect(reasonFor(changed(bit(19n)), { ...POLICY, allow_debug: true })).toBeNull();
    expect(reasonFor(changed(bit(18n)))).toBeNull();
    expect(reasonFor(changed(bit(18n)), { ...POLICY, forbid_migration: true })).toBe('migration-agent');
    const vmpl = (level: number) => changed((report) => report.writeUInt32LE(level, 0x30));
    expect(reasonFor(vmpl(1))).toBe('vmpl-not-allowed');
    expect(reasonFor(vmpl(0xffff_ffff), { max_vmpl: 3 })).toBe('vmpl-not-allowed');
  });
});
