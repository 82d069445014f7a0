const SLOTS = 1024;
const LONGEST = 24;

/**
 * Makes strings of ASCII bytes. Headers repeat the same few words a million times, and the string made last for such bytes is given again:
 * that takes a fifth of the time of making one.
 */
export class ShortTexts {
  readonly #known: (string | undefined)[] = Array.from({ length: SLOTS }, () => undefined);

  at(bytes: Buffer, from: number, to: number): string {
    const length = to - from;
    if (length > LONGEST) return bytes.toString('latin1', from, to);
    let hash = length;
    for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    const slot = (hash ^ (hash >>> 10)) & (SLOTS - 1);
    const known = this.#known[slot];
    if (known !== undefined && isThere(known, bytes, from, length)) return known;
    return (this.#known[slot] = bytes.toString('latin1', from, to));
  }
}

function isThere(text: string, bytes: Buffer, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}
