import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { CLOCK_MS, der, extension, integer, mintCertificate, mintRevocationList, objectIdentifier, sequence } from '../mint-certificates.ts';
import type { CertificateWishes, Keys, Minted, RevocationWishes } from '../mint-certificates.ts';

const SGX = '1.2.840.113741.1.13.1';
const FMSPC = '90c06f000000';

function p256(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function signRaw(bytes: Buffer, { privateKey }: Keys): Buffer {
  return sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

function pointOf({ publicKey }: Keys): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

function field(oid: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(oid), value);
}

/** The SGX extension of a PCK certificate. */
export function pckExtension({ components = Array<number>(16).fill(7), pceSvn = 13, fmspc = FMSPC, pceId = '0000' } = {}): Buffer {
  const tcb = components.map((svn, at) => field(`${SGX}.2.${String(at + 1)}`, integer(svn)));
  const value = sequence(
    field(`${SGX}.1`, der(0x04, Buffer.alloc(16))),
    field(`${SGX}.2`, sequence(...tcb, field(`${SGX}.2.17`, integer(pceSvn)), field(`${SGX}.2.18`, der(0x04, Buffer.from(components))))),
    field(`${SGX}.3`, der(0x04, Buffer.from(pceId, 'hex'))),
    field(`${SGX}.4`, der(0x04, Buffer.from(fmspc, 'hex'))),
  );
  return extension(SGX, value);
}

/** Intel's chains, made anew. */
export interface IntelChains {
  readonly root: Minted;
  readonly platformCa: Minted;
  readonly pck: Minted;
  readonly tcbSigner: Minted;
  readonly attestationKeys: Keys;
}

export function mintIntelChains(wishes: Partial<Record<'platformCa' | 'pck' | 'tcbSigner', Partial<CertificateWishes>>> = {}): IntelChains {
  const root = mintCertificate({ name: 'TEST SGX Root CA', keys: p256() });
  const platformCa = mintCertificate({ name: 'TEST SGX PCK Platform CA', keys: p256(), issuer: root, serial: 2n, ...wishes.platformCa });
  const pck = mintCertificate({
    name: 'TEST SGX PCK Certificate',
    keys: p256(),
    issuer: platformCa,
    serial: 3n,
    isCa: false,
    extensions: [pckExtension()],
    ...wishes.pck,
  });
  const tcbSigner = mintCertificate({ name: 'TEST SGX TCB Signing', keys: p256(), issuer: root, serial: 4n, isCa: false, ...wishes.tcbSigner });
  return { root, platformCa, pck, tcbSigner, attestationKeys: p256() };
}

/** `certificates` as PEM, in order. */
export function pemOf(...certificates: readonly Minted[]): string {
  return certificates.map(({ certificate }) => certificate.toString()).join('');
}

const svns = (...first: readonly number[]) => Array.from({ length: 16 }, (_, at) => ({ svn: first[at] ?? 0 }));
const DATES = { issueDate: '2026-01-01T00:00:00Z', nextUpdate: '2026-12-31T00:00:00Z' };
const MODULE_SIGNER = { mrsigner: '00'.repeat(48), attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8) };

/** A platform's level for TCB info. */
export function platformLevel(tcbStatus: string, sgx: readonly number[], pcesvn: number, tdx: readonly number[]) {
  const tcb = { sgxtcbcomponents: svns(...sgx), pcesvn, tdxtcbcomponents: svns(...tdx) };
  return { tcb, tcbDate: '2025-01-01T00:00:00Z', tcbStatus, advisoryIDs: [`INTEL-SA-${tcbStatus}`] };
}

export function enclaveLevel(tcbStatus: string, isvsvn: number, tcbDate = '2025-02-01T00:00:00Z') {
  return { tcb: { isvsvn }, tcbDate, tcbStatus };
}

export type Json = Record<string, unknown>;

export function tcbInfo(tee: 'sgx' | 'tdx', change: Json = {}): Json {
  const levels = [platformLevel('UpToDate', [7, 7, 2], 13, [5, 1, 3]), platformLevel('OutOfDate', [5, 5], 11, [2, 1, 2])];
  const modules = [{ id: 'TDX_01', ...MODULE_SIGNER, tcbLevels: [enclaveLevel('UpToDate', 5), enclaveLevel('OutOfDate', 2, '2023-01-01T00:00:00Z')] }];
  const tdx = tee === 'tdx' ? { tdxModule: MODULE_SIGNER, tdxModuleIdentities: modules } : {};
  return { id: tee.toUpperCase(), version: 3, ...DATES, fmspc: FMSPC.toUpperCase(), pceId: '0000', tcbType: 0, ...tdx, tcbLevels: levels, ...change };
}

export function qeIdentity(tee: 'sgx' | 'tdx', change: Json = {}): Json {
  return {
    id: tee === 'tdx' ? 'TD_QE' : 'QE',
    version: 2,
    ...DATES,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: `11${'00'.repeat(15)}`,
    attributesMask: `FB${'FF'.repeat(7)}${'00'.repeat(8)}`,
    mrsigner: 'AA'.repeat(32),
    isvprodid: 2,
    tcbLevels: [enclaveLevel('UpToDate', 4), enclaveLevel('OutOfDate', 2)],
    ...change,
  };
}

export interface CollateralWishes {
  readonly tee?: 'sgx' | 'tdx';
  readonly tcbInfo?: Json;
  readonly qeIdentity?: Json;
  readonly rootCrl?: Partial<RevocationWishes>;
  readonly pckCrl?: Partial<RevocationWishes>;
  /** Members of the file itself. */
  readonly file?: Json;
}

