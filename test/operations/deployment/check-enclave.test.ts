import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readEvidenceFile } from '../../../src/attestation/evidence-file.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import { byName } from '../../../src/operations/catalogue.ts';
import { checkEnclave } from '../../../src/operations/deployment/check-enclave.ts';
import { parseFields } from '../../../src/operations/parse-fields.ts';
import { runLocally } from '../../../src/operations/run-locally.ts';
import { AT, attestedMachine, NONCE } from '../../fixtures/attested-machine.ts';
import type { AttestedMachine } from '../../fixtures/attested-machine.ts';
import { contextOf, memoryServices, personWith } from '../../fixtures/operation-services.ts';
import type { MemoryServices } from '../../fixtures/operation-services.ts';

let services: MemoryServices;
let folder: string;
let machine: AttestedMachine;
beforeEach(() => {
  services = memoryServices();
  folder = mkdtempSync(join(tmpdir(), 'elulmc-enclave-'));
  machine = attestedMachine(folder);
});
afterEach(() => {
  services.remove();
  rmSync(folder, { recursive: true });
});

/** As the command line runs it without a control plane. */
async function run(input: object) {
  const entry = byName('deployment', 'check-enclave');
  if (entry === undefined) throw new Error('not in the catalogue');
  const report = await runLocally(entry, { home: services.home, input, uid: 1000, signal: new AbortController().signal, onProgress: () => undefined });
  return { ...report, output: checkEnclave.output.parse(report.output) };
}

async function approve(file: string, name = 'racks'): Promise<void> {
  const text = readFileSync(file, 'utf8');
  const { sha256Of } = await import('../../../src/operations/attesting/policies.ts');
  await services.attestationPolicies.set({ name, text, sha256: sha256Of(text), setBy: 'per_a', after: 0 }, `run_${name}`);
}

const asked = (): object => ({ root: machine.root, nonce: NONCE.toString('hex'), collateral: machine.collateral, at: AT, host: 'rack-1' });

/** Through the control plane, as an operator. */
function inControl(input: object, role: 'operator' | 'viewer' = 'operator') {
  return checkEnclave.perform(contextOf(services, personWith(role)), parseFields(checkEnclave.input, input));
}

describe('input that is refused', () => {
  test.each<[string, object, ErrorCode, string]>([
    ['a nonce that is no hex', { nonce: 'xyz' }, 'FIELD_INVALID', 'nonce'],
    ['a nonce that cannot be bound', { nonce: '00'.repeat(20), root: '.' }, 'FIELD_INVALID', 'nonce'],
    ['report data of another length', { reportData: '00' }, 'FIELD_INVALID', 'reportData'],
    ['two challenges', { nonce: '00'.repeat(32), reportData: '00'.repeat(64) }, 'USAGE', 'reportData'],
    ['report data that should be bound again', { reportData: '00'.repeat(64), modelDigest: '00'.repeat(32) }, 'USAGE', 'reportData'],
    ['a policy that is not there', { policy: 'nothing.json' }, 'NOT_FOUND', 'policy'],
    ['a policy by its name without a control plane', { policy: 'racks' }, 'NOT_FOUND', 'policy'],
    ['a root that is not there', { root: '/nonexistent' }, 'NOT_FOUND', 'root'],
    ['a way to a TPM that would start a program', { tpm: 'cmd:touch /tmp/x' }, 'FIELD_INVALID', 'tpm'],
    ['a way to a TPM that would load a library', { tpm: '/tmp/evil.so' }, 'FIELD_INVALID', 'tpm'],
    ['a key that is no handle', { attestationKey: 'ak.ctx' }, 'FIELD_INVALID', 'attestationKey'],
    ['an instant that is none', { at: 'yesterday' }, 'FIELD_INVALID', 'at'],
    ['an output that cannot be written', { output: '/nonexistent/x', root: '.' }, 'FIELD_INVALID', 'output'],
  ])('%s', async (_what, input, code, field) => {
    await expect(run(input)).rejects.toMatchObject({ code, field });
  });

  test('policies, keys and folders that hold something else', async () => {
    const file = join(folder, 'x.json');
    writeFileSync(file, '{"v":1,"kinds":{"snp":{"measurement":[]}}}');
    await expect(run({ policy: file })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'policy' });
    await expect(run({ policy: folder })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'policy' });
    await expect(run({ tlsKey: file })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'tlsKey' });
    await expect(run({ collateral: file })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'collateral' });
  });
});

