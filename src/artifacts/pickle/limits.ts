/**
 * Bounds of the tracer. Fickling's values (1e6 opcodes, stack 1e4, memo 1e5) refuse real tokenizers and optimizer states, so these are
 * higher; none of them lets a file fill memory.
 */
export const PICKLE_LIMITS = {
  opcodes: 10_000_000,
  stack: 1_000_000,
  marks: 100_000,
  memo: 2_000_000,
  /** Values that containers of one stream hold on to; further ones are judged and counted. */
  held: 1_000_000,
  /** Containers inside of containers. Python itself gives up at about 1,000. */
  depth: 1000,
  /** Values of a container when every reference is counted as a copy. */
  expansion: 100_000_000,
  /** References to containers for each memo slot, judged from `gets` on. */
  getPutRatio: 50,
  gets: 100_000,
  /** Decimal digits of an integer: Python refuses longer ones since 3.11. */
  digits: 4300,
  /** Bytes of a text or of bytes that are held: names and keys are shorter, and a memo holds many. */
  heldBytes: 1024,
  /** Bytes of a line that ends in a newline. */
  line: 64 * 1024 * 1024,
  /** Readings of one stream whose frames are crossed. */
  readings: 16,
  /** Streams in one file. */
  streams: 100_000,
  /** Values that are unpacked to see whether they are loadable. */
  nested: 2000,
  nestedBytes: 16 * 1024 * 1024,
  /** Bytes behind the last pickle that are searched for another one. */
  searched: 256 * 1024 * 1024,
} as const;
