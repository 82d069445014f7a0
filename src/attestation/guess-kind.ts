import { REPORT_BYTES } from './snp/report.ts';

const TEE_TDX = 0x81;
const QUOTE_HEAD = 48;
const NEWEST_QUOTE = 5;

function isAt(bytes: Buffer, start: string): boolean {
  return bytes.subarray(0, start.length / 2).equals(Buffer.from(start, 'hex'));
}

/** Intel's quotes say it in their head: version, key type, TEE; in version 5 the type of the body. */
function quoteKind(bytes: Buffer): 'sgx' | 'tdx' | null {
  const version = bytes.length > QUOTE_HEAD + 2 ? bytes.readUInt16LE(0) : 0;
  if (version < 3 || version > NEWEST_QUOTE || bytes.readUInt16LE(2) !== 2) return null;
  if (version === NEWEST_QUOTE) return bytes.readUInt16LE(QUOTE_HEAD) === 1 ? 'sgx' : 'tdx';
  return bytes.readUInt32LE(4) === TEE_TDX ? 'tdx' : 'sgx';
}

/**
 * The kind of evidence that bytes look like by their beginning and size; null: none. The verifier of that kind decides whether they are,
 * so a wrong guess refuses and accepts nothing.
 */
export function guessKind(bytes: Buffer): string | null {
  if (isAt(bytes, 'ff544347')) return 'tpm2';
  if (bytes.subarray(0, 4).toString('latin1') === 'HCLA') return 'az-snp-vtpm';
  if (isAt(bytes, '11e001ff')) return 'nvidia-gpu';
  // COSE_Sign1, with its tag and without.
  if (isAt(bytes, 'd284') || isAt(bytes, '8444')) return 'nitro';
  if (bytes.length === REPORT_BYTES && (bytes[0] ?? 0) <= NEWEST_QUOTE) return 'snp';
  const quote = quoteKind(bytes);
  if (quote !== null) return quote;
  const text = bytes.subarray(0, 4096).toString('latin1').trimStart();
  if (text.startsWith('[')) return 'nvidia-eat';
  return text.startsWith('<') ? 'nvidia-rim' : null;
}
