import { constants, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Makes DER, certificates and revocation lists in code, so that tests carry no files of others. */

export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xffff ? 6 : content.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

export function integer(value: bigint | number): Buffer {
  const hex = BigInt(value).toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return der(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.alloc(1), bytes]));
}

export function objectIdentifier(text: string): Buffer {
  const [a = 0, b = 0, ...rest] = text.split('.').map(Number);
  const bytes = [a * 40 + b, ...rest].flatMap((value) => {
    const groups = [value & 0x7f];
    for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|[.].*$/gu, '');
  return der(0x18, Buffer.from(`${text}Z`, 'latin1'));
}

const NULL = der(0x05);
const SHA384 = sequence(objectIdentifier('2.16.840.1.101.3.4.2.2'), NULL);
const ECDSA_SHA384 = sequence(objectIdentifier('1.2.840.10045.4.3.3'));
const PSS_SHA384 = sequence(
  objectIdentifier('1.2.840.113549.1.1.10'),
  sequence(der(0xa0, SHA384), der(0xa1, sequence(objectIdentifier('1.2.840.113549.1.1.8'), SHA384)), der(0xa2, integer(48))),
);

function algorithmOf(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'ec' ? ECDSA_SHA384 : PSS_SHA384;
}

function signed(tbs: Buffer, key: KeyObject): Buffer {
  const isEc = key.asymmetricKeyType === 'ec';
  const signature = sign('sha384', tbs, isEc ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 });
  return sequence(tbs, algorithmOf(key), der(0x03, Buffer.alloc(1), signature));
}

export function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectIdentifier('2.5.4.3'), der(0x0c, Buffer.from(commonName, 'utf8')))));
}

export function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

export interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function p384(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-384' });
}

/** A certificate with its private key. */
export interface Minted {
  readonly certificate: X509Certificate;
  readonly keys: Keys;
  readonly name: string;
}

export interface CertificateWishes {
  readonly name: string;
  /** Undefined: it signs itself. */
  readonly issuer?: Minted;
  readonly keys?: Keys;
  readonly serial?: bigint;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly isCa?: boolean;
  readonly extensions?: readonly Buffer[];
}

export const FROM_MS = Date.parse('2026-01-01T00:00:00Z');
export const CLOCK_MS = Date.parse('2026-03-01T00:00:00Z');
export const TO_MS = Date.parse('2036-01-01T00:00:00Z');

export function mintCertificate(wishes: CertificateWishes): Minted {
  const { name, issuer, keys = p384(), serial = 1n, fromMs = FROM_MS, toMs = TO_MS, isCa = true, extensions = [] } = wishes;
  const signer = issuer?.keys.privateKey ?? keys.privateKey;
  const constraints = extension('2.5.29.19', isCa ? sequence(der(0x01, Buffer.from([0xff]))) : sequence(), true);
  const tbs = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    algorithmOf(signer),
    nameOf(issuer?.name ?? name),
    sequence(time(fromMs), time(toMs)),
    nameOf(name),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(constraints, ...extensions)),
  );
  return { certificate: new X509Certificate(signed(tbs, signer)), keys, name };
}

export interface RevocationWishes {
  readonly issuer: Minted;
  readonly revoked?: readonly bigint[];
  readonly fromMs?: number;
  /** Null: it does not say until when it holds. */
  readonly toMs?: number | null;
  readonly extensions?: readonly Buffer[];
}

export function mintRevocationList({ issuer, revoked = [], fromMs = FROM_MS, toMs = TO_MS, extensions = [] }: RevocationWishes): Buffer {
  const key = issuer.keys.privateKey;
  const tbs = sequence(
    integer(1),
    algorithmOf(key),
    nameOf(issuer.name),
    time(fromMs),
    ...(toMs === null ? [] : [time(toMs)]),
    ...(revoked.length === 0 ? [] : [sequence(...revoked.map((serial) => sequence(integer(serial), time(fromMs))))]),
    ...(extensions.length === 0 ? [] : [der(0xa0, sequence(...extensions))]),
  );
  return signed(tbs, key);
}
