import { constants, createHash, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CLOCK_MS } from './mint-certificates.ts';
import type { Keys } from './mint-certificates.ts';
import type { Given } from '../../src/attestation/evidence-kind.ts';

export const RESTRICTED = 0x00050072;
export const NONCE = Buffer.alloc(32, 0x77);

function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function sized(bytes: Buffer): Buffer {
  return Buffer.concat([u16(bytes.length), bytes]);
}

function jwkPart(key: KeyObject, name: 'n' | 'x' | 'y'): Buffer {
  return Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url');
}

/** TPMT_PUBLIC; the scheme is that of `signQuote`. */
export function publicAreaOf({ publicKey }: Keys, attributes = RESTRICTED, scheme?: number): Buffer {
  const isEc = publicKey.asymmetricKeyType === 'ec';
  const head = [u16(isEc ? 0x23 : 1), u16(0x0b), u32(attributes), sized(Buffer.alloc(0)), u16(0x10), u16(scheme ?? (isEc ? 0x18 : 0x14)), u16(0x0b)];
  const ec = (): Buffer[] => [u16(3), u16(0x10), sized(jwkPart(publicKey, 'x')), sized(jwkPart(publicKey, 'y'))];
  return Buffer.concat([...head, ...(isEc ? ec() : [u16(2048), u32(0), sized(jwkPart(publicKey, 'n'))])]);
}

export function nameOfArea(area: Buffer): string {
  return `000b${createHash('sha256').update(area).digest('hex')}`;
}

/** TPMT_SIGNATURE with ECDSA, RSASSA or, when asked, RSAPSS. */
export function signQuote(quote: Buffer, { privateKey }: Keys, scheme?: number): Buffer {
  if (privateKey.asymmetricKeyType === 'ec') {
    const rs = sign('sha256', quote, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return Buffer.concat([u16(0x18), u16(0x0b), sized(rs.subarray(0, 32)), sized(rs.subarray(32))]);
  }
  const padding = scheme === 0x16 ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return Buffer.concat([u16(scheme ?? 0x14), u16(0x0b), sized(sign('sha256', quote, { key: privateKey, padding }))]);
}

export interface QuoteWishes {
  readonly nonce?: Buffer;
  readonly selection?: readonly number[];
  readonly values?: ReadonlyMap<number, Buffer>;
  readonly type?: number;
}

/** TPMS_ATTEST of a quote; PCRs without a value are zero. */
export function mintQuote({ nonce = NONCE, selection = [0, 7, 10, 14], values = new Map<number, Buffer>(), type = 0x8018 }: QuoteWishes = {}): Buffer {
  const bitmap = Buffer.alloc(3);
  for (const pcr of selection) bitmap[pcr >> 3] = (bitmap[pcr >> 3] ?? 0) | (1 << (pcr & 7));
  const hash = createHash('sha256');
  for (const pcr of selection) hash.update(values.get(pcr) ?? Buffer.alloc(32));
  return Buffer.concat([
    u32(0xff544347),
    u16(type),
    sized(Buffer.alloc(34, 1)),
    sized(nonce),
    Buffer.alloc(16),
    Buffer.from([1]),
    Buffer.alloc(8),
    u32(1),
    u16(0x0b),
    Buffer.from([3]),
    bitmap,
    sized(hash.digest()),
  ]);
}

export interface MintedEvent {
  readonly pcr: number;
  readonly type?: number;
  readonly data: Buffer;
  /** Undefined: SHA-256 of the data, and as many bytes of it for the other banks. */
  readonly digest?: Buffer;
}

function little(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}

/** A crypto-agile log; `banks` is algorithm and digest size. */
export function mintEventLog(events: readonly MintedEvent[], banks: readonly (readonly [number, number])[] = [[0x0b, 32]]): Buffer {
  const listed = banks.map(([algorithm, size]) => Buffer.concat([little(algorithm, 2), little(size, 2)]));
  const description = Buffer.concat([
    Buffer.from('Spec ID Event03\0', 'latin1'),
    Buffer.alloc(4),
    Buffer.from([0, 2, 0, 2]),
    little(banks.length, 4),
    ...listed,
    Buffer.alloc(1),
  ]);
  const first = Buffer.concat([little(0, 4), little(3, 4), Buffer.alloc(20), little(description.length, 4), description]);
  const records = events.map(({ pcr, type = 8, data, digest = createHash('sha256').update(data).digest() }) => {
    const digests = banks.map(([algorithm, size]) => Buffer.concat([little(algorithm, 2), algorithm === 0x0b ? digest : Buffer.alloc(size, 9)]));
    return Buffer.concat([little(pcr, 4), little(type, 4), little(banks.length, 4), ...digests, little(data.length, 4), data]);
  });
  return Buffer.concat([first, ...records]);
}

export function extend(value: Buffer, digest: Buffer): Buffer {
  return createHash('sha256').update(value).update(digest).digest();
}

/** Values after the events that `mintEventLog` writes. */
export function valuesAfter(events: readonly MintedEvent[]): Map<number, Buffer> {
  const values = new Map<number, Buffer>();
  for (const { pcr, data, digest = createHash('sha256').update(data).digest() } of events) values.set(pcr, extend(values.get(pcr) ?? Buffer.alloc(32), digest));
  return values;
}

/** One line of the kernel's list of measured files, and what it extends PCR 10 with. */
export function imaLine(path: string, sha256: string): { readonly line: string; readonly extension: Buffer } {
  const d = Buffer.concat([Buffer.from('sha256:\0'), Buffer.from(sha256, 'hex')]);
  const n = Buffer.from(`${path}\0`);
  const extension = createHash('sha256').update(little(d.length, 4)).update(d).update(little(n.length, 4)).update(n).digest();
  return { line: `10 ${extension.toString('hex')} ima-ng sha256:${sha256} ${path}\n`, extension };
}

/** The same of a template that has a third field: a signature, or what was measured. The kernel leaves an empty one out. */
export function imaLineWith(
  template: 'ima-sig' | 'ima-buf',
  path: string,
  sha256: string,
  more: Buffer,
): { readonly line: string; readonly extension: Buffer } {
  const parts = [Buffer.concat([Buffer.from('sha256:\0'), Buffer.from(sha256, 'hex')]), Buffer.from(`${path}\0`), more];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(little(part.length, 4)).update(part);
  const extension = hash.digest();
  const field = more.length === 0 ? '' : ` ${more.toString('hex')}`;
  return { line: `10 ${extension.toString('hex')} ${template} sha256:${sha256} ${path}${field}\n`, extension };
}

export function tpmGiven(keys: Keys, quote: Buffer, inputs: Readonly<Record<string, Buffer>> = {}): Given {
  const pub = publicAreaOf(keys);
  return { evidence: quote, inputs: { pub, sig: signQuote(quote, keys), ...inputs }, roots: {}, challenge: { nonce: NONCE }, clockMs: CLOCK_MS };
}
