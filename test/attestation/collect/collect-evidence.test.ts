import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectEvidence } from '../../../src/attestation/collect/collect-evidence.ts';
import type { EvidenceSource, TpmWish } from '../../../src/attestation/collect/evidence-source.ts';
import { hostFiles } from '../../../src/attestation/collect/host-files.ts';
import type { HostFiles } from '../../../src/attestation/collect/host-files.ts';
import { MemoryConfigfs } from './memory-configfs.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'elulmc-host-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const ASKED = { reportData: Buffer.alloc(64, 7), nonce: Buffer.alloc(32, 7) };
const TSM = '/sys/kernel/config/tsm/report';
const TPM: TpmWish = { key: null, pcrs: [0, 7] };

function source(more: Partial<EvidenceSource> = {}): EvidenceSource {
  return {
    files: hostFiles(root),
    live: false,
    run: () => Promise.resolve({ code: 127, stdout: '', stderr: 'spawn ENOENT' }),
    tcti: 'device:/dev/tpmrm0',
    tpm: null,
    ...more,
  };
}

async function outcomes(from: EvidenceSource): Promise<Record<string, string>> {
  const { looked } = await collectEvidence(from, ASKED);
  return Object.fromEntries(looked.map(({ interface: name, outcome }) => [name, outcome]));
}

describe('a host without any of it', () => {
  test('every interface was looked for, in order, and nothing is there', async () => {
    put('/proc/cpuinfo', 'processor\t: 0\nflags\t\t: fpu hypervisor sse2\n');
    const { looked, evidence, facts } = await collectEvidence(source({ tpm: TPM }), ASKED);
    expect(looked.map(({ interface: name, outcome }) => `${name} ${outcome}`)).toEqual([
      'configfs-tsm absent',
      'sev-guest absent',
      'tdx-guest absent',
      'nitro-nsm absent',
      'sgx-enclave absent',
      'azure-vtpm absent',
      'tpm absent',
    ]);
    expect([evidence, facts]).toEqual([[], [{ name: 'processor flag', value: 'hypervisor', hint: false }]]);
  });

  test('flags of the processor are hints', async () => {
    put('/proc/cpuinfo', 'flags\t\t: sev_snp tdx_guest\n');
    const { facts } = await collectEvidence(source(), ASKED);
    expect(facts.map(({ value, hint }) => [value, hint])).toEqual([
      ['tdx_guest', true],
      ['sev_snp', true],
    ]);
  });
});

describe('a recorded tree', () => {
  test('a report of SEV-SNP with the certificates of its host', async () => {
    put(`${TSM}/one/provider`, 'sev_guest\n');
    put(`${TSM}/one/outblob`, 'report');
    put(`${TSM}/one/auxblob`, 'table');
    const { evidence } = await collectEvidence(source(), ASKED);
    expect(evidence).toEqual([{ kind: 'snp', interface: 'configfs-tsm', evidence: Buffer.from('report'), inputs: { certificates: Buffer.from('table') } }]);
  });

  test('a quote of TDX with the log of its firmware', async () => {
    put(`${TSM}/one/provider`, 'tdx_guest\n');
    put(`${TSM}/one/outblob`, 'quote');
    put('/sys/firmware/acpi/tables/data/CCEL', 'log');
    const { evidence } = await collectEvidence(source(), ASKED);
    expect(evidence).toMatchObject([{ kind: 'tdx', inputs: { ccel: Buffer.from('log') } }]);
  });

  test('a provider that nobody knows here, and an entry without a report', async () => {
    put(`${TSM}/one/provider`, 'arm_cca_guest\n');
    put(`${TSM}/one/outblob`, 'token');
    expect(await outcomes(source())).toMatchObject({ 'configfs-tsm': 'unusable' });
    rmSync(join(root, TSM, 'one/outblob'));
    expect(await outcomes(source())).toMatchObject({ 'configfs-tsm': 'failed' });
    rmSync(join(root, TSM, 'one'), { recursive: true });
    expect(await outcomes(source())).toMatchObject({ 'configfs-tsm': 'absent' });
  });

  test.each([
    ['/dev/sev-guest', 'snp'],
    ['/dev/tdx_guest', 'tdx'],
    ['/dev/nsm', 'nitro'],
    ['/dev/sgx_enclave', 'sgx'],
  ])('the file %s is evidence of the kind %s', async (path, kind) => {
    put(path, 'evidence');
    const { evidence } = await collectEvidence(source(), ASKED);
    expect(evidence).toMatchObject([{ kind, evidence: Buffer.from('evidence') }]);
  });

  test('a quote of a TPM with its logs, only where quotes count', async () => {
    for (const name of ['quote.msg', 'quote.sig', 'ak.pub']) put(`/dev/tpmrm0/${name}`, name);
    put('/sys/kernel/security/tpm0/binary_bios_measurements', 'log');
    expect((await collectEvidence(source(), ASKED)).evidence).toEqual([]);
    const inputs = { sig: Buffer.from('quote.sig'), pub: Buffer.from('ak.pub'), eventlog: Buffer.from('log') };
    const { evidence, looked } = await collectEvidence(source({ tpm: TPM }), ASKED);
    expect(evidence).toEqual([{ kind: 'tpm2', interface: 'tpm', evidence: Buffer.from('quote.msg'), inputs }]);
    expect(looked.find(({ interface: name }) => name === 'ima-list')?.outcome).toBe('absent');
    rmSync(join(root, 'dev/tpmrm0/quote.sig'));
    expect(await outcomes(source({ tpm: TPM }))).toMatchObject({ tpm: 'failed' });
  });
});

