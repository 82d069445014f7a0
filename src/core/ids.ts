import { randomFillSync } from 'node:crypto';
import { wallMs } from './clock.ts';

/** Every kind of id this project gives out. The prefix says what an id names wherever it turns up. */
export type IdPrefix = 'req' | 'run' | 'key' | 'ses' | 'per' | 'sub' | 'inv' | 'ins' | 'err' | 'alr' | 'apr' | 'chg' | 'mdl' | 'evd' | 'bkp' | 'inc' | 'wvr';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const POOL_BYTES = 4096;
const RANDOM_BYTES = 10;
const pool = Buffer.allocUnsafe(POOL_BYTES);
let used = POOL_BYTES;
let lastMs = -1;
let lastTime = '';

function timePart(ms: number): string {
  if (ms === lastMs) return lastTime;
  let rest = ms;
  let text = '';
  for (let i = 0; i < 10; i++) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  lastMs = ms;
  lastTime = text;
  return text;
}

/**
 * A new id: prefix, `_`, 10 characters of wall-clock milliseconds and 16 of randomness (80 bits),
 * lower-case Crockford base32, so that ids of one kind sort by time of creation.
 */
export function newId(prefix: IdPrefix): string {
  if (used + RANDOM_BYTES > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  let text = prefix + '_' + timePart(wallMs());
  for (let i = 0; i < RANDOM_BYTES; i += 5) {
    const a = pool.readUIntBE(used + i, 5);
    const high = Math.floor(a / 0x100000);
    const low = a % 0x100000;
    text +=
      ALPHABET.charAt((high >>> 15) & 31) +
      ALPHABET.charAt((high >>> 10) & 31) +
      ALPHABET.charAt((high >>> 5) & 31) +
      ALPHABET.charAt(high & 31) +
      ALPHABET.charAt((low >>> 15) & 31) +
      ALPHABET.charAt((low >>> 10) & 31) +
      ALPHABET.charAt((low >>> 5) & 31) +
      ALPHABET.charAt(low & 31);
  }
  used += RANDOM_BYTES;
  return text;
}

/** Whether `text` has the shape of an id with this prefix. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return text.length === prefix.length + 27 && text.startsWith(prefix + '_') && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(prefix.length + 1));
}
