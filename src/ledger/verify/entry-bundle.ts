/** Entry bundles of C2SP tlog-tiles: each entry behind its length in two bytes, big-endian. */

/** End offset of each record in `bytes`; undefined unless the records fill it exactly. */
export function recordEnds(bytes: Buffer): number[] | undefined {
  const ends: number[] = [];
  let position = 0;
  while (position < bytes.length) {
    if (position + 2 > bytes.length) return undefined;
    position += 2 + bytes.readUInt16BE(position);
    ends.push(position);
  }
  return position === bytes.length ? ends : undefined;
}

/** The entries of a bundle, as views of it; undefined when it is malformed. */
export function bundleEntries(bytes: Buffer): Buffer[] | undefined {
  const ends = recordEnds(bytes);
  return ends?.map((end, i) => bytes.subarray((i === 0 ? 0 : (ends[i - 1] ?? 0)) + 2, end));
}
