import { createPublicKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAttestationResult } from '../../../src/attestation/result.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { sha256Of } from '../../../src/operations/attesting/policies.ts';
import { byName } from '../../../src/operations/catalogue.ts';
import { checkEnclave } from '../../../src/operations/deployment/check-enclave.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { runLocally } from '../../../src/operations/run-locally.ts';
import { verifyAttestation } from '../../../src/operations/security/verify-attestation.ts';
import { mintCertificate } from '../../attestation/mint-certificates.ts';
import { bindReportData } from '../../../src/attestation/binding.ts';
import { AT, attestedMachine, NONCE } from '../../fixtures/attested-machine.ts';
import type { AttestedMachine } from '../../fixtures/attested-machine.ts';
import { contextOf, memoryServices } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;
let folder: string;
let machine: AttestedMachine;
beforeEach(() => {
  services = memoryServices();
  folder = mkdtempSync(join(tmpdir(), 'elulmc-verify-'));
  machine = attestedMachine(folder);
});
afterEach(() => {
  services.remove();
  rmSync(folder, { recursive: true });
});

async function run(input: object) {
  const entry = byName('security', 'verify-attestation');
  if (entry === undefined) throw new Error('not in the catalogue');
  const report = await runLocally(entry, { home: services.home, input, uid: 1000, signal: new AbortController().signal, onProgress: () => undefined });
  return { ...report, output: verifyAttestation.output.parse(report.output) };
}

async function approve(file: string, name = 'racks'): Promise<void> {
  const text = readFileSync(file, 'utf8');
  await services.attestationPolicies.set({ name, text, sha256: sha256Of(text), setBy: 'per_a', after: 0 }, `run_${name}`);
}

function inControl(input: object) {
  return verifyAttestation.perform(contextOf(services), parseFields(verifyAttestation.input, { at: AT, ...input }));
}

const REPORT_DATA = bindReportData(NONCE, {}).reportData.toString('hex');
const given = (): object => ({ evidence: machine.report, policy: 'racks', collateral: machine.collateral });

/** Evidence as check-enclave keeps it; returns its path. */
async function keep(host: string): Promise<string> {
  const input = { root: machine.root, nonce: NONCE.toString('hex'), host, collateral: machine.collateral, at: AT, policy: 'racks' };
  const { output } = await checkEnclave.perform(contextOf(services), parseFields(checkEnclave.input, input));
  return output.kept ?? '';
}

/** Just after the evidence of `keep` was collected. */
const soon = (): string => new Date(Date.now() + 60_000).toISOString();

describe('input that is refused', () => {
  test.each<[string, object, ErrorCode, string]>([
    ['evidence that is not there', { evidence: '/nonexistent' }, 'NOT_FOUND', 'evidence'],
    ['two challenges', { evidence: 'x', nonce: '00'.repeat(32), reportData: '00'.repeat(64) }, 'USAGE', 'reportData'],
    ['a challenge for no evidence', { nonce: '00'.repeat(32) }, 'USAGE', 'nonce'],
    ['report data that should be bound again', { evidence: 'x', reportData: '00'.repeat(64), modelDigest: '00'.repeat(32) }, 'USAGE', 'reportData'],
    ['a digest of another length', { evidence: 'x', modelDigest: '00' }, 'FIELD_INVALID', 'modelDigest'],
  ])('%s', async (_what, input, code, field) => {
    await expect(run(input)).rejects.toMatchObject({ code, field });
  });

  test('a file that is no evidence', async () => {
    await expect(run({ evidence: machine.policy })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'evidence' });
    await expect(run({ evidence: folder })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'evidence' });
  });
});

