import type { JsonVisitor } from './json-walk.ts';

/** A tensor as the header names it. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly bigint[];
  /** Of the data, relative to the data section, in bytes. */
  readonly begin: bigint;
  readonly end: bigint;
  /** Where its name stands in the file. */
  readonly offset: number;
}

/** A text that no loader needs: a value or name of `__metadata__`, or a field that a tensor should not have. */
export interface MetadataText {
  readonly key: string;
  readonly text: string;
  readonly offset: number;
}

export interface HeaderProblem {
  /** `duplicate`: two readers see different tensors. `field`: a member that the format does not have. `limit`: more than is read. */
  readonly kind: 'header' | 'duplicate' | 'entry' | 'field' | 'limit';
  readonly offset: number;
  readonly reason: string;
}

const U64 = /^(?:0|[1-9][0-9]{0,19})$/;
const MAX_U64 = 2n ** 64n - 1n;
const MAX_RANK = 1024;
/** Real files have some thousand tensors and ten keys of metadata. */
const MAX_TENSORS = 150_000;
const MAX_TEXTS = 50_000;
/** Of one tensor; three are right. */
const MAX_FIELDS = 64;
/** One file has one mistake a thousand times over: enough is said with so many. */
const MAX_PROBLEMS = 100;

interface Draft {
  readonly name: string;
  readonly offset: number;
  dtype: string | undefined;
  shape: bigint[] | undefined;
  offsets: bigint[] | undefined;
  readonly fields: string[];
}

/** Collects tensors, metadata and what is wrong from a walk over the header. */
export class HeaderVisitor implements JsonVisitor {
  readonly tensors: TensorEntry[] = [];
  readonly metadata: MetadataText[] = [];
  readonly problems: HeaderProblem[] = [];
  private readonly names = new Set<string>();
  private readonly metadataNames = new Set<string>();
  private readonly start: number;
  /** The member of the outermost object that the walk is in. */
  private top = '';
  private field = '';
  private draft: Draft | undefined;
  /** Numbers of `shape` or `data_offsets` are taken into it. */
  private numbers: bigint[] | undefined;
  /** In a tensor beyond the limit: nothing of it is kept. */
  private beyondLimit = false;

  /** `start` is the offset of the JSON text in the file. */
  constructor(start: number) {
    this.start = start;
  }

  enter(kind: 'object' | 'array', depth: number, offset: number): void {
    if (depth === 0) return;
    if (depth === 1) {
      this.beyondLimit = this.top !== '__metadata__' && this.tensors.length >= MAX_TENSORS;
      if (this.beyondLimit) this.beyond(offset, `more than ${String(MAX_TENSORS)} tensors`);
      else if (kind !== 'object') this.problem('entry', offset, `"${clip(this.top)}" is no object`);
      else if (this.top !== '__metadata__')
        this.draft = { name: this.top, offset: this.start + offset, dtype: undefined, shape: undefined, offsets: undefined, fields: [] };
      return;
    }
    if (this.beyondLimit) return;
    if (this.top === '__metadata__') {
      this.problem('entry', offset, `metadata "${clip(this.field)}" is no string`);
    } else if (depth === 2 && kind === 'array' && this.draft !== undefined && (this.field === 'shape' || this.field === 'data_offsets')) {
      this.numbers = [];
      if (this.field === 'shape') this.draft.shape = this.numbers;
      else this.draft.offsets = this.numbers;
    } else if (this.field === 'shape' || this.field === 'data_offsets' || this.field === 'dtype') {
      this.problem('entry', offset, `${this.field} of "${clip(this.top)}" has the wrong form`);
    }
  }

  leave(depth: number, offset: number): void {
    if (depth === 2) this.numbers = undefined;
    if (depth !== 1 || this.draft === undefined) return;
    const { name, dtype, shape, offsets, offset: at } = this.draft;
    this.draft = undefined;
    const [begin, end] = offsets ?? [];
    if (dtype === undefined || shape === undefined || begin === undefined || end === undefined || offsets?.length !== 2) {
      this.problem('entry', offset, `"${clip(name)}" lacks its dtype, its shape or its two data_offsets`);
    } else {
      this.tensors.push({ name, dtype, shape, begin, end, offset: at });
    }
  }

  key(name: string, depth: number, offset: number): void {
    if (depth === 0) {
      this.top = name;
      this.beyondLimit = false;
      this.once(this.names, name, offset, 'name');
    } else if (depth === 1 && this.top === '__metadata__') {
      this.field = name;
      this.once(this.metadataNames, name, offset, 'metadata key');
      this.text(name, name, offset);
    } else if (depth === 1 && this.draft !== undefined) {
      this.field = name;
      if (this.draft.fields.includes(name)) this.problem('duplicate', offset, `the field of "${clip(this.top)}" "${clip(name)}" stands twice`);
      else if (this.draft.fields.length < MAX_FIELDS) this.draft.fields.push(name);
      if (name !== 'dtype' && name !== 'shape' && name !== 'data_offsets') this.problem('field', offset, `"${clip(this.top)}" has a field "${clip(name)}"`);
    } else if (!this.beyondLimit) {
      this.text(this.field, name, offset);
    }
  }

  string(text: string, depth: number, offset: number): void {
    if (depth === 0 || this.beyondLimit) return;
    if (depth === 2 && this.draft !== undefined && this.field === 'dtype') this.draft.dtype = text;
    else if (depth === 1 || this.numbers !== undefined) this.problem('entry', offset, `"${clip(this.top)}" holds a string where none belongs`);
    else this.text(this.field, text, offset);
  }

  plain(text: string, depth: number, offset: number): void {
    if (this.beyondLimit) return;
    if (this.numbers !== undefined && depth === 3) {
      const number = U64.test(text) ? BigInt(text) : undefined;
      if (number === undefined || number > MAX_U64) this.problem('entry', offset, `${this.field} of "${clip(this.top)}" holds ${clip(text)}, which is no size`);
      else if (this.numbers.length === MAX_RANK) this.problem('entry', offset, `"${clip(this.top)}" has more than ${String(MAX_RANK)} dimensions`);
      // One more than the limit is never kept: the list is bad already.
      if (this.numbers.length < MAX_RANK) this.numbers.push(number ?? 0n);
    } else if (this.top === '__metadata__' || depth < 2 || this.field === 'dtype' || this.field === 'shape' || this.field === 'data_offsets') {
      this.problem('entry', offset, `"${clip(this.top)}" holds ${clip(text)} where something else belongs`);
    }
  }

  private once(seen: Set<string>, name: string, offset: number, what: string): void {
    if (seen.size >= MAX_TENSORS) return;
    if (seen.has(name)) this.problem('duplicate', offset, `the ${what} "${clip(name)}" stands twice`);
    seen.add(name);
  }

  private text(key: string, text: string, offset: number): void {
    if (this.metadata.length < MAX_TEXTS) this.metadata.push({ key, text, offset: this.start + offset });
    else this.beyond(offset, `more than ${String(MAX_TEXTS)} texts in the metadata`);
  }

  private beyond(offset: number, reason: string): void {
    if (!this.problems.some(({ kind }) => kind === 'limit'))
      this.problems.push({ kind: 'limit', offset: this.start + offset, reason: `${reason}; the rest was not looked at` });
  }

  private problem(kind: HeaderProblem['kind'], offset: number, reason: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ kind, offset: this.start + offset, reason });
  }
}

/** Names in a report are cut: they are as long as an attacker likes. */
export function clip(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}