describe('a machine without an enclave', () => {
  test('the answer is 10 with what was looked for, and nothing is kept', async () => {
    mkdirSync(join(folder, 'plain'));
    const { exit, output, summary } = await run({ root: join(folder, 'plain') });
    expect([exit, output.answerCode, output.kept]).toEqual([8, 10, null]);
    expect(output.looked.map(({ interface: name }) => name)).toEqual([
      'configfs-tsm',
      'sev-guest',
      'tdx-guest',
      'nitro-nsm',
      'sgx-enclave',
      'azure-vtpm',
      'tpm',
    ]);
    expect(summary).toBe('Answer 10: no enclave is present.');
    expect([existsSync(services.home.evidence), existsSync(join(services.home.keys, 'attestation.key'))]).toEqual([false, false]);
  });

  test('this machine itself gives an answer', async () => {
    expect([0, 3, 8]).toContain((await run({})).exit);
  });

  test('a policy that makes the enclave optional lets it pass, and says so', async () => {
    const policy = join(folder, 'optional.json');
    const exceptions = { enclave: { reason: 'demo', owner: 'per_a', review: '2026-12-31' } };
    writeFileSync(policy, JSON.stringify({ v: 1, enclave: 'optional', kinds: {}, exceptions }));
    mkdirSync(join(folder, 'plain'));
    expect(await run({ root: join(folder, 'plain'), policy })).toMatchObject({ exit: 0, output: { answerCode: 10 } });
  });

  test('a hint of the processor makes it 11', async () => {
    rmSync(join(machine.root, 'sys'), { recursive: true });
    expect(await run({ root: machine.root })).toMatchObject({ exit: 8, output: { answerCode: 11 } });
  });
});

describe('a machine with an enclave, in a process of the caller', () => {
  test('roots of a policy that nobody approved do not count', async () => {
    const { exit, output } = await run({ ...asked(), policy: machine.policy });
    expect([exit, output.answerCode, output.evidence[0]?.reason]).toEqual([3, 12, 'untrusted-chain']);
    expect(output.findings.map(({ code }) => code)).toContain('roots-not-approved');
    expect(output.evidence[0]?.policyApproved).toBeNull();
  });

  test('without collateral the answer is 14, which is inconclusive', async () => {
    const { exit, output } = await run({ ...asked(), collateral: undefined, policy: machine.rootless });
    expect([exit, output.answerCode]).toEqual([8, 14]);
  });

  test('the evidence is kept, and written where the caller wants it', async () => {
    const path = join(folder, 'evidence.json');
    const { output } = await run({ ...asked(), policy: machine.rootless, output: path });
    expect(output.kept).toMatch(/evidence\/attestation\/rack-1\/[^/]+\.json$/u);
    expect(readFileSync(output.kept ?? '', 'utf8')).toBe(readFileSync(path, 'utf8'));
    expect(readEvidenceFile(readFileSync(path))).toMatchObject({ host: 'rack-1', challenge: { nonce: NONCE.toString('hex') }, evidence: [{ kind: 'snp' }] });
  });
});

