import { decode } from 'cborg';
import { EvidenceError } from '../checks.ts';

const MAX_BYTES = 65_536;

/**
 * Decodes one CBOR item (RFC 8949): shortest numbers, definite lengths, no key twice, no tag, nothing behind it; maps become `Map`.
 * EvidenceError `malformed`.
 */
export function decodeStrict(bytes: Buffer, what: string): unknown {
  if (bytes.length > MAX_BYTES) throw new EvidenceError('malformed', `${what}: too long`);
  try {
    return decode(bytes, { strict: true, allowIndefinite: false, allowUndefined: false, allowBigInt: false, useMaps: true, rejectDuplicateMapKeys: true });
  } catch (error) {
    // Items nested too deeply end the stack: a RangeError, as much an answer as any other.
    throw new EvidenceError('malformed', `${what}: ${error instanceof Error ? error.message : 'cannot be decoded'}`);
  }
}
