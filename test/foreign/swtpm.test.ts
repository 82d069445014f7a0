import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvidenceFile } from '../../src/attestation/evidence-file.ts';
import { openAttestationResult } from '../../src/attestation/result.ts';
import { homeAt } from '../../src/core/home.ts';
import { byName } from '../../src/operations/catalogue.ts';
import { checkEnclave } from '../../src/operations/deployment/check-enclave.ts';
import { runLocally } from '../../src/operations/run-locally.ts';
import { verifyAttestation } from '../../src/operations/security/verify-attestation.ts';
import { mintHclReport, mintRuntimeData } from '../attestation/azure/mint-hcl.ts';
import { imaLine, mintEventLog } from '../attestation/mint-tpm.ts';
import { mintSnpChain } from '../attestation/mint-snp.ts';
import { HAS_SWTPM, startSoftwareTpm } from './swtpm.ts';
import type { SoftwareTpm } from './swtpm.ts';

const AK = '0x81010002';
const AZURE_AK = '0x81000003';
const MODEL = 'ab'.repeat(32);
const EVENTS = [
  { pcr: 0, data: Buffer.from('firmware') },
  { pcr: 7, data: Buffer.from('secure boot') },
  { pcr: 14, data: Buffer.from('model') },
];

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

describe.skipIf(!HAS_SWTPM)('a TPM in software (skipped without swtpm, swtpm-tools and tpm2-tools)', { timeout: 120_000 }, () => {
  let tpm: SoftwareTpm;
  let folder: string;
  let root: string;

  function put(path: string, content: Buffer | string): string {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
    return full;
  }

  function policy(name: string, more: object): string {
    return put(
      name,
      JSON.stringify({ v: 1, kinds: { tpm2: { ak_names: [tpm.nameOf(AK)], required_pcrs: [0, 7, 14], files: { '/models/llama.gguf': MODEL }, ...more } } }),
    );
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'elulmc-tpm-'));
    root = join(folder, 'root');
    tpm = await startSoftwareTpm();
    tpm.tool('tpm2_createek', '-G', 'rsa', '-c', 'ek.ctx', '-u', 'ek.pub', '-f', 'tss');
    tpm.tool('tpm2_createak', '-C', 'ek.ctx', '-c', 'ak.ctx', '-G', 'ecc', '-g', 'sha256', '-s', 'ecdsa', '-u', 'ak.pub', '-n', 'ak.name', '-f', 'tss');
    tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', 'ak.ctx', AK);
    const file = imaLine('/models/llama.gguf', MODEL);
    for (const { pcr, data } of EVENTS) tpm.tool('tpm2_pcrextend', `${String(pcr)}:sha256=${sha256(data)}`);
    tpm.tool('tpm2_pcrextend', `10:sha256=${file.extension.toString('hex')}`);
    put('root/sys/kernel/security/tpm0/binary_bios_measurements', mintEventLog(EVENTS));
    put('root/sys/kernel/security/ima/ascii_runtime_measurements_sha256', file.line);
  }, 120_000);

  afterAll(async () => {
    await tpm.stop();
    rmSync(folder, { recursive: true });
  });

  async function call(room: string, name: string, input: object) {
    const entry = byName(room, name);
    if (entry === undefined) throw new Error('not in the catalogue');
    const home = homeAt(join(folder, 'home'));
    return runLocally(entry, { home, input, uid: 1000, signal: new AbortController().signal, onProgress: () => undefined });
  }

  async function check(input: object) {
    const report = await call('deployment', 'check-enclave', { root, tpm: tpm.tcti, host: 'swtpm', ...input });
    return { ...report, output: checkEnclave.output.parse(report.output) };
  }

  async function verify(input: object) {
    const report = await call('security', 'verify-attestation', input);
    return { ...report, output: verifyAttestation.output.parse(report.output) };
  }

  test('its quotes count only where the policy lists tpm2', async () => {
    const { exit, output } = await check({ policy: put('none.json', '{"v":1,"kinds":{"snp":{}}}') });
    expect([exit, output.answerCode, output.evidence]).toEqual([8, 10, []]);
  });

  test('a policy that fits, another one, and another challenge', async () => {
    const fits = policy('fits.json', {});
    const evidence = join(folder, 'evidence.json');
    const nonce = randomBytes(32).toString('hex');
    expect(await check({ policy: fits, nonce, output: evidence })).toMatchObject({
      exit: 0,
      output: { answerCode: 0, evidence: [{ kind: 'tpm2', verdict: 'accept' }] },
    });
    expect(await check({ policy: policy('file.json', { files: { '/models/llama.gguf': 'cd'.repeat(32) } }) })).toMatchObject({
      exit: 3,
      output: { answerCode: 13 },
    });
    expect(await check({ policy: policy('key.json', { ak_names: [] }) })).toMatchObject({
      exit: 3,
      output: { answerCode: 12, evidence: [{ reason: 'ak-unknown' }] },
    });
    expect(await verify({ evidence, policy: fits, nonce })).toMatchObject({ exit: 0 });
    const other = await verify({ evidence, policy: fits, nonce: randomBytes(32).toString('hex') });
    expect(other).toMatchObject({ exit: 3, output: { answerCode: 12, evidence: [{ reason: 'nonce-mismatch' }] } });
    expect(await verify({ policy: fits })).toMatchObject({ exit: 0, output: { hosts: ['swtpm'], evidence: [{ challenge: 'kept' }] } });
  });

  test('the result is signed by the key of the home', async () => {
    const { output } = await check({ policy: policy('fits.json', {}) });
    const key = createPublicKey(readFileSync(join(folder, 'home/keys/attestation.key')));
    expect(openAttestationResult(output.evidence[0]?.result ?? '', key)).toMatchObject({ kind: 'tpm2', verdict: 'accept', answer_code: 0 });
  });

  test('tpm2_checkquote says the same of the same quote', async () => {
    const evidence = join(folder, 'quote.json');
    const nonce = randomBytes(32).toString('hex');
    const { output } = await check({ policy: policy('fits.json', {}), nonce, output: evidence });
    const [quote] = readEvidenceFile(readFileSync(evidence))?.evidence ?? [];
    const write = (name: string, bytes: Buffer | undefined): void => {
      writeFileSync(join(tpm.folder, name), bytes ?? '');
    };
    write('q.msg', quote?.evidence);
    write('q.sig', quote?.inputs['sig']);
    tpm.tool('tpm2_readpublic', '-c', AK, '-f', 'pem', '-o', 'ak.pem');
    const accepts = (qualification: string): boolean =>
      spawnSync('tpm2_checkquote', ['-u', 'ak.pem', '-m', 'q.msg', '-s', 'q.sig', '-g', 'sha256', '-q', qualification], { cwd: tpm.folder }).status === 0;
    const asked = output.reportData.slice(0, 64);
    expect([accepts(asked), accepts('00'.repeat(32))]).toEqual([true, false]);
    const flipped = Buffer.from(quote?.evidence ?? Buffer.alloc(1));
    flipped.writeUInt8(flipped.readUInt8(flipped.length - 1) ^ 1, flipped.length - 1);
    write('q.msg', flipped);
    expect(accepts(asked)).toBe(false);
  });

  test('a PCR that is extended behind the log is found', async () => {
    tpm.tool('tpm2_pcrextend', `14:sha256=${'99'.repeat(32)}`);
    const found = await check({ policy: policy('fits.json', {}) });
    expect(found).toMatchObject({ exit: 3, output: { answerCode: 12, evidence: [{ reason: 'event-log-mismatch' }] } });
  });

  test('the vTPM of a confidential VM of Azure, with a report of our own making', async () => {
    tpm.tool('tpm2_createek', '-G', 'rsa', '-c', 'ek.ctx', '-u', 'ek.pub', '-f', 'tss');
    tpm.tool('tpm2_createak', '-C', 'ek.ctx', '-c', 'hcl.ctx', '-G', 'rsa', '-g', 'sha256', '-s', 'rsassa', '-u', 'hcl.pub', '-n', 'hcl.name', '-f', 'tss');
    tpm.tool('tpm2_evictcontrol', '-C', 'o', '-c', 'hcl.ctx', AZURE_AK);
    tpm.tool('tpm2_readpublic', '-c', AZURE_AK, '-f', 'pem', '-o', 'hcl.pem');
    const publicKey = createPublicKey(readFileSync(join(tpm.folder, 'hcl.pem')));
    const chain = mintSnpChain('milan');
    const runtime = mintRuntimeData({ publicKey });
    writeFileSync(join(tpm.folder, 'hcl.bin'), mintHclReport(chain, runtime));
    // The emulator's indexes hold 2048 bytes; the paravisor's is larger, and its tail is zero.
    const report = readFileSync(join(tpm.folder, 'hcl.bin')).subarray(0, 2048);
    writeFileSync(join(tpm.folder, 'hcl.bin'), report);
    tpm.tool('tpm2_nvdefine', '-C', 'o', '-s', String(report.length), '-a', 'ownerread|ownerwrite|authread|authwrite', '0x01400001');
    tpm.tool('tpm2_nvwrite', '-C', 'o', '-i', 'hcl.bin', '0x01400001');
    put('collateral/vek.pem', chain.vek.certificate.toString());
    put('collateral/ask.pem', chain.between.certificate.toString());
    const azure = put('azure.json', '{"v":1,"kinds":{"az-snp-vtpm":{}}}');
    const { output } = await check({ policy: azure, collateral: join(folder, 'collateral'), at: '2026-03-01T00:00:00Z' });
    const [found] = output.evidence;
    const failed = found?.checks.filter(({ outcome }) => outcome === 'fail').map(({ name }) => name);
    // All but the root, which is not AMD's.
    expect([found?.kind, found?.reason, failed]).toEqual(['az-snp-vtpm', 'untrusted-chain', ['chain']]);
    expect(found?.checks.find(({ name }) => name === 'pcrs')?.outcome).toBe('pass');
  });
});
