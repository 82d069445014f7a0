import { sliceSource } from '../bytes/byte-source.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { DTYPE_BITS } from '../safetensors/dtypes.ts';
import { readSafetensorsHeader } from '../safetensors/header.ts';

export interface ModelTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Its bytes. */
  readonly source: ByteSource;
  /** The file that holds it, and where. */
  readonly path: string;
  readonly offset: number;
}

/** One file of a model; shards are several. */
export interface ModelFile {
  readonly path: string;
  readonly source: ByteSource;
}

export interface ModelTensors {
  readonly tensors: ReadonlyMap<string, ModelTensor>;
  /** Tensors that are not described soundly, and files that cannot be read; the reader of the format says more about them. */
  readonly unreadable: readonly string[];
}

/** The tensors of safetensors files by name. Of a name that stands twice the first one counts, and the second is unreadable. */
export function modelTensors(files: readonly ModelFile[]): ModelTensors {
  const tensors = new Map<string, ModelTensor>();
  const unreadable: string[] = [];
  for (const { path, source } of files) {
    const header = readSafetensorsHeader(source);
    if (header.problems.some(({ kind }) => kind === 'header')) unreadable.push(path);
    for (const { name, dtype, shape, begin, end } of header.tensors) {
      const bits = DTYPE_BITS.get(dtype);
      const size = shape.reduce((product, dimension) => product * dimension, bits ?? 0n);
      const sound =
        begin <= end && BigInt(header.dataStart) + end <= BigInt(source.size) && size === (end - begin) * 8n && bits !== undefined && !tensors.has(name);
      if (!sound) {
        unreadable.push(`${path}: ${name.slice(0, 120)}`);
        continue;
      }
      const offset = header.dataStart + Number(begin);
      tensors.set(name, { name, dtype, shape: shape.map(Number), source: sliceSource(source, offset, Number(end - begin)), path, offset });
    }
  }
  return { tensors, unreadable };
}
