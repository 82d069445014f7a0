import { GgufFault } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { GGML_TYPES } from './ggml-types.ts';
import { clip } from '../safetensors/header-visitor.ts';

export interface GgufTensor {
  readonly name: string;
  /** Name of its type: `Q4_K`, `F16`. */
  readonly type: string;
  /** As they stand there: the length of a row first. */
  readonly dimensions: readonly bigint[];
  /** Relative to the data section, in bytes. */
  readonly offset: bigint;
  readonly bytes: bigint;
  /** Where its description stands in the file. */
  readonly at: number;
}

export interface GgufLayout {
  /** Tensors that are described soundly. */
  readonly tensors: readonly GgufTensor[];
  /** End of the last one with its padding, relative to the data section. */
  readonly end: bigint;
}

type Problem = (offset: number, reason: string) => void;

/** Of llama.cpp, with the closing zero. */
const MAX_NAME_BYTES = 64;
const MAX_DIMENSIONS = 4;
const MAX_I64 = 2n ** 63n - 1n;
const MAX_U64 = 2n ** 64n - 1n;
/** Real files have some thousand. */
const MAX_TENSORS = 200_000;
const MAX_PROBLEMS = 100;

/**
 * Reads and checks the descriptions of tensors. All sizes are BigInt: padding `(x + a - 1) & ~(a - 1)` wraps in 64 bits, by which a tensor
 * outside of the file looked sound to loaders (GHSA-vgg9-87g3-85w8 and its bypass). Throws GgufFault where it cannot go on.
 */
export function readTensorInfos(cursor: Cursor, count: number, alignment: bigint, report: Problem, signal: AbortSignal): GgufLayout {
  if (count > MAX_TENSORS) throw new GgufFault(cursor.position, `${String(count)} tensors; no real file has more than ${String(MAX_TENSORS)}`);
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  let problems = 0;
  const problem: Problem = (offset, reason) => {
    if (++problems <= MAX_PROBLEMS) report(offset, reason);
  };
  let end = 0n;
  for (let i = 0; i < count; i++) {
    if (i % 1024 === 0) signal.throwIfAborted();
    const at = cursor.position;
    const name = readName(cursor, problem);
    if (names.has(name)) problem(at, `the tensor "${clip(name)}" stands twice`);
    names.add(name);
    const dimensions = readDimensions(cursor, name);
    const typeAt = cursor.position;
    const type = GGML_TYPES.get(cursor.u32());
    const offset = cursor.u64();
    if (type === undefined) {
      problem(typeAt, `the tensor "${clip(name)}" has an unknown type`);
      continue;
    }
    const bytes = tensorBytes(name, dimensions, type, at, problem);
    if (bytes === undefined) continue;
    if (offset !== end) problem(at, `the tensor "${clip(name)}" is at ${String(offset)} and belongs at ${String(end)}`);
    tensors.push({ name, type: type.name, dimensions, offset, bytes, at });
    const next = offset + padded(bytes, alignment);
    if (next > MAX_U64) problem(at, `the padded size of the tensor "${clip(name)}" does not fit 64 bits`);
    end = next > end ? next : end;
  }
  return { tensors, end };
}

export function padded(size: bigint, alignment: bigint): bigint {
  return ((size + alignment - 1n) / alignment) * alignment;
}

function readName(cursor: Cursor, problem: Problem): string {
  const at = cursor.position;
  const length = cursor.count(1, 'the length of the name of a tensor');
  if (length >= MAX_NAME_BYTES) problem(at, `a tensor has a name of ${String(length)} bytes; the limit is ${String(MAX_NAME_BYTES - 1)}`);
  const kept = Math.min(length, 65_536);
  const name = cursor.bytes(kept).toString('utf8');
  cursor.skip(length - kept);
  return name;
}

function readDimensions(cursor: Cursor, name: string): bigint[] {
  const at = cursor.position;
  const count = cursor.u32();
  if (count > MAX_DIMENSIONS) throw new GgufFault(at, `the tensor "${clip(name)}" has ${String(count)} dimensions; the limit is ${String(MAX_DIMENSIONS)}`);
  return Array.from({ length: count }, () => cursor.u64());
}

function tensorBytes(
  name: string,
  dimensions: readonly bigint[],
  type: { elements: bigint; bytes: bigint; name: string },
  at: number,
  problem: Problem,
): bigint | undefined {
  let elements = 1n;
  for (const dimension of dimensions) {
    if (dimension > MAX_I64) {
      problem(at, `the tensor "${clip(name)}" has a negative dimension`);
      return undefined;
    }
    elements *= dimension;
    if (elements > MAX_I64) {
      problem(at, `the tensor "${clip(name)}" has more elements than 63 bits can count`);
      return undefined;
    }
  }
  const row = dimensions[0] ?? 1n;
  if (row % type.elements !== 0n) {
    problem(at, `a row of the tensor "${clip(name)}" has ${String(row)} elements, which is no multiple of the block of ${type.name}`);
    return undefined;
  }
  const bytes = (elements / type.elements) * type.bytes;
  if (bytes <= MAX_U64) return bytes;
  problem(at, `the tensor "${clip(name)}" is larger than 64 bits can count`);
  return undefined;
}
