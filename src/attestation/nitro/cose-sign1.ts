import { encode } from 'cborg';
import { EvidenceError } from '../checks.ts';
import { decodeStrict } from './strict-cbor.ts';

/** COSE_Sign1 (RFC 9052, section 4.2); nothing of it is believed yet. */
export interface CoseSign1 {
  /** Encoded header, as it was signed. */
  readonly protectedHeader: Buffer;
  readonly payload: Buffer;
  readonly signature: Buffer;
}

const TAG_18 = 0xd2;
const ALGORITHM = 1;
const ES384 = -35;

function bytesOf(item: unknown): Buffer | undefined {
  return item instanceof Uint8Array ? Buffer.from(item.buffer, item.byteOffset, item.byteLength) : undefined;
}

/** With or without its tag. The header that is not signed must be empty: nothing may stand where nobody vouches for it. EvidenceError `malformed`. */
export function readCoseSign1(evidence: Buffer): CoseSign1 {
  const item = decodeStrict(evidence[0] === TAG_18 ? evidence.subarray(1) : evidence, 'COSE_Sign1');
  const [header, unsigned, body, last, ...rest] = Array.isArray(item) ? (item as unknown[]) : [];
  const [protectedHeader, payload, signature] = [header, body, last].map(bytesOf);
  if (protectedHeader === undefined || payload === undefined || signature === undefined || rest.length > 0)
    throw new EvidenceError('malformed', 'no array of header, header, payload and signature');
  if (!(unsigned instanceof Map) || unsigned.size > 0) throw new EvidenceError('malformed', 'a header that is not signed and not empty');
  return { protectedHeader, payload, signature };
}

/** EvidenceError `malformed` unless the header is `{1: -35}` and nothing else. */
export function demandEs384({ protectedHeader }: CoseSign1): void {
  const header = decodeStrict(protectedHeader, 'protected header');
  if (!(header instanceof Map) || header.size !== 1 || header.get(ALGORITHM) !== ES384) throw new EvidenceError('malformed', 'the algorithm is not ES384');
}

/** What the signature is over (RFC 9052, section 4.4). */
export function signedBytesOf({ protectedHeader, payload }: CoseSign1): Buffer {
  return Buffer.from(encode(['Signature1', protectedHeader, new Uint8Array(), payload]));
}