export function mintCollateral(chains: IntelChains, wishes: CollateralWishes = {}): Buffer {
  const { tee = 'tdx', file = {} } = wishes;
  const info = JSON.stringify(tcbInfo(tee, wishes.tcbInfo));
  const identity = JSON.stringify(qeIdentity(tee, wishes.qeIdentity));
  const signedBy = (text: string) => signRaw(Buffer.from(text), chains.tcbSigner.keys).toString('hex');
  return Buffer.from(
    JSON.stringify({
      pck_crl_issuer_chain: pemOf(chains.platformCa, chains.root),
      root_ca_crl: mintRevocationList({ issuer: chains.root, ...wishes.rootCrl }).toString('hex'),
      pck_crl: mintRevocationList({ issuer: chains.platformCa, ...wishes.pckCrl }).toString('hex'),
      tcb_info_issuer_chain: pemOf(chains.tcbSigner, chains.root),
      tcb_info: info,
      tcb_info_signature: signedBy(info),
      qe_identity_issuer_chain: pemOf(chains.tcbSigner, chains.root),
      qe_identity: identity,
      qe_identity_signature: signedBy(identity),
      ...file,
    }),
  );
}

export interface QuoteWishes {
  readonly version?: 3 | 4 | 5;
  /** 384, 584 or 648; the TEE follows from it. */
  readonly bodyBytes?: number;
  /** Edits header and body before they are signed. */
  readonly changeSigned?: (signed: Buffer, bodyAt: number) => void;
  readonly changeQe?: (report: Buffer) => void;
  /** Binds another attestation key than the one that signs. */
  readonly boundKey?: Buffer;
  readonly certification?: Buffer;
  readonly behind?: Buffer;
}

const BODY_TYPES: Readonly<Record<number, number>> = { 384: 1, 584: 2, 648: 3 };
const REPORT_DATA = Buffer.alloc(64, 0x11);
export const MEASUREMENT = 0x22;

function enclaveReport(reportData: Buffer): Buffer {
  const report = Buffer.alloc(384);
  report[48] = 0x11;
  report.fill(MEASUREMENT, 64, 96);
  report.fill(0xaa, 128, 160);
  report.writeUInt16LE(2, 256);
  report.writeUInt16LE(4, 258);
  reportData.copy(report, 320);
  return report;
}

function tdReport(bytes: number): Buffer {
  const report = Buffer.alloc(bytes);
  report.set([5, 1, 3], 0);
  report.writeBigUInt64LE(1n << 28n, 120);
  report.fill(MEASUREMENT, 136, 184);
  for (const [at, offset] of [328, 376, 424, 472].entries()) report.fill(0x30 + at, offset, offset + 48);
  REPORT_DATA.copy(report, 520);
  if (bytes === 648) report.set([5, 1, 3], 584);
  return report;
}

function signedPart(version: number, bodyBytes: number): Buffer {
  const header = Buffer.alloc(48);
  header.writeUInt16LE(version, 0);
  header.writeUInt16LE(2, 2);
  header.writeUInt32LE(bodyBytes === 384 ? 0 : 0x81, 4);
  header.write('939a7233f79c4ca9940a0db3957f0607', 12, 'hex');
  const head = Buffer.alloc(version === 5 ? 6 : 0);
  if (version === 5) {
    head.writeUInt16LE(BODY_TYPES[bodyBytes] ?? 0, 0);
    head.writeUInt32LE(bodyBytes, 2);
  }
  return Buffer.concat([header, head, bodyBytes === 384 ? enclaveReport(REPORT_DATA) : tdReport(bodyBytes)]);
}

const u16 = (value: number) => Buffer.from([value & 0xff, value >> 8]);
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** A quote that passes, with the wishes. */
export function mintQuote(chains: IntelChains, wishes: QuoteWishes = {}): Buffer {
  const { version = 4, bodyBytes = 584, behind = Buffer.alloc(0) } = wishes;
  const signed = signedPart(version, bodyBytes);
  wishes.changeSigned?.(signed, version === 5 ? 54 : 48);
  const key = pointOf(chains.attestationKeys);
  const auth = Buffer.from(Array.from({ length: 32 }, (_, at) => at));
  const bound = createHash('sha256')
    .update(wishes.boundKey ?? key)
    .update(auth)
    .digest();
  const qe = enclaveReport(Buffer.concat([bound, Buffer.alloc(32)]));
  wishes.changeQe?.(qe);
  const pem = Buffer.from(`${pemOf(chains.pck, chains.platformCa, chains.root)}\0`);
  const inner = Buffer.concat([
    qe,
    signRaw(qe, chains.pck.keys),
    u16(auth.length),
    auth,
    wishes.certification ?? Buffer.concat([u16(5), u32(pem.length), pem]),
  ]);
  const wrapped = version === 3 ? inner : Buffer.concat([u16(6), u32(inner.length), inner]);
  const signature = Buffer.concat([signRaw(signed, chains.attestationKeys), key, wrapped]);
  return Buffer.concat([signed, u32(signature.length), signature, behind]);
}

export function quoteGiven(chains: IntelChains, evidence: Buffer, collateral: Buffer, more: Partial<Given> = {}): Given {
  return {
    evidence,
    inputs: { collateral },
    roots: { 'intel-sgx': chains.root.certificate },
    challenge: { reportData: REPORT_DATA },
    clockMs: CLOCK_MS,
    ...more,
  };
}