describe('one piece of evidence', () => {
  beforeEach(async () => {
    await approve(machine.policy);
  });

  test('that answers the challenge under an approved policy', async () => {
    const { verdict, output } = await inControl({ ...given(), reportData: REPORT_DATA });
    expect([verdict, output.answerCode, output.findings]).toEqual(['ok', 0, []]);
    expect(verifyAttestation.output.parse(output)).toEqual(output);
    expect(await inControl({ ...given(), nonce: NONCE.toString('hex') })).toMatchObject({ verdict: 'ok' });
  });

  test('the result is signed by the key of the home and names all that it rests on', async () => {
    const { output } = await inControl({ ...given(), reportData: REPORT_DATA });
    const key = createPublicKey(readFileSync(join(services.home.keys, 'attestation.key')));
    const [evidence] = output.evidence;
    const opened = openAttestationResult(evidence?.result ?? '', key);
    expect(opened).toMatchObject({
      verdict: 'accept',
      evidence_sha256: sha256Of(readFileSync(machine.report)),
      challenge: { report_data: REPORT_DATA },
      clock: { source: 'argument' },
    });
    expect(evidence?.collateral.map(({ name }) => name)).toEqual(['ask', 'vek']);
    expect(output.keyId).toBe(sha256Of(key.export({ type: 'spki', format: 'der' })));
  });

  test('a nonce that cannot be bound into report data is refused', async () => {
    await expect(inControl({ ...given(), nonce: '00'.repeat(20) })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'nonce' });
  });

  test('without a challenge it is not fresh, which is said and refused', async () => {
    const { verdict, output } = await inControl(given());
    expect([verdict, output.answerCode, output.evidence[0]?.reason, output.evidence[0]?.challenge]).toEqual(['finding', 12, 'nonce-mismatch', 'none']);
    expect(output.findings).toMatchObject([{ code: 'not-fresh', blocks: true }]);
  });

  test('a policy may let what is not fresh pass; it is said all the same', async () => {
    const policy = { ...(JSON.parse(readFileSync(machine.policy, 'utf8')) as { readonly kinds: { readonly snp: object } }) };
    const path = join(folder, 'stale.json');
    const exceptions = { 'snp.factors.nonce-mismatch': { reason: 'archive', owner: 'per_a', review: '2026-12-31' } };
    writeFileSync(path, JSON.stringify({ ...policy, kinds: { snp: { ...policy.kinds.snp, factors: { 'nonce-mismatch': 'allowed' } } }, exceptions }));
    await approve(path, 'archive');
    const { verdict, output } = await inControl({ ...given(), policy: 'archive' });
    expect([verdict, output.answerCode, output.findings.map(({ code, blocks }) => [code, blocks])]).toEqual(['ok', 0, [['not-fresh', false]]]);
  });

  test('that is bound to a key, a model and GPUs', async () => {
    const endpoint = mintCertificate({ name: 'endpoint' });
    const modelDigest = '07'.repeat(32);
    const pem = join(folder, 'endpoint.pem');
    writeFileSync(pem, endpoint.certificate.toString());
    const tlsKey = endpoint.keys.publicKey.export({ type: 'spki', format: 'der' });
    const bound = attestedMachine(join(folder, 'bound'), bindReportData(NONCE, { tlsKey, modelDigest: Buffer.from(modelDigest, 'hex') }).reportData);
    await approve(bound.policy, 'bound');
    const call = { evidence: bound.report, policy: 'bound', collateral: bound.collateral, nonce: NONCE.toString('hex') };
    expect(await inControl({ ...call, tlsKey: pem, modelDigest })).toMatchObject({ verdict: 'ok', output: { notBound: ['gpuReports'] } });
    for (const other of [{}, { tlsKey: pem }, { tlsKey: pem, modelDigest: '08'.repeat(32) }])
      expect(await inControl({ ...call, ...other })).toMatchObject({ verdict: 'finding', output: { evidence: [{ reason: 'nonce-mismatch' }] } });
  });

  test('reports of GPUs that are named are verified too', async () => {
    const gpu = join(folder, 'gpu.bin');
    writeFileSync(gpu, 'no report');
    const { output } = await inControl({ ...given(), nonce: NONCE.toString('hex'), gpuEvidence: [gpu] });
    expect(output.evidence.map(({ kind, verdict }) => [kind, verdict])).toEqual([
      ['snp', 'reject'],
      ['nvidia-gpu', 'not-counted'],
    ]);
  });

  test('without collateral it is inconclusive', async () => {
    expect(await inControl({ evidence: machine.report, policy: 'racks', reportData: REPORT_DATA })).toMatchObject({
      verdict: 'inconclusive',
      output: { answerCode: 14 },
    });
  });

  test('files of the collateral that nothing takes are named', async () => {
    writeFileSync(join(machine.collateral, 'README'), '');
    const { verdict, output } = await inControl({ ...given(), reportData: REPORT_DATA });
    expect([verdict, output.findings]).toMatchObject(['ok', [{ code: 'not-used', blocks: false }]]);
  });

  test('an evidence file of another installation answers only the challenge that the caller knows', async () => {
    const copy = join(folder, 'copy.json');
    writeFileSync(copy, readFileSync(await keep('rack-1')));
    expect(await inControl({ ...given(), evidence: copy })).toMatchObject({ verdict: 'finding', output: { evidence: [{ challenge: 'none' }] } });
    expect(await inControl({ ...given(), evidence: copy, nonce: NONCE.toString('hex') })).toMatchObject({ verdict: 'ok', output: { hosts: ['rack-1'] } });
  });
});