describe('a live host', () => {
  test.skipIf(process.getuid?.() === 0)('what may not be read is another answer than what is not there (skipped as root)', async () => {
    put(`${TSM}/x/provider`, 'sev_guest');
    chmodSync(join(root, TSM), 0o000);
    try {
      expect(await outcomes(source({ live: true }))).toMatchObject({ 'configfs-tsm': 'denied', 'sev-guest': 'absent' });
    } finally {
      chmodSync(join(root, TSM), 0o700);
    }
  });

  test('what the system refuses is another answer than what is not there', async () => {
    const files: HostFiles = { ...hostFiles(root), list: () => ({ outcome: 'denied', why: 'EACCES' }), kindOf: () => ({ outcome: 'denied', why: 'EACCES' }) };
    const found = await outcomes(source({ files, live: true, tpm: TPM }));
    expect(found).toEqual({
      'configfs-tsm': 'denied',
      'sev-guest': 'denied',
      'tdx-guest': 'denied',
      'nitro-nsm': 'denied',
      'sgx-enclave': 'denied',
      'azure-vtpm': 'denied',
      tpm: 'denied',
    });
  });

  test('devices that answer control calls only are named, and nothing is read from them', async () => {
    put('/dev/sev-guest', 'evidence');
    const { looked, evidence } = await collectEvidence(source({ live: true }), ASKED);
    expect(looked.find(({ interface: name }) => name === 'sev-guest')).toMatchObject({
      outcome: 'unusable',
      detail: expect.stringContaining('/sys/kernel/config/tsm') as string,
    });
    expect(evidence).toEqual([]);
  });

  test('without tpm2-tools a TPM cannot be asked', async () => {
    put('/dev/tpmrm0', '');
    const { looked } = await collectEvidence(source({ live: true, tpm: TPM }), ASKED);
    expect(looked.filter(({ interface: name }) => name === 'tpm')).toMatchObject([
      { outcome: 'unusable', detail: expect.stringContaining('not installed') as string },
    ]);
  });
});

describe('the interface of the kernel', () => {
  const configfs = (guest: Partial<MemoryConfigfs> = {}): MemoryConfigfs => Object.assign(new MemoryConfigfs(TSM), guest);

  test('the challenge goes in, the report comes out, and the entry is removed', async () => {
    const files = configfs();
    const { evidence, looked } = await collectEvidence(source({ files, live: true }), ASKED);
    expect(looked[0]).toEqual({ interface: 'configfs-tsm', at: TSM, outcome: 'found', detail: 'snp' });
    expect(evidence).toEqual([
      {
        kind: 'snp',
        interface: 'configfs-tsm',
        evidence: Buffer.concat([Buffer.from('report of '), ASKED.reportData]),
        inputs: { certificates: Buffer.from('table') },
      },
    ]);
    expect(files.entries).toBe(0);
  });

  test('another question between ours and its answer is asked again', async () => {
    const files = configfs({ disturbances: 2 });
    const { evidence } = await collectEvidence(source({ files, live: true }), ASKED);
    expect([evidence.length, files.entries]).toEqual([1, 0]);
    const busy = configfs({ disturbances: 99 });
    expect(await outcomes(source({ files: busy, live: true }))).toMatchObject({ 'configfs-tsm': 'failed' });
    expect(busy.entries).toBe(0);
  });

  test('a user who may not make an entry, and a kernel that refuses the challenge', async () => {
    expect(await outcomes(source({ files: configfs({ refuses: 'mkdir' }), live: true }))).toMatchObject({ 'configfs-tsm': 'denied' });
    const files = configfs({ refuses: 'inblob' });
    expect(await outcomes(source({ files, live: true }))).toMatchObject({ 'configfs-tsm': 'failed' });
    expect(files.entries).toBe(0);
  });
});
