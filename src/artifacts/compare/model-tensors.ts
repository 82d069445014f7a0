import { sliceSource } from '../bytes/byte-source.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { GgufFault } from '../gguf/cursor.ts';
import { readGguf } from '../gguf/gguf-file.ts';
import { DTYPE_BITS } from '../safetensors/dtypes.ts';
import { readSafetensorsHeader } from '../safetensors/header.ts';
import { dequantized } from '../weights/dequantized.ts';

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

/** The tensors of safetensors and GGUF files by name. Of a name that stands twice the first one counts, and the second is unreadable. */
export function modelTensors(files: readonly ModelFile[]): ModelTensors {
  const tensors = new Map<string, ModelTensor>();
  const unreadable: string[] = [];
  for (const file of files) {
    const { found, faults } = isGguf(file.source) ? ggufTensors(file) : safetensorsTensors(file);
    unreadable.push(...faults.map((fault) => (fault === '' ? file.path : `${file.path}: ${fault.slice(0, 120)}`)));
    for (const tensor of found) {
      if (tensors.has(tensor.name)) unreadable.push(`${file.path}: ${tensor.name.slice(0, 120)}`);
      else tensors.set(tensor.name, tensor);
    }
  }
  return { tensors, unreadable };
}

/** `faults`: names of tensors that are not sound; empty text for the file itself. */
interface FileTensors {
  readonly found: readonly ModelTensor[];
  readonly faults: readonly string[];
}

export function isGguf(source: ByteSource): boolean {
  return source.read(0, 4).toString('latin1') === 'GGUF';
}

function safetensorsTensors({ path, source }: ModelFile): FileTensors {
  const header = readSafetensorsHeader(source);
  const faults = header.problems.some(({ kind }) => kind === 'header') ? [''] : [];
  const found: ModelTensor[] = [];
  for (const { name, dtype, shape, begin, end } of header.tensors) {
    const bits = DTYPE_BITS.get(dtype);
    const size = shape.reduce((product, dimension) => product * dimension, bits ?? 0n);
    const sound = begin <= end && BigInt(header.dataStart) + end <= BigInt(source.size) && size === (end - begin) * 8n && bits !== undefined;
    const offset = header.dataStart + Number(begin);
    if (sound) found.push({ name, dtype, shape: shape.map(Number), source: sliceSource(source, offset, Number(end - begin)), path, offset });
    else faults.push(name);
  }
  return { found, faults };
}

/** Shapes are turned around: GGUF writes the length of a row first. Simple quantised types are read as the numbers that they stand for. */
function ggufTensors({ path, source }: ModelFile): FileTensors {
  const faults: string[] = [];
  const quiet = { problem: () => undefined, text: () => undefined, byteToken: () => undefined, signal: new AbortController().signal };
  const file = readGguf(source, { ...quiet, tensorProblem: (_offset, reason) => faults.push(reason) });
  if (file instanceof GgufFault) return { found: [], faults: [''] };
  const found = file.tensors.flatMap(({ name, type, dimensions, offset, bytes }) => {
    const start = file.dataStart + Number(offset);
    if (BigInt(file.dataStart) + offset + bytes > BigInt(source.size)) return [];
    const stored = sliceSource(source, start, Number(bytes));
    const numbers = dequantized(type, stored);
    const values = numbers === undefined ? { dtype: type, source: stored } : { dtype: 'F32', source: numbers };
    return [{ name, shape: dimensions.map(Number).reverse(), ...values, path, offset: start }];
  });
  return { found, faults };
}
