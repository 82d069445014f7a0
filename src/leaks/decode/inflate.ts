import { gunzipSync, inflateSync } from 'node:zlib';
import { type DecodingBudget, spend } from './derived-text.ts';

const MAX_OUTPUT = 1024 * 1024;
/** What a call costs besides its bytes: making a stream and, mostly, an error. */
const CALL_COST = 4096;
const GZIP = 0x1f;
const MIN_STREAM = 8;
const LIMITS = { maxOutputLength: MAX_OUTPUT };

/**
 * What a gzip or zlib stream holds, up to 1 MiB (a longer one gives nothing); undefined for other bytes. A stream that is cut off gives
 * what there is. Raw deflate has no head to know it by, and trying it on every digest and key would take most of the time.
 */
export function inflated(bytes: Uint8Array, budget: DecodingBudget): { readonly via: string; readonly bytes: Uint8Array } | undefined {
  if (!isStream(bytes)) return undefined;
  return bytes[0] === GZIP ? attempt('gzip', gunzipSync, bytes, budget) : attempt('deflate', inflateSync, bytes, budget);
}

/** Whether bytes begin with the head of a gzip stream (RFC 1952) or a zlib stream (RFC 1950). */
export function isStream(bytes: Uint8Array): boolean {
  const [a = 0, b = 0, c = 0] = bytes;
  if (bytes.length < MIN_STREAM) return false;
  return (a === GZIP && b === 0x8b && c === 8) || ((a & 15) === 8 && a >> 4 <= 7 && ((a << 8) | b) % 31 === 0);
}

function attempt(
  via: string,
  inflate: (bytes: Uint8Array, limits: typeof LIMITS & { readonly finishFlush?: number }) => Uint8Array,
  bytes: Uint8Array,
  budget: DecodingBudget,
): { readonly via: string; readonly bytes: Uint8Array } | undefined {
  if (!spend(budget, CALL_COST + bytes.length)) return undefined;
  try {
    // 2 is Z_SYNC_FLUSH: what was complete before the end of the input comes out without an error.
    const found = inflate(bytes, { ...LIMITS, finishFlush: 2 });
    return spend(budget, found.length) && found.length > 0 ? { via, bytes: found } : undefined;
  } catch {
    // A bomb or other bytes.
    spend(budget, CALL_COST);
    return undefined;
  }
}
