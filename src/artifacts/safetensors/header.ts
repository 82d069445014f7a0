import { walkJson } from './json-walk.ts';
import type { JsonFault } from './json-walk.ts';
import { HeaderVisitor } from './header-visitor.ts';
import type { HeaderProblem, MetadataText, TensorEntry } from './header-visitor.ts';
import type { ByteSource } from '../bytes/byte-source.ts';

/** Limit of the reference implementation, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Real headers are three deep. */
const MAX_DEPTH = 32;

export interface SafetensorsHeader {
  /** Offset of the first byte of tensor data in the file. */
  readonly dataStart: number;
  /** In the order of the header; of a name that stands twice both. */
  readonly tensors: readonly TensorEntry[];
  readonly metadata: readonly MetadataText[];
  /** Everything that a strict reader refuses, with offsets in the file. */
  readonly problems: readonly HeaderProblem[];
}

/** Reads the header. What hinders it from being read at all is the only problem of the answer then, and there are no tensors. */
export function readSafetensorsHeader(source: ByteSource): SafetensorsHeader {
  const none = (offset: number, reason: string): SafetensorsHeader => ({
    dataStart: source.size,
    tensors: [],
    metadata: [],
    problems: [{ kind: 'header', offset, reason }],
  });
  const prefix = source.read(0, 8);
  if (prefix.length < 8) return none(0, 'the file is shorter than the length of its header');
  const length = prefix.readBigUInt64LE(0);
  if (length > BigInt(MAX_HEADER_BYTES)) return none(0, `the header would have ${String(length)} bytes; the limit is ${String(MAX_HEADER_BYTES)}`);
  if (length > BigInt(source.size - 8)) return none(0, `the header would have ${String(length)} bytes and the file ends after ${String(source.size - 8)}`);
  const bytes = source.read(8, Number(length));
  if (bytes.length !== Number(length)) return none(8, 'the header cannot be read whole');
  if (bytes[0] !== 0x7b) return none(8, 'the header does not begin with {');
  const visitor = new HeaderVisitor(8);
  const fault: JsonFault | undefined = walkJson(bytes, visitor, MAX_DEPTH);
  if (fault !== undefined) visitor.problems.push({ kind: 'header', offset: 8 + fault.offset, reason: `the header is no JSON: ${fault.reason}` });
  return { dataStart: 8 + bytes.length, tensors: visitor.tensors, metadata: visitor.metadata, problems: visitor.problems };
}
