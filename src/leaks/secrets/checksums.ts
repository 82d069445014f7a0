import { crc32 } from 'node:zlib';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const CHECK_LENGTH = 6;
const MAX_AWS_ACCOUNT = 999_999_999_999;

/** Tokens of GitHub and npm end in the CRC-32 of what stands before it, six digits of base 62 (GitHub, "token formats", 2021). */
export function crcDigits(text: string): string {
  let [left, digits] = [crc32(text), ''];
  while (left > 0) {
    digits = BASE62.charAt(left % 62) + digits;
    left = Math.floor(left / 62);
  }
  return digits.padStart(CHECK_LENGTH, '0');
}

export function hasCrcDigits(body: string): boolean {
  return crcDigits(body.slice(0, -CHECK_LENGTH)) === body.slice(-CHECK_LENGTH);
}

/**
 * The account in an access key id of AWS: 40 bits behind the first one of the 16 symbols after the prefix. Ids from before 2019 (the
 * first bit is 0) hold none. False for a number that no account has.
 */
export function hasAwsAccount(symbols: string): boolean {
  let bits = 0n;
  for (const symbol of symbols) bits = bits * 32n + BigInt(BASE32.indexOf(symbol));
  if (bits >> 79n === 0n) return true;
  return Number((bits >> 39n) & 0xff_ffff_ffffn) <= MAX_AWS_ACCOUNT;
}

/** The first part of a signed web token: base64url of a JSON object with a member `alg`. */
export function isTokenHeader(part: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null && 'alg' in header;
  } catch {
    return false;
  }
}
