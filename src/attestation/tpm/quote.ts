import { EvidenceError } from '../checks.ts';
import { TPM_ALG } from './algorithms.ts';
import { BigEndian } from './big-endian.ts';

const MAGIC = 0xff544347;
const QUOTE = 0x8018;
const MAX_BITMAP_BYTES = 32;
const DIGEST_BYTES = 32;

/** A quote (TPM 2.0 Library, part 2: TPMS_ATTEST with TPMS_QUOTE_INFO). */
export interface TpmQuote {
  /** What the signature is over. */
  readonly bytes: Buffer;
  /** The nonce, when the machine was asked with one. */
  readonly extraData: Buffer;
  /** PCRs of the SHA-256 bank that the digest is over, ascending. */
  readonly selection: readonly number[];
  /** SHA-256 over the values of the selected PCRs. */
  readonly pcrDigest: Buffer;
}

function readSelection(reader: BigEndian): readonly number[] {
  if (reader.u32() !== 1) throw new EvidenceError('malformed', 'the quote does not select exactly one bank');
  if (reader.u16() !== TPM_ALG.sha256) throw new EvidenceError('malformed', 'the quoted bank is not SHA-256');
  const size = reader.u8();
  if (size > MAX_BITMAP_BYTES) throw new EvidenceError('malformed', 'the quote selects too many PCRs');
  const bitmap = reader.take(size);
  return Array.from({ length: size * 8 }, (_, pcr) => pcr).filter((pcr) => (((bitmap[pcr >> 3] ?? 0) >> (pcr & 7)) & 1) === 1);
}

/** EvidenceError `malformed`; `wrong-type` when the key of the TPM has signed something else than a quote. */
export function readTpmQuote(bytes: Buffer): TpmQuote {
  const reader = new BigEndian(bytes, 'the quote');
  if (reader.u32() !== MAGIC) throw new EvidenceError('malformed', 'not made by a TPM');
  const type = reader.u16();
  if (type !== QUOTE) throw new EvidenceError('wrong-type', 'no quote', { expected: QUOTE.toString(16), found: type.toString(16) });
  reader.sized();
  const extraData = reader.sized();
  reader.u64();
  reader.u32();
  reader.u32();
  if (reader.u8() > 1) throw new EvidenceError('malformed', 'a flag that is neither yes nor no');
  reader.u64();
  const selection = readSelection(reader);
  const pcrDigest = reader.sized();
  reader.end();
  if (pcrDigest.length !== DIGEST_BYTES) throw new EvidenceError('malformed', 'the digest of the PCRs is not SHA-256');
  return { bytes, extraData, selection, pcrDigest };
}
