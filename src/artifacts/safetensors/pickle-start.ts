/** Bytes of the argument of each opcode of fixed size (pickletools). */
const FIXED: readonly (readonly [codes: string, size: number])[] = [
  ['.(012N)]}RobQaestuldt', 0],
  ['KhqU', 1],
  ['M', 2],
  ['Jrj', 4],
  ['G', 8],
];

/** Arguments that begin with their own length, which has so many bytes. */
const COUNTED: readonly (readonly [code: number, size: number])[] = [
  [0x54, 4],
  [0x55, 1],
  [0x58, 4],
  [0x8c, 1],
  [0x8d, 8],
  [0x42, 4],
  [0x43, 1],
  [0x8e, 8],
  [0x96, 8],
  [0x8a, 1],
  [0x8b, 4],
];

const LINES = new Set(['I', 'L', 'F', 'S', 'V', 'p', 'g', 'P'].map((code) => code.charCodeAt(0)));

const SIZES = new Map<number, number>([
  ...FIXED.flatMap(([codes, size]) => Array.from(codes, (code) => [code.charCodeAt(0), size] as const)),
  ...[0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x97, 0x98].map((code) => [code, 0] as const),
  [0x82, 1],
  [0x83, 2],
  [0x84, 4],
  [0x80, 1],
  [0x95, 8],
]);
const COUNT_SIZES = new Map(COUNTED);

const MAX_OPCODES = 2000;
const NAMES = /^[A-Za-z_][\w.]{0,100}\n[A-Za-z_][\w.]{0,100}\n/;

/**
 * Whether bytes begin as a pickle of protocol 2 or later that goes on as one: it names a global, or runs to its STOP in a sound way. Nothing is
 * built; a few thousand opcodes are stepped over.
 */
export function startsPickle(bytes: Buffer): boolean {
  if (bytes[0] !== 0x80 || (bytes[1] ?? 0) < 2 || (bytes[1] ?? 9) > 5) return false;
  let at = 2;
  for (let opcodes = 0; opcodes < MAX_OPCODES && at < bytes.length; opcodes++) {
    const code = bytes[at++] ?? 0;
    if (code === 0x2e) return opcodes >= 1;
    // GLOBAL and INST: two lines that are names. STACK_GLOBAL: nothing else leaves it there.
    if (code === 0x63 || code === 0x69) return NAMES.test(bytes.toString('latin1', at, at + 204));
    if (code === 0x93) return opcodes >= 2;
    const next = afterArgument(bytes, at, code);
    if (next === undefined) return false;
    at = next;
  }
  // Cut by the end of what was read: a long sound run is no chance.
  return at >= bytes.length && bytes.length >= 256;
}

function afterArgument(bytes: Buffer, at: number, code: number): number | undefined {
  const fixed = SIZES.get(code);
  if (fixed !== undefined) return at + fixed;
  const counted = COUNT_SIZES.get(code);
  if (counted !== undefined) {
    if (at + counted > bytes.length) return undefined;
    const length = counted === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, counted);
    return at + counted + length;
  }
  if (!LINES.has(code)) return undefined;
  const end = bytes.indexOf(0x0a, at);
  return end === -1 || end - at > 4096 ? undefined : end + 1;
}
