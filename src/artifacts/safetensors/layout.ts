import { DTYPE_BITS } from './dtypes.ts';
import { clip } from './header-visitor.ts';
import type { TensorEntry } from './header-visitor.ts';

export interface LayoutProblem {
  readonly offset: number;
  readonly reason: string;
}

export interface Layout {
  /** End of the last tensor, relative to the data section, in bytes. */
  readonly end: bigint;
  readonly problems: readonly LayoutProblem[];
}

const MAX_U64 = 2n ** 64n - 1n;
const MAX_PROBLEMS = 100;

/**
 * Checks that the tensors lie one behind the other from the first byte on, inside of the data section, and that each is as long as its
 * shape says. Sizes are BigInt: a product that wraps at 2^64 can come out at the right size.
 */
export function checkLayout(tensors: readonly TensorEntry[], dataBytes: bigint): Layout {
  const problems: LayoutProblem[] = [];
  const problem = (tensor: TensorEntry, reason: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ offset: tensor.offset, reason: `"${clip(tensor.name)}" ${reason}` });
  };
  let end = 0n;
  for (const tensor of [...tensors].sort(byPosition)) {
    const { begin } = tensor;
    if (begin > tensor.end) problem(tensor, `begins at ${String(begin)}, behind its end ${String(tensor.end)}`);
    else if (begin > end) problem(tensor, `begins at ${String(begin)}: there is a hole after ${String(end)}`);
    else if (begin < end) problem(tensor, `begins at ${String(begin)}, inside of the tensor before it, which ends at ${String(end)}`);
    if (tensor.end > dataBytes) problem(tensor, `ends at ${String(tensor.end)}; the data ends at ${String(dataBytes)}`);
    const wrong = sizeProblem(tensor);
    if (wrong !== undefined) problem(tensor, wrong);
    if (tensor.end > end) end = tensor.end;
  }
  return { end, problems };
}

function byPosition(a: TensorEntry, b: TensorEntry): number {
  if (a.begin !== b.begin) return a.begin < b.begin ? -1 : 1;
  if (a.end !== b.end) return a.end < b.end ? -1 : 1;
  return 0;
}

function sizeProblem({ dtype, shape, begin, end }: TensorEntry): string | undefined {
  const bits = DTYPE_BITS.get(dtype);
  if (bits === undefined) return `has the unknown type ${clip(dtype)}`;
  let elements = 1n;
  for (const dimension of shape) {
    elements *= dimension;
    if (elements > MAX_U64) return 'has more elements than 64 bits can count';
  }
  const total = elements * bits;
  if (total > MAX_U64) return 'is larger than 64 bits can count';
  if (total % 8n !== 0n) return 'does not end at a whole byte';
  return total / 8n === end - begin ? undefined : `has ${String(end - begin)} bytes; its shape needs ${String(total / 8n)}`;
}
