import { isUtf8 } from 'node:buffer';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Rule } from '../findings/rule.ts';
import { countOf, dtypeOf, type Dtype } from './dtype-of.ts';
import { NUMPY_RULES } from './numpy-rules.ts';
import { parseLiteral, type Literal, type LiteralDict } from './python-literal.ts';

export const NPY_MAGIC = Buffer.from('934e554d5059', 'hex');
/** numpy itself refuses headers of more than 10,000 bytes unless it is asked not to. */
const MAX_HEADER = 1 << 20;

export interface NpyHeader {
  readonly dtype: NonNullable<Dtype>;
  readonly elements: bigint;
  /** Where the data begin. */
  readonly data: number;
}

export interface NpyProblem {
  readonly rule: Rule;
  readonly at: number;
  readonly detail: string;
}

/** The header at `start` (numpy `format.py`, versions 1.0 to 3.0), or what is wrong with it. */
export function readNpyHeader(source: ByteSource, start: number): NpyHeader | NpyProblem {
  const head = source.read(start, 12);
  const broken = (at: number, detail: string): NpyProblem => ({ rule: NUMPY_RULES.broken, at, detail });
  const [major = 0, minor = 0] = head.subarray(6);
  if (major < 1 || major > 3 || minor !== 0) return broken(start + 6, `version ${String(major)}.${String(minor)}`);
  const width = major === 1 ? 2 : 4;
  if (head.length < 8 + width) return broken(start, 'the header is cut off');
  const length = head.readUIntLE(8, width);
  const from = start + 8 + width;
  if (length > MAX_HEADER || from + length > source.size) return broken(start + 8, `a header of ${String(length)} bytes`);
  const bytes = source.read(from, length);
  if (major === 3 && !isUtf8(bytes)) return broken(from, 'the header is no UTF-8');
  const literal = parseLiteral(bytes.toString(major === 3 ? 'utf8' : 'latin1').trimEnd());
  if (!literal.ok) return { rule: NUMPY_RULES.expression, at: from + literal.at, detail: literal.why };
  return fieldsOf(literal.value, from, from + length);
}

function fieldsOf(value: Literal, at: number, data: number): NpyHeader | NpyProblem {
  const fields = exactly(value, ['descr', 'fortran_order', 'shape']);
  if (typeof fields === 'string') return { rule: NUMPY_RULES.broken, at, detail: fields };
  const [descr = null, order, shape = null] = fields;
  if (typeof order !== 'boolean') return { rule: NUMPY_RULES.broken, at, detail: 'fortran_order is neither True nor False' };
  const dtype = dtypeOf(descr);
  if (dtype === null) return { rule: NUMPY_RULES.broken, at, detail: 'descr is no type' };
  const elements = countOf(shape);
  if (elements === null || elements * dtype.bytes >= 1n << 63n) return { rule: NUMPY_RULES.shape, at, detail: 'negative, or beyond 2^63 bytes' };
  return { dtype, elements, data };
}

/** The values of exactly these keys in their order, or a sentence on what is wrong. */
function exactly(value: Literal, names: readonly string[]): readonly Literal[] | string {
  if (!isDict(value)) return 'the header is no dict';
  const given = value.entries.map(([key]) => key);
  if (new Set(given).size !== given.length) return 'a key stands there twice';
  if (given.length !== names.length || !names.every((name) => given.includes(name))) return `the keys are not ${names.join(', ')}`;
  return names.map((name) => value.entries.find(([key]) => key === name)?.[1] ?? null);
}

function isDict(value: Literal): value is LiteralDict {
  return value !== null && typeof value === 'object' && value.is === 'dict';
}
