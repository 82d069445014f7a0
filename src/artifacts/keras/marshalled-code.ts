/** Type code of code objects in Python's marshal format, with and without the flag for references. */
const CODE = new Set([0x63, 0xe3]);
const MAX_COUNT = 255;
const MAX_SIZE = 65_535;

/**
 * Whether bytes are a marshalled code object: its type, then numbers of 32 bits that count arguments and the size of its stack. Which
 * of them there are depends on the version of Python; all of the first four are small in every one (CPython, marshal.c, `TYPE_CODE`).
 */
export function isMarshalledCode(bytes: Buffer): boolean {
  if (bytes.length < 24 || !CODE.has(bytes[0] ?? 0)) return false;
  const counts = [1, 5, 9, 13].map((at) => bytes.readUInt32LE(at));
  return counts.slice(0, 2).every((count) => count <= MAX_COUNT) && counts.every((count) => count <= MAX_SIZE);
}
