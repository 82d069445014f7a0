import { constants, verify } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { expectTag, oidOf, readChildren, readWhole, signedIntegerOf, timeOf } from './der.ts';
import type { DerElement } from './der.ts';

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const INTEGER = 0x02;
const OBJECT_IDENTIFIER = 0x06;
const EXTENSIONS = 0xa0;
const TIMES: readonly number[] = [0x17, 0x18];
const DELTA_INDICATOR = '2.5.29.27';

interface SignatureAlgorithm {
  readonly key: 'ec' | 'rsa';
  readonly hash: string;
  /** Bytes of salt where it is RSASSA-PSS. */
  readonly saltBytes?: number;
}

/** AMD signs with PSS, SHA-384 and 48 bytes of salt. */
const ALGORITHMS: Readonly<Partial<Record<string, SignatureAlgorithm>>> = {
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.10': { key: 'rsa', hash: 'sha384', saltBytes: 48 },
};

/** A certificate revocation list (RFC 5280, section 5); nothing of it is believed before `demandSigned`. */
export interface RevocationList {
  /** DER of the issuer's name. */
  readonly issuer: Buffer;
  readonly thisUpdateMs: number;
  /** Null: the list does not say until when it holds. */
  readonly nextUpdateMs: number | null;
  readonly revoked: ReadonlySet<bigint>;
  readonly signed: Buffer;
  readonly algorithm: string;
  readonly signature: Buffer;
}

function revokedIn(element: DerElement | undefined): ReadonlySet<bigint> {
  if (element === undefined) return new Set();
  return new Set(readChildren(element.content).map((entry) => signedIntegerOf(expectTag(readChildren(expectTag(entry, SEQUENCE).content)[0], INTEGER))));
}

/** A delta list names only what changed since another one: by itself it would call revoked certificates good. */
function demandWholeList(extensions: DerElement): void {
  for (const extension of readChildren(readWhole(expectTag(extensions, EXTENSIONS).content, SEQUENCE).content)) {
    const [oid] = readChildren(expectTag(extension, SEQUENCE).content);
    if (oidOf(expectTag(oid, OBJECT_IDENTIFIER)) === DELTA_INDICATOR) throw new EvidenceError('malformed', 'the revocation list is a delta');
  }
}

function algorithmOf(element: DerElement | undefined): string {
  return oidOf(expectTag(readChildren(expectTag(element, SEQUENCE).content)[0], OBJECT_IDENTIFIER));
}

/** Parses DER. EvidenceError `malformed`. */
export function readRevocationList(der: Buffer): RevocationList {
  const [tbs, algorithm, signature, ...behind] = readChildren(readWhole(der, SEQUENCE).content);
  const parts = [...readChildren(expectTag(tbs, SEQUENCE).content)];
  if (parts[0]?.tag === INTEGER) parts.shift();
  const [innerAlgorithm, issuer, thisUpdate, ...rest] = parts;
  const nextUpdate = TIMES.includes(rest[0]?.tag ?? 0) ? rest.shift() : undefined;
  const revoked = rest[0]?.tag === SEQUENCE ? rest.shift() : undefined;
  const extensions = rest.shift();
  if (extensions !== undefined) demandWholeList(extensions);
  if (thisUpdate === undefined || behind.length > 0 || rest.length > 0)
    throw new EvidenceError('malformed', 'a revocation list without a date, or with more parts');
  if (algorithmOf(algorithm) !== algorithmOf(innerAlgorithm)) throw new EvidenceError('malformed', 'a revocation list that names two algorithms');
  const bits = expectTag(signature, BIT_STRING).content;
  if (bits[0] !== 0) throw new EvidenceError('malformed', 'a signature that is no whole number of bytes');
  return {
    issuer: expectTag(issuer, SEQUENCE).raw,
    thisUpdateMs: timeOf(thisUpdate),
    nextUpdateMs: nextUpdate === undefined ? null : timeOf(nextUpdate),
    revoked: revokedIn(revoked),
    signed: expectTag(tbs, SEQUENCE).raw,
    algorithm: algorithmOf(algorithm),
    signature: bits.subarray(1),
  };
}

/** EvidenceError `untrusted-chain` unless the issuer has signed the list. */
export function demandSigned(list: RevocationList, issuer: X509Certificate): void {
  const algorithm = ALGORITHMS[list.algorithm];
  if (algorithm === undefined || !isSigned(list, algorithm, issuer))
    throw new EvidenceError('untrusted-chain', 'the revocation list is not signed by its issuer');
}

/** EvidenceError `collateral-expired` unless the list says that it holds at the clock. */
export function demandInWindow({ thisUpdateMs, nextUpdateMs }: RevocationList, clockMs: number): void {
  if (nextUpdateMs !== null && thisUpdateMs <= clockMs && clockMs <= nextUpdateMs) return;
  const until = nextUpdateMs === null ? 'no date' : new Date(nextUpdateMs).toISOString();
  throw new EvidenceError('collateral-expired', `the revocation list holds from ${new Date(thisUpdateMs).toISOString()} to ${until}`);
}

/** Both of them. */
export function demandCurrent(list: RevocationList, issuer: X509Certificate, clockMs: number): void {
  demandSigned(list, issuer);
  demandInWindow(list, clockMs);
}

function isSigned({ signed, signature }: RevocationList, { key, hash, saltBytes }: SignatureAlgorithm, issuer: X509Certificate): boolean {
  const padding = saltBytes === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltBytes };
  try {
    // A certificate can be read whose key cannot.
    const { publicKey } = issuer;
    const isOfKind = publicKey.asymmetricKeyType === key || (saltBytes !== undefined && publicKey.asymmetricKeyType === 'rsa-pss');
    return isOfKind && verify(hash, signed, { key: publicKey, ...padding }, signature);
  } catch {
    return false;
  }
}

/** Serial numbers are compared as numbers: leading zeros differ. A negative one, against the standard, is `-` and hex. */
function serialOf({ serialNumber }: X509Certificate): bigint {
  return serialNumber.startsWith('-') ? -BigInt(`0x${serialNumber.slice(1)}`) : BigInt(`0x${serialNumber}`);
}

export function isRevoked({ revoked }: RevocationList, certificate: X509Certificate): boolean {
  return revoked.has(serialOf(certificate));
}
