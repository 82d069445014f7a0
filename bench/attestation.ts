import { generateKeyPairSync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Given } from '../src/attestation/evidence-kind.ts';
import { evidenceKind, verifyEvidence } from '../src/attestation/verify-evidence.ts';
import { mintCollateral, mintIntelChains, mintQuote as mintIntelQuote, quoteGiven } from '../test/attestation/intel/mint-quote.ts';
import { mintCertificate, mintRevocationList } from '../test/attestation/mint-certificates.ts';
import type { Keys } from '../test/attestation/mint-certificates.ts';
import { mintReport, mintVek, snpGiven } from '../test/attestation/mint-snp.ts';
import { mintEventLog, mintQuote, nameOfArea, publicAreaOf, tpmGiven, valuesAfter } from '../test/attestation/mint-tpm.ts';
import { mintDocument, nitroGiven } from '../test/attestation/nitro/mint-nitro.ts';
import { deviceGiven, mintDeviceChain, mintReport as mintDeviceReport } from '../test/attestation/nvidia/mint-device.ts';
import { median } from './ledger/statistics.ts';

const ROUNDS = 5;
const ROUND_MS = 1_000;

/** Evidence that passes, made anew, so that certificates of every round are parsed from bytes. */
interface Case {
  readonly name: string;
  readonly kind: string;
  readonly given: Given;
  readonly policy?: unknown;
  /** Verifications for each second of CPU. */
  readonly goal?: number;
}

/** Root and intermediate have RSA keys of 4096 bits, as AMD's have; the endorsement key is on P-384. */
function snp(withList: boolean): Case {
  const rsa = (): Keys => generateKeyPairSync('rsa', { modulusLength: 4096 });
  const root = mintCertificate({ name: 'TEST-ARK', keys: rsa() });
  const between = mintCertificate({ name: 'TEST-SEV', issuer: root, serial: 2n, keys: rsa() });
  const chain = { root, between, vek: mintVek('genoa', between) };
  const given = snpGiven(mintReport('genoa', chain.vek.keys), chain);
  const crl = { crl: mintRevocationList({ issuer: root }) };
  const name = withList ? 'SEV-SNP with a revocation list' : 'SEV-SNP';
  return { name, kind: 'snp', given: { ...given, inputs: { ...given.inputs, ...(withList ? crl : {}) } }, goal: 500 };
}

function intel(kind: 'tdx' | 'sgx', name: string, version: 3 | 4 | 5, bodyBytes: number): Case {
  const chains = mintIntelChains();
  const given = quoteGiven(chains, mintIntelQuote(chains, { version, bodyBytes }), mintCollateral(chains, { tee: kind }));
  return { name, kind, given, ...(kind === 'tdx' ? { goal: 200 } : {}) };
}

function tpm(): Case {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const events = Array.from({ length: 100 }, (_, at) => ({ pcr: at % 8, data: Buffer.from(`event ${String(at)}`) }));
  const given = tpmGiven(keys, mintQuote({ selection: [0, 1, 2, 3, 4, 5, 6, 7], values: valuesAfter(events) }), { eventlog: mintEventLog(events) });
  return { name: 'TPM 2.0, 100 events', kind: 'tpm2', given, policy: { ak_names: [nameOfArea(publicAreaOf(keys))] } };
}

function cases(): readonly Case[] {
  const device = mintDeviceChain();
  return [
    snp(false),
    snp(true),
    intel('tdx', 'TDX, quote of version 4', 4, 584),
    intel('tdx', 'TDX, quote of version 5, TD 1.5', 5, 648),
    intel('sgx', 'SGX, quote of version 3', 3, 384),
    { name: 'AWS Nitro', kind: 'nitro', given: nitroGiven(mintDocument()) },
    { name: 'NVIDIA GPU', kind: 'nvidia-gpu', given: deviceGiven(device, mintDeviceReport(device)) },
    tpm(),
  ];
}

/** Verifications for each second of CPU in one round. */
function measure({ kind, given, policy = {} }: Case): number {
  const verifier = evidenceKind(kind);
  const parsed = verifier.parsePolicy(policy);
  const cpu = process.cpuUsage();
  const until = performance.now() + ROUND_MS;
  let done = 0;
  while (performance.now() < until) {
    if (verifyEvidence(verifier, parsed, given).reason !== null) throw new Error(`${kind}: the evidence is refused`);
    done += 1;
  }
  const { user, system } = process.cpuUsage(cpu);
  return done / ((user + system) / 1e6);
}

function line({ name, goal }: Case, rates: readonly number[]): string {
  const rate = median(rates);
  const verdict = goal === undefined ? '-' : rate >= goal ? 'met' : 'MISSED';
  const spread = `${Math.min(...rates).toFixed(0)} to ${Math.max(...rates).toFixed(0)}`;
  return `| ${name} | ${rate.toFixed(0)} | ${spread} | ${goal === undefined ? '-' : `>= ${String(goal)}`} | ${verdict} |`;
}

/** The whole verification, from bytes to the verdict: certificates are parsed each time, nothing is kept between two. */
export function runAttestationBench(): Promise<string> {
  const all = cases();
  const rates = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  // In turns, because rates of a machine differ from minute to minute.
  for (let round = 0; round < ROUNDS; round += 1) for (const one of all) rates.get(one.name)?.push(measure(one));
  return Promise.resolve(
    [
      `Node ${process.version}, ${String(availableParallelism())} cores, one thread, medians of ${String(ROUNDS)} rounds of ${String(ROUND_MS / 1000)} s in turns`,
      '',
      '| evidence | verifications for each CPU second | rounds | goal | verdict |',
      '|---|---|---|---|---|',
      ...all.map((one) => line(one, rates.get(one.name) ?? [])),
    ].join('\n'),
  );
}
