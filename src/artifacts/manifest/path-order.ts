const SLASH = 0x2f;

/** UTF-16 units in the order of the code points that they belong to, and `/` before all of them. */
function rankOf(unit: number): number {
  if (unit === SLASH) return -1;
  if (unit < 0xd800) return unit;
  // Surrogates stand for code points above U+FFFF, but come before U+E000 as numbers.
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/**
 * Order of the resources that a signer lists (OpenSSF Model Signing): POSIX paths by their parts, each by code points. `/` ends a
 * part and is not compared as a character, so `sub/a` comes before `sub-b`.
 */
export function comparePathParts(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}
