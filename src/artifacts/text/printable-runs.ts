const SHORTEST = 16;

/** The printable parts of binary bytes, each of at least sixteen characters, one a line. Chance makes none that long. */
export function printableRuns(bytes: Buffer): string {
  const runs: string[] = [];
  let start = 0;
  for (let at = 0; at <= bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if ((byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue;
    if (at - start >= SHORTEST) runs.push(bytes.toString('latin1', start, at));
    start = at + 1;
  }
  return runs.join('\n');
}
