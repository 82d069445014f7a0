import { Cursor, GgufFault } from './cursor.ts';
import { readKeys } from './key-values.ts';
import type { KeyVisitor } from './key-values.ts';
import { padded, readTensorInfos } from './tensor-infos.ts';
import type { GgufTensor } from './tensor-infos.ts';
import type { ByteSource } from '../bytes/byte-source.ts';

export interface GgufVisitor extends KeyVisitor {
  tensorProblem(offset: number, reason: string): void;
}

export interface GgufFile {
  readonly tensors: readonly GgufTensor[];
  /** Of the data section, in bytes. */
  readonly dataStart: number;
  /** End of the last tensor with its padding, in the file; larger than the file where it was cut. */
  readonly end: bigint;
}

/** Smallest sizes, by which counts are checked: a key, its type and a value of one byte; a name, dimensions, type and offset. */
const MIN_KEY_BYTES = 13;
const MIN_TENSOR_BYTES = 24;

/**
 * Reads everything before the data, version 2 or 3 (llama.cpp, `gguf.cpp`). What can be passed over goes to the visitor; undefined and
 * a fault where the file cannot be read further.
 */
export function readGguf(source: ByteSource, visitor: GgufVisitor): GgufFile | GgufFault {
  try {
    return read(source, visitor);
  } catch (error) {
    if (error instanceof GgufFault) return error;
    throw error;
  }
}

function read(source: ByteSource, visitor: GgufVisitor): GgufFile {
  const cursor = new Cursor(source, 0);
  if (cursor.bytes(4).toString('latin1') !== 'GGUF') throw new GgufFault(0, 'it does not begin with GGUF');
  const version = cursor.u32();
  if ((version & 0xffff) === 0) throw new GgufFault(4, version === 0 ? 'version 0' : 'the bytes of the version are in the order of another machine');
  if (version < 2 || version > 3) throw new GgufFault(4, `version ${String(version)}; 2 and 3 are known`);
  const tensorsAt = cursor.position;
  const tensorCount = cursor.u64();
  const keyCount = cursor.count(MIN_KEY_BYTES, 'the number of keys');
  if (tensorCount * BigInt(MIN_TENSOR_BYTES) > BigInt(cursor.left))
    throw new GgufFault(tensorsAt, `${String(tensorCount)} tensors do not fit the ${String(cursor.left)} bytes that are left`);
  const alignment = readKeys(cursor, keyCount, visitor);
  const layout = readTensorInfos(cursor, Number(tensorCount), alignment, (offset, reason) => visitor.tensorProblem(offset, reason), visitor.signal);
  const dataStart = padded(BigInt(cursor.position), alignment);
  for (const { name, offset, bytes, at } of layout.tensors) {
    if (dataStart + offset + bytes > BigInt(source.size)) {
      visitor.tensorProblem(at, `the tensor "${name.slice(0, 100)}" ends at ${String(dataStart + offset + bytes)}; the file ends at ${String(source.size)}`);
      break;
    }
  }
  return { tensors: layout.tensors, dataStart: Number(dataStart), end: dataStart + layout.end };
}
