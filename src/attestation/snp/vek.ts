import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { commonNameOf, extensionsOf } from '../x509/certificate.ts';
import { integerOf, readWhole } from '../x509/der.ts';
import { SNP_PRODUCTS, TCB_COMPONENTS } from './tcb.ts';
import type { SnpProduct, Tcb, TcbComponent } from './tcb.ts';

const PREFIX = '1.3.6.1.4.1.3704.1';
const INTEGER = 0x02;
const IA5_STRING = 0x16;
const OCTET_STRING = 0x04;

/** Extensions with security patch levels (AMD publication 57230). */
const LEVELS: Readonly<Record<TcbComponent, string>> = { bl: '.3.1', tee: '.3.2', snp: '.3.3', ucode: '.3.8', fmc: '.3.9' };

/** The kind of key that signed a report: of one chip (VCEK), or of a cloud provider (VLEK). */
export type SnpSigner = 'vcek' | 'vlek';

/** Extensions of a versioned endorsement key's certificate, read when they are asked for. Nothing of them is proved before its chain is. */
export interface Vek {
  readonly certificate: X509Certificate;
  /** By its common name; null when it is neither. */
  readonly signer: SnpSigner | null;
  /** Undefined: it names none. Null: it names one that is not known. EvidenceError `malformed`. */
  product(): SnpProduct | null | undefined;
  /** EvidenceError `malformed`. */
  tcb(): Tcb;
  /** 64 bytes, 8 on Turin; undefined with a VLEK. EvidenceError `malformed`. */
  hardwareId(): Buffer | undefined;
}

function levelIn(value: Buffer): number {
  const level = integerOf(readWhole(value, INTEGER));
  if (level > 255n) throw new EvidenceError('malformed', 'a security patch level above 255');
  return Number(level);
}

/** `Milan-B0` is a stepping of Milan. */
function productIn(value: Buffer): SnpProduct | null {
  const [name] = readWhole(value, IA5_STRING).content.toString('latin1').toLowerCase().split('-');
  return SNP_PRODUCTS.find((product) => product === name) ?? null;
}

/** The id stands there as it is; some tools wrap it into an OCTET STRING. */
function hardwareIdIn(value: Buffer): Buffer {
  const isWrapped = (value.length === 66 || value.length === 10) && value[0] === OCTET_STRING && value[1] === value.length - 2;
  return isWrapped ? value.subarray(2) : value;
}

function signerOf(certificate: X509Certificate): SnpSigner | null {
  const name = commonNameOf(certificate);
  return name === 'SEV-VCEK' ? 'vcek' : name === 'SEV-VLEK' ? 'vlek' : null;
}

/** A certificate as that of an endorsement key. EvidenceError `malformed` when its name cannot be read. */
export function readVek(certificate: X509Certificate): Vek {
  let extensions: ReadonlyMap<string, Buffer> | undefined;
  const read = <T>(suffix: string, parse: (value: Buffer) => T): T | undefined => {
    extensions ??= extensionsOf(certificate);
    const value = extensions.get(`${PREFIX}${suffix}`);
    return value === undefined ? undefined : parse(value);
  };
  return {
    certificate,
    signer: signerOf(certificate),
    product: () => read('.2', productIn),
    tcb: () => Object.fromEntries(TCB_COMPONENTS.flatMap((name) => [[name, read(LEVELS[name], levelIn)] as const])),
    hardwareId: () => read('.4', hardwareIdIn),
  };
}
