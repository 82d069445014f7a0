import { sign } from 'node:crypto';
import type { Given } from '../../src/attestation/evidence-kind.ts';
import type { RootStore } from '../../src/attestation/roots.ts';
import { CLOCK_MS, der, extension, integer, mintCertificate } from './mint-certificates.ts';
import type { CertificateWishes, Keys, Minted } from './mint-certificates.ts';

const PREFIX = '1.3.6.1.4.1.3704.1';

export type Product = 'milan' | 'genoa' | 'turin';

/** Levels as the extensions carry them. */
const LEVELS = { '.3.1': 4, '.3.2': 1, '.3.3': 22, '.3.8': 0xd5 } as const;
const FMC_LEVEL = 3;

/** The eight bytes of a TCB field. */
function tcbField(product: Product): Buffer {
  return product === 'turin' ? Buffer.from([FMC_LEVEL, 4, 1, 22, 0, 0, 0, 0xd5]) : Buffer.from([4, 1, 0, 0, 0, 0, 22, 0xd5]);
}

export const CHIP = Buffer.alloc(64, 0x5a);

export function vekExtensions(product: Product, more: readonly Buffer[] = []): Buffer[] {
  const chip = product === 'turin' ? CHIP.subarray(0, 8) : CHIP;
  const levels = Object.entries(LEVELS).map(([suffix, level]) => extension(`${PREFIX}${suffix}`, integer(level)));
  return [...levels, ...(product === 'turin' ? [extension(`${PREFIX}.3.9`, integer(FMC_LEVEL))] : []), extension(`${PREFIX}.4`, chip), ...more];
}

export function productExtension(name: string): Buffer {
  return extension(`${PREFIX}.2`, der(0x16, Buffer.from(name, 'latin1')));
}

/** Root, intermediate and endorsement key of one product. */
export interface SnpChain {
  readonly root: Minted;
  readonly between: Minted;
  readonly vek: Minted;
}

export function mintSnpChain(product: Product, vek: Partial<CertificateWishes> = {}): SnpChain {
  const root = mintCertificate({ name: 'TEST-ARK' });
  const between = mintCertificate({ name: 'TEST-SEV', issuer: root, serial: 2n });
  return { root, between, vek: mintVek(product, between, vek) };
}

export function mintVek(product: Product, between: Minted, wishes: Partial<CertificateWishes> = {}): Minted {
  return mintCertificate({ name: 'SEV-VCEK', issuer: between, serial: 3n, isCa: false, extensions: vekExtensions(product), ...wishes });
}

const CPUID: Readonly<Record<Product, readonly [number, number]>> = { milan: [0x19, 0x01], genoa: [0x19, 0x11], turin: [0x1a, 0x02] };

/** Signs bytes 0 to 0x2a0 and puts r and s in, little-endian. */
export function signReport(report: Buffer, { privateKey }: Pick<Keys, 'privateKey'>): Buffer {
  const signature = sign('sha384', report.subarray(0, 0x2a0), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  Buffer.from(signature.subarray(0, 48)).reverse().copy(report, 0x2a0);
  Buffer.from(signature.subarray(48)).reverse().copy(report, 0x2e8);
  return report;
}

/** A report that passes; `change` may edit it before it is signed. */
export function mintReport(product: Product, keys: Pick<Keys, 'privateKey'>, change: (report: Buffer) => void = () => undefined, version = 5): Buffer {
  const report = Buffer.alloc(0x4a0);
  report.writeUInt32LE(version, 0);
  report.writeBigUInt64LE((1n << 16n) | (1n << 17n), 0x08);
  report.writeUInt32LE(1, 0x34);
  for (const at of [0x38, 0x180, 0x1e0, 0x1f0]) tcbField(product).copy(report, at);
  report.fill(0x11, 0x50, 0x90);
  report.fill(0x22, 0x90, 0xc0);
  if (version > 2) report.set(CPUID[product], 0x188);
  CHIP.copy(report, 0x1a0, 0, product === 'turin' ? 8 : 64);
  change(report);
  return signReport(report, keys);
}

export const REPORT_DATA = Buffer.alloc(64, 0x11);
export const MEASUREMENT = Buffer.alloc(48, 0x22).toString('hex');

export function rootsOf({ root }: SnpChain): RootStore {
  return { 'amd-ark-milan': root.certificate, 'amd-ark-genoa': root.certificate, 'amd-ark-turin': root.certificate };
}

export function snpGiven(evidence: Buffer, chain: SnpChain, more: Partial<Given> = {}): Given {
  return {
    evidence,
    inputs: { vek: chain.vek.certificate.raw, ask: Buffer.from(chain.between.certificate.toString(), 'latin1') },
    roots: rootsOf(chain),
    challenge: { reportData: REPORT_DATA },
    clockMs: CLOCK_MS,
    ...more,
  };
}
