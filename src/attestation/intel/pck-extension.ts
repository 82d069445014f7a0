import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { expectTag, integerOf, oidOf, readChildren, readWhole } from '../x509/der.ts';
import type { DerElement } from '../x509/der.ts';
import { extensionsOf } from '../x509/certificate.ts';

const SGX_EXTENSION = '1.2.840.113741.1.13.1';
const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const COMPONENTS = 16;

/** The platform that a PCK certificate is for (Intel SGX PCK certificate profile, section 1.3.5). */
export interface PckPlatform {
  /** Lower-case hex of 6 bytes: family, model, stepping, platform type. */
  readonly fmspc: string;
  /** Lower-case hex of 2 bytes. */
  readonly pceId: string;
  /** 16 security version numbers. */
  readonly components: readonly number[];
  readonly pceSvn: number;
}

/** A sequence of { object identifier, value } by the part of the identifier behind `prefix`. */
function fieldsOf(content: Buffer, prefix: string): ReadonlyMap<string, DerElement> {
  const fields = new Map<string, DerElement>();
  for (const field of readChildren(content)) {
    const [oid, value, ...rest] = readChildren(expectTag(field, SEQUENCE).content);
    const name = oidOf(expectTag(oid, OBJECT_IDENTIFIER));
    if (value === undefined || rest.length > 0 || !name.startsWith(`${prefix}.`) || fields.has(name.slice(prefix.length + 1)))
      throw new EvidenceError('malformed', `the SGX extension holds ${name} where it must not`);
    fields.set(name.slice(prefix.length + 1), value);
  }
  return fields;
}

function numberOf(element: DerElement | undefined, most: number): number {
  const value = integerOf(expectTag(element, INTEGER));
  if (value > BigInt(most)) throw new EvidenceError('malformed', `a security version number ${String(value)}`);
  return Number(value);
}

function hexOf(element: DerElement | undefined, bytes: number): string {
  const { content } = expectTag(element, OCTET_STRING);
  if (content.length !== bytes) throw new EvidenceError('malformed', `${String(content.length)} bytes where ${String(bytes)} must stand`);
  return content.toString('hex');
}

/** EvidenceError `malformed`. */
export function readPckPlatform(certificate: X509Certificate): PckPlatform {
  const extension = extensionsOf(certificate).get(SGX_EXTENSION);
  if (extension === undefined) throw new EvidenceError('malformed', 'a PCK certificate without the SGX extension');
  const fields = fieldsOf(readWhole(extension, SEQUENCE).content, SGX_EXTENSION);
  const tcb = fieldsOf(expectTag(fields.get('2'), SEQUENCE).content, `${SGX_EXTENSION}.2`);
  return {
    fmspc: hexOf(fields.get('4'), 6),
    pceId: hexOf(fields.get('3'), 2),
    components: Array.from({ length: COMPONENTS }, (_, at) => numberOf(tcb.get(String(at + 1)), 0xff)),
    pceSvn: numberOf(tcb.get(String(COMPONENTS + 1)), 0xffff),
  };
}
