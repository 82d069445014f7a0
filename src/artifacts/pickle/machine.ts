import { PICKLE_LIMITS } from './limits.ts';
import { PICKLE_RULES } from './pickle-rules.ts';
import type { Stop } from './instruction.ts';
import type { DictValue, ListValue, Value } from './values.ts';

/** Thrown inside of a trace where CPython's unpickler would raise; never leaves it. */
export class TraceStop extends Error {
  readonly stop: Stop;

  constructor(stop: Stop) {
    super(stop.detail);
    this.stop = stop;
  }
}

/** Stack, marks and memo of one stream, with the semantics of CPython's C unpickler. */
export class Machine {
  /** Offset of the running opcode. */
  at = 0;
  readonly #stack: Value[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Value>();
  #held = 0;
  #containerGets = 0;
  #puts = 0;
  #told = false;
  readonly #limit: (detail: string, at: number) => void;

  /** `limit` is told once when references multiply what the pickle stands for; other limits end the trace. */
  constructor(limit: (detail: string, at: number) => void) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#stack.length;
  }

  broken(detail: string): never {
    throw new TraceStop({ rule: PICKLE_RULES.broken, at: this.at, detail });
  }

  exhausted(detail: string): never {
    throw new TraceStop({ rule: PICKLE_RULES.limit, at: this.at, detail });
  }

  push(value: Value): void {
    if (this.#stack.length >= PICKLE_LIMITS.stack) this.exhausted(`more than ${String(PICKLE_LIMITS.stack)} values on the stack`);
    this.#stack.push(value);
  }

  /** Values above the last mark may be taken, none below it. */
  pop(): Value {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.pop() : undefined;
    return value ?? this.broken('the stack is empty');
  }

  top(): Value {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.at(-1) : undefined;
    return value ?? this.broken('the stack is empty');
  }

  mark(): void {
    if (this.#marks.length >= PICKLE_LIMITS.marks) this.exhausted(`more than ${String(PICKLE_LIMITS.marks)} marks`);
    this.#marks.push(this.#stack.length);
  }

  popToMark(): Value[] {
    const mark = this.#marks.pop();
    return mark === undefined ? this.broken('there is no mark') : this.#stack.splice(mark);
  }

  /** POP takes the mark itself when nothing is above it. */
  discard(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.pop();
  }

  put(index: number): void {
    const value = this.top();
    this.#puts += 1;
    if (this.#memo.size >= PICKLE_LIMITS.memo) this.exhausted(`more than ${String(PICKLE_LIMITS.memo)} memo slots`);
    // CPython keeps the memo as an array that is twice as long as its highest index.
    if (index > PICKLE_LIMITS.memo * 4) this.#tell(`memo slot ${String(index)} makes the loader reserve memory for all slots below it`);
    this.#memo.set(index, value);
  }

  /** MEMOIZE: the index is the count of filled slots, whatever their numbers are. */
  memoize(): void {
    this.put(this.#memo.size);
  }

  get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) this.broken(`memo slot ${String(index)} is empty`);
    if ('weight' in value) {
      this.#containerGets += 1;
      if (this.#containerGets > PICKLE_LIMITS.gets && this.#containerGets > this.#puts * PICKLE_LIMITS.getPutRatio) {
        this.#tell(`${String(this.#containerGets)} references to containers, ${String(this.#puts)} memo slots`);
      }
    }
    this.push(value);
  }

  list(kind: ListValue['kind'], items: readonly Value[]): ListValue {
    const list: ListValue = { kind, items: [], depth: 1, weight: 1, count: 0 };
    this.addItems(list, items);
    return list;
  }

  dict(items: readonly Value[]): DictValue {
    const dict: DictValue = { kind: 'dict', entries: [], depth: 1, weight: 1, count: 0 };
    this.addEntries(dict, items);
    return dict;
  }

  addItems(list: ListValue, items: readonly Value[]): void {
    for (const item of items) {
      this.#weigh(list, item);
      list.count += 1;
      if (this.#held >= PICKLE_LIMITS.held) continue;
      this.#held += 1;
      list.items.push(item);
    }
  }

  /** `items`: keys and values in turn. */
  addEntries(dict: DictValue, items: readonly Value[]): void {
    if (items.length % 2 !== 0) this.broken('a key without a value');
    for (let i = 0; i < items.length; i += 2) {
      const [key, value] = [items[i], items[i + 1]];
      if (key === undefined || value === undefined) break;
      this.#weigh(dict, key);
      this.#weigh(dict, value);
      dict.count += 1;
      if (this.#held >= PICKLE_LIMITS.held) continue;
      this.#held += 1;
      dict.entries.push([key, value]);
    }
  }

  #weigh(container: ListValue | DictValue, item: Value): void {
    if (!('weight' in item) || item === container) {
      container.weight += 1;
      return;
    }
    container.weight += item.weight;
    container.depth = Math.max(container.depth, item.depth + 1);
    if (container.weight > PICKLE_LIMITS.expansion) this.#tell('containers that hold each other stand for more than 100,000,000 values');
    if (container.depth > PICKLE_LIMITS.depth) this.#tell(`containers are nested more than ${String(PICKLE_LIMITS.depth)} deep`);
  }

  #tell(detail: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#limit(detail, this.at);
  }
}