describe('through the control plane', () => {
  test('an approved policy and its root decide', async () => {
    await approve(machine.policy);
    const { verdict, output, summary } = await inControl({ ...asked(), policy: 'racks' });
    expect([verdict, output.answerCode]).toEqual(['ok', 0]);
    expect(output.evidence).toMatchObject([
      { kind: 'snp', verdict: 'accept', challenge: 'given', policyApproved: true, policy: { name: 'racks', version: 1 } },
    ]);
    expect(output.evidence[0]?.roots.filter((root) => root.test).map(({ name }) => name)).toEqual(['amd-ark-genoa']);
    expect(summary).toBe('Answer 0: verified, and the policy is met; genuine and as asked: snp of rack-1.');
    expect(output.notBound).toEqual(['tlsKey', 'modelDigest', 'gpuReports']);
    expect(checkEnclave.output.parse(output)).toEqual(output);
  });

  test('a file that is exactly an approved text counts as approved, any other one is a finding', async () => {
    await approve(machine.policy);
    expect(await inControl({ ...asked(), policy: machine.policy })).toMatchObject({
      verdict: 'ok',
      output: { evidence: [{ policy: { name: 'racks', version: 1 } }] },
    });
    const other = await inControl({ ...asked(), policy: machine.otherPolicy });
    expect(other).toMatchObject({ verdict: 'finding', output: { evidence: [{ policyApproved: false }] } });
    expect(other.output.findings.map(({ code }) => code)).toEqual(['policy-not-approved', 'roots-not-approved']);
  });

  test('another measurement is answer 13, another challenge 12', async () => {
    await approve(machine.otherPolicy, 'other');
    await approve(machine.policy);
    expect(await inControl({ ...asked(), policy: 'other' })).toMatchObject({
      verdict: 'finding',
      output: { answerCode: 13, evidence: [{ reason: 'measurement-not-allowed' }] },
    });
    const wrong = { ...asked(), policy: 'racks', nonce: '43'.repeat(32) };
    expect(await inControl(wrong)).toMatchObject({ verdict: 'finding', output: { answerCode: 12, evidence: [{ reason: 'nonce-mismatch' }] } });
  });

  test('what the evidence is not bound to does not pass', async () => {
    await approve(machine.policy);
    const bound = { ...asked(), policy: 'racks', modelDigest: '01'.repeat(32) };
    expect(await inControl(bound)).toMatchObject({
      verdict: 'finding',
      output: { evidence: [{ reason: 'nonce-mismatch' }], notBound: ['tlsKey', 'gpuReports'] },
    });
  });

  test('without any policy it is genuine at best, which is a finding', async () => {
    const { verdict, output } = await inControl(asked());
    expect([verdict, output.findings.map(({ code }) => code)]).toEqual(['finding', ['no-policy']]);
  });

  test('the policy of config.yaml is the default', async () => {
    await approve(machine.policy);
    writeFileSync(services.home.config, 'attestation:\n  policy: racks\n');
    expect(await inControl(asked())).toMatchObject({ verdict: 'ok' });
    writeFileSync(services.home.config, 'attestation:\n  policy: others\n');
    await expect(inControl(asked())).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'attestation.policy' });
  });

  test('kinds that the policy does not list do not count', async () => {
    const policy = join(folder, 'tdx.json');
    writeFileSync(policy, '{"v":1,"kinds":{"tdx":{}}}');
    await approve(policy);
    expect(await inControl({ ...asked(), policy: 'racks' })).toMatchObject({
      verdict: 'finding',
      output: { answerCode: 13, evidence: [{ verdict: 'not-counted', result: null }], findings: [{ code: 'not-counted' }] },
    });
  });

  test('a viewer has nothing read outside of the models, asks no other machine, and nobody has files written', async () => {
    await expect(inControl({ ...asked(), host: undefined }, 'viewer')).rejects.toMatchObject({ code: 'NOT_ALLOWED', field: 'root' });
    await expect(inControl({ tpm: 'swtpm:host=example.org,port=2321' }, 'viewer')).rejects.toMatchObject({ code: 'NOT_ALLOWED', field: 'tpm' });
    await expect(inControl({ host: 'rack-1' }, 'viewer')).rejects.toMatchObject({ code: 'NOT_ALLOWED', field: 'host' });
    await expect(inControl({ output: '/tmp/x' })).rejects.toMatchObject({ code: 'USAGE', field: 'output' });
    await expect(inControl({ policy: 'unknown' })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'policy' });
  });
});

test('a terminal shows what was looked for, every check that was made, and the answer', async () => {
  await approve(machine.policy);
  const { output } = await inControl({ ...asked(), policy: 'racks' });
  const lines = checkEnclave.render?.(output) ?? [];
  expect(lines[0]).toMatch(/^found +configfs-tsm +\/sys\/kernel\/config\/tsm\/report/u);
  expect(lines).toContain('    ok      report-signature');
  expect(lines).toContain('answer 0: verified, and the policy is met');
});
