import { ALL, type CharacterSet } from './regex-alphabet.ts';
import { RegexLimit, type RegexNode } from './regex-syntax.ts';

/** The automaton of a pattern (Glushkov): a state for each place of a character, and which may follow which. */
export interface Positions {
  readonly sets: readonly CharacterSet[];
  /** From -> to -> in how many ways. Two ways are two paths for backtracking. */
  readonly follow: readonly ReadonlyMap<number, number>[];
}

const MAX_POSITIONS = 2000;
/** Counted repetitions are written out as far as this; longer ones are loops. */
const MAX_COPIES = 12;
const MAX_EDGES = 200_000;
/** Copies of copies of nothing have no places. */
const MAX_STEPS = 20_000;

interface Fragment {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const NOTHING: Fragment = { nullable: true, first: [], last: [] };

/** Throws RegexLimit when the automaton is too large. `apart` is called with each part that is to be judged on its own. */
export function positionsOf(root: RegexNode, apart: (body: RegexNode) => void): Positions {
  const builder = new Builder(apart);
  builder.build(root);
  return builder;
}

class Builder implements Positions {
  readonly sets: CharacterSet[] = [];
  readonly follow: Map<number, number>[] = [];
  readonly #apart: (body: RegexNode) => void;
  #edges = 0;
  #steps = 0;

  constructor(apart: (body: RegexNode) => void) {
    this.#apart = apart;
  }

  /** As deep as the parser lets groups be. */
  build(node: RegexNode): Fragment {
    if (++this.#steps > MAX_STEPS) throw new RegexLimit('too many copies');
    switch (node.kind) {
      case 'set':
        return this.#position(node.set);
      case 'sequence':
        return node.parts.map((part) => this.build(part)).reduce((before, next) => this.#join(before, next), NOTHING);
      case 'either': {
        const parts = node.parts.map((part) => this.build(part));
        return { nullable: parts.some(({ nullable }) => nullable), first: parts.flatMap(({ first }) => first), last: parts.flatMap(({ last }) => last) };
      }
      case 'repeat':
        return this.#repeat(node.body, node.min, node.max);
      case 'apart':
        if (!node.atomic) this.#apart(node.body);
        return node.atomic ? this.#position(ALL) : NOTHING;
    }
  }

  #position(set: CharacterSet): Fragment {
    const index = this.sets.length;
    if (index >= MAX_POSITIONS) throw new RegexLimit(`more than ${String(MAX_POSITIONS)} places`);
    this.sets.push(set);
    this.follow.push(new Map());
    return { nullable: false, first: [index], last: [index] };
  }

  #link(from: readonly number[], to: readonly number[]): void {
    this.#edges += from.length * to.length;
    if (this.#edges > MAX_EDGES) throw new RegexLimit('too many ways through it');
    for (const a of from) for (const b of to) this.follow[a]?.set(b, (this.follow[a].get(b) ?? 0) + 1);
  }

  #join(a: Fragment, b: Fragment): Fragment {
    this.#link(a.last, b.first);
    return {
      nullable: a.nullable && b.nullable,
      first: a.nullable ? [...a.first, ...b.first] : a.first,
      last: b.nullable ? [...a.last, ...b.last] : b.last,
    };
  }

  #repeat(body: RegexNode, min: number, max: number): Fragment {
    if (max === 0) return NOTHING;
    const copies = max === Infinity ? min : max;
    if (max !== Infinity && copies <= MAX_COPIES) return this.#copies(body, min, max);
    const whole = min > 1 && min <= MAX_COPIES ? this.#copies(body, min - 1, min - 1) : NOTHING;
    const loop = this.build(body);
    if (max > 1) this.#link(loop.last, loop.first);
    return this.#join(whole, min === 0 ? { ...loop, nullable: true } : loop);
  }

  /** `x{1,3}` is `x(x(x)?)?`: from the inside out, so that there is one way for each count. */
  #copies(body: RegexNode, min: number, max: number): Fragment {
    let tail = NOTHING;
    for (let count = max; count > min; count--) tail = { ...this.#join(this.build(body), tail), nullable: true };
    let head = NOTHING;
    for (let count = 0; count < min; count++) head = this.#join(head, this.build(body));
    return this.#join(head, tail);
  }
}
