import type { ByteSource } from '../bytes/byte-source.ts';
import type { Rule } from '../findings/rule.ts';

/**
 * How bytes came to be inside of others. `constant`: a value that nothing in the file loads; what is found in it is suspicious at most.
 * `decoded`: unpacked, or handed to something that may load it.
 */
export type Inside = 'member' | 'constant' | 'behind' | 'gap' | 'decoded';

/** What the container of a member knows that the member does not say. */
export interface Surroundings {
  /** The archive has a `code/` folder of TorchScript: its own reader takes the pickles, not Python. */
  readonly torchScript?: boolean;
  /** Bytes of the storage of that key, undefined where there is none. Left out where storages cannot be looked up. */
  readonly storageBytes?: (key: string) => number | undefined;
}

/** Bytes under scan, with everything that a reader may do about them. */
export interface Unit {
  readonly source: ByteSource;
  /** Last part of its path. Extensions are hints, never proof. */
  readonly name: string;
  readonly path: readonly string[];
  /** How many containers are around it. */
  readonly depth: number;
  /** What the container around it knows; undefined for a file. */
  readonly surroundings?: Surroundings | undefined;
  /** Offset in bytes, or null where it is about the whole. */
  found(rule: Rule, offset: number | null, detail: string): void;
  /** A check that was carried out, for the coverage: "globals of every pickle stream". */
  checked(check: string): void;
  /** A check that was not, and why: it is never silently left out. */
  notChecked(check: string, reason: string): void;
  /** Bytes of another file of the same scan, by their path relative to the folder of this one; undefined when there is none. */
  sibling(path: string): ByteSource | undefined;
  /**
   * Scans bytes that are inside of these: sniffed, and read by whoever reads them. Too deep a nesting is a finding by itself.
   * `offset` is where they begin in this unit, null where they were unpacked. Resolves with the worst that was found there.
   */
  inside(source: ByteSource, name: string, how: Inside, offset: number | null, surroundings?: Surroundings): Promise<'alarm' | 'nothing'>;
  /**
   * Takes unpacked bytes as they come, in memory while they are few, else in a file that goes with the scan; cut at the limits. A cut
   * by size or ratio is a finding that is made here, a broken stream is for the caller to report.
   */
  unpack(chunks: AsyncIterable<Buffer> | Iterable<Buffer>, packedBytes: number): Promise<Unpacked>;
  /**
   * Hands over those bytes in order, in the pass that reads everything for the digest, after `read` has returned; a chunk is valid
   * during the call only. Then `done`. Where there is no such pass (headers only), the coverage says that `check` was not made.
   */
  everyByte(check: string, offset: number, length: number, take: (chunk: Buffer, offset: number) => void, done: () => void | Promise<void>): void;
  /** Aborts when the scan is stopped or its time is over: check it in long loops. */
  readonly signal: AbortSignal;
}

export interface Unpacked {
  readonly source: ByteSource;
  /** Why it is not whole: a limit of size or ratio, or an error of the decoder. What came before is there. */
  readonly cut: 'size' | 'ratio' | 'broken' | null;
}

/** Reads one format. Throws for nothing that bytes can cause: what cannot be read is a finding. */
export interface Reader {
  /** `pickle`, `torch-zip`, `gguf` */
  readonly format: string;
  /** Looks into files of no model format as well, such as texts: being read by it does not make a file one that is understood. */
  readonly anyFile?: boolean;
  /** Whether the bytes claim to be of this format, by content. `head` holds the first 4 KiB. `sibling` is for formats without a header. */
  recognizes(head: Buffer, unit: Pick<Unit, 'source' | 'name'> & Partial<Pick<Unit, 'sibling'>>): boolean;
  read(unit: Unit): Promise<void>;
}
