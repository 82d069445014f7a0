import { sign } from 'node:crypto';
import { encode } from 'cborg';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { CLOCK_MS, mintCertificate } from '../mint-certificates.ts';
import type { Minted } from '../mint-certificates.ts';

export const root = mintCertificate({ name: 'aws.test-nitro-enclaves' });
export const between = mintCertificate({ name: 'eu-west-1.aws.test-nitro-enclaves', issuer: root, serial: 2n });
export const leaf = mintCertificate({ name: 'i-0.eu-west-1.aws', issuer: between, serial: 3n, isCa: false });
export const NONCE = Buffer.alloc(32, 0x11);
export const PCR = '22'.repeat(48);

export type Fields = Readonly<Record<string, unknown>>;

export function registers(byte = 0x22, bytes = 48): Map<number, Uint8Array> {
  return new Map([0, 1, 2, 3, 4].map((index) => [index, new Uint8Array(bytes).fill(byte)]));
}

function payloadOf(change: Fields): Uint8Array {
  const fields: Fields = {
    module_id: 'i-0-enc0',
    digest: 'SHA384',
    timestamp: CLOCK_MS,
    pcrs: registers(),
    certificate: leaf.certificate.raw,
    cabundle: [root.certificate.raw, between.certificate.raw],
    public_key: null,
    user_data: new Uint8Array(3),
    nonce: NONCE,
    ...change,
  };
  return encode(new Map(Object.entries(fields).filter(([, value]) => value !== undefined)));
}

export interface DocumentWishes {
  readonly fields?: Fields;
  readonly payload?: Uint8Array;
  readonly header?: Uint8Array;
  readonly unsigned?: unknown;
  readonly signer?: Pick<Minted, 'keys'>;
  readonly signature?: Uint8Array;
  readonly more?: readonly unknown[];
}

/** A document that passes, with the wishes. */
export function mintDocument(wishes: DocumentWishes = {}): Buffer {
  const { fields = {}, payload = payloadOf(fields), header = encode(new Map([[1, -35]])), unsigned = new Map(), signer = leaf, more = [] } = wishes;
  const signed = encode(['Signature1', header, new Uint8Array(), payload]);
  const signature = wishes.signature ?? sign('sha384', signed, { key: signer.keys.privateKey, dsaEncoding: 'ieee-p1363' });
  return Buffer.from(encode([header, unsigned, payload, signature, ...more]));
}

export function nitroGiven(evidence: Buffer, more: Partial<Given> = {}): Given {
  return { evidence, inputs: {}, roots: { 'aws-nitro': root.certificate }, challenge: { nonce: NONCE }, clockMs: CLOCK_MS, ...more };
}