describe('without arguments', () => {
  test('with no evidence anywhere this host is asked', async () => {
    const { output } = await run({});
    expect(output.looked.length).toBeGreaterThan(5);
  });

  test('the newest evidence that was kept of each host, by the challenge that it was asked with', async () => {
    await approve(machine.policy);
    await keep('rack-1');
    await keep('rack-2');
    const { verdict, output } = await inControl({ policy: 'racks', collateral: machine.collateral, at: soon() });
    expect(output.hosts).toEqual(['rack-1', 'rack-2']);
    expect([verdict, output.evidence.map(({ challenge, verdict: one }) => [challenge, one])]).toEqual([
      'ok',
      [
        ['kept', 'accept'],
        ['kept', 'accept'],
      ],
    ]);
  });

  test('evidence that was kept and cannot be read any more is a finding', async () => {
    await approve(machine.policy);
    const kept = await keep('rack-1');
    writeFileSync(kept, readFileSync(kept).subarray(0, 100));
    writeFileSync(join(services.home.evidence, 'attestation/README'), 'not a host');
    const { verdict, output } = await inControl({ policy: 'racks', collateral: machine.collateral, at: soon() });
    expect([verdict, output.answerCode, output.findings]).toMatchObject(['finding', 12, [{ code: 'no-evidence', host: 'rack-1' }]]);
  });

  test('evidence that is too old is a finding', async () => {
    await approve(machine.policy);
    await keep('rack-1');
    const at = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const { verdict, output } = await inControl({ policy: 'racks', collateral: machine.collateral, at });
    expect([verdict, output.answerCode, output.findings.map(({ code }) => code)]).toEqual(['finding', 12, ['too-old']]);
  });

  test('hosts of config.yaml, each with its policy; one without evidence is a finding', async () => {
    await approve(machine.policy);
    await approve(machine.otherPolicy, 'other');
    const kept = await keep('rack-1');
    mkdirSync(join(services.home.root, 'incoming'));
    writeFileSync(join(services.home.root, 'incoming/new.json'), readFileSync(kept));
    const hosts = [`{name: far, evidence: incoming, policy: other}`, `{name: lost, evidence: nowhere}`, `{name: rack-1, evidence: ${JSON.stringify(kept)}}`];
    writeFileSync(services.home.config, `attestation:\n  policy: racks\n  hosts: [${hosts.join(', ')}]\n`);
    const { verdict, output } = await inControl({ collateral: machine.collateral, at: soon() });
    expect(output.hosts).toEqual(['far', 'rack-1']);
    expect(output.evidence.map(({ host, policy, challenge, verdict: one }) => [host, policy?.name, challenge, one])).toEqual([
      ['far', 'other', 'none', 'reject'],
      ['rack-1', 'racks', 'kept', 'accept'],
    ]);
    expect([verdict, output.answerCode, output.findings.map(({ code, host }) => [code, host])]).toEqual([
      'finding',
      12,
      [
        ['no-evidence', 'lost'],
        ['not-fresh', 'far'],
      ],
    ]);
  });
});
