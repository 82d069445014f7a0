import { isAlias, isMap, isPair, isScalar, isSeq, parseAllDocuments, type Node, type Pair } from 'yaml';
import type { JsonMember } from '../config/json-members.ts';

/** A tag as it stands, or in full: `tag:yaml.org,2002:python/object/apply:os.system`. `value`: the text that it is on. */
export interface YamlTag {
  readonly tag: string;
  readonly value: string;
  readonly offset: number;
}

export interface YamlOutline {
  readonly tags: readonly YamlTag[];
  /** Nodes that a reader has who follows all aliases; capped. */
  readonly expanded: number;
  readonly fault: { readonly offset: number; readonly reason: string } | undefined;
}

export const MAX_EXPANDED = 10_000_000;
const MAX_TAGS = 200;

/** One that is open, or a key that the next value belongs to. */
interface Step {
  readonly node: Node | Pair | null;
  readonly path: readonly string[];
  readonly leaving: boolean;
}

/** Walks over all scalars of a YAML text, aliases not followed. Texts and numbers come as members of JSON do. */
export function walkYaml(text: string, visit: (member: JsonMember) => void, signal: AbortSignal): YamlOutline {
  let documents: ReturnType<typeof parseAllDocuments>;
  try {
    documents = parseAllDocuments(text, { uniqueKeys: false, strict: false, logLevel: 'silent', prettyErrors: false, keepSourceTokens: false });
  } catch (error) {
    // The composer calls itself for each level of nesting.
    return { tags: [], expanded: 0, fault: { offset: 0, reason: error instanceof RangeError ? 'nested too deep' : String(error).slice(0, 200) } };
  }
  const walk = new YamlWalk(text, visit, signal);
  let fault: YamlOutline['fault'];
  if (!Array.isArray(documents)) return walk;
  for (const { contents, errors } of documents) {
    const [error] = errors;
    if (error !== undefined) fault ??= { offset: Buffer.byteLength(text.slice(0, error.pos[0])), reason: error.message.slice(0, 200) };
    walk.run(contents);
  }
  return { tags: walk.tags, expanded: walk.expanded, fault };
}

class YamlWalk implements YamlOutline {
  readonly tags: YamlTag[] = [];
  expanded = 0;
  readonly fault = undefined;
  readonly #visit: (member: JsonMember) => void;
  readonly #signal: AbortSignal;
  readonly #text: string;
  /** Anchor -> nodes below it, and its text when it is one. */
  readonly #sizes = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  #position = { index: 0, bytes: 0 };

  constructor(text: string, visit: (member: JsonMember) => void, signal: AbortSignal) {
    this.#text = text;
    this.#visit = visit;
    this.#signal = signal;
  }

  /** Without recursion. `sums` has the nodes below each that is open. */
  run(root: Node | null): void {
    const steps: Step[] = [{ node: root, path: [], leaving: false }];
    const sums: number[] = [0];
    let count = 0;
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      if (++count % 1024 === 0) this.#signal.throwIfAborted();
      const { node, path, leaving } = step;
      if (leaving) this.#leave(node, sums);
      else this.#enter(node, path, steps, sums);
    }
    this.expanded = Math.min(MAX_EXPANDED, this.expanded + (sums[0] ?? 0));
  }

  #enter(node: Node | Pair | null, path: readonly string[], steps: Step[], sums: number[]): void {
    const add = (size: number): void => {
      sums[sums.length - 1] = Math.min(MAX_EXPANDED, (sums.at(-1) ?? 0) + size);
    };
    if (node === null) return;
    if (isPair(node)) {
      const { key, value } = node as Pair<Node | null, Node | null>;
      const name = isScalar(key) ? String(key.value) : isAlias(key) ? (this.#texts.get(key.source) ?? '') : '';
      steps.push({ node: value, path: [...path.slice(-63), name], leaving: false });
      if (!isScalar(key)) steps.push({ node: key, path, leaving: false });
    } else if (isAlias(node)) {
      add(this.#sizes.get(node.source) ?? 1);
      const text = this.#texts.get(node.source);
      if (text !== undefined) this.#visit({ path, kind: 'string', value: text, offset: this.#offset(node) });
    } else if (isScalar(node)) {
      add(1);
      this.#scalar(node, path);
    } else if (isMap(node) || isSeq(node)) {
      this.#tag(node, '');
      sums.push(1);
      steps.push({ node, path, leaving: true });
      const inner = isSeq(node) ? [...path.slice(-63), '*'] : path;
      for (const item of (node.items as (Node | Pair | null)[]).toReversed()) steps.push({ node: item, path: inner, leaving: false });
    }
  }

  #leave(node: Node | Pair | null, sums: number[]): void {
    const size = sums.pop() ?? 0;
    sums[sums.length - 1] = Math.min(MAX_EXPANDED, (sums.at(-1) ?? 0) + size);
    if ((isMap(node) || isSeq(node)) && node.anchor !== undefined) this.#sizes.set(node.anchor, size);
  }

  #scalar(node: Node, path: readonly string[]): void {
    if (!isScalar(node)) return;
    const { value } = node;
    const text = typeof value === 'string' ? value : String(node.source ?? value);
    if (node.anchor !== undefined) this.#texts.set(node.anchor, text);
    this.#tag(node, text);
    this.#visit({ path, kind: typeof value === 'string' ? 'string' : 'plain', value: text, offset: this.#offset(node) });
  }

  #tag(node: Node, value: string): void {
    if (node.tag !== undefined && this.tags.length < MAX_TAGS) this.tags.push({ tag: node.tag, value, offset: this.#offset(node) });
  }

  /** Nodes come in the order of the text, mostly. */
  #offset(node: Node): number {
    const index = node.range?.[0] ?? 0;
    const { index: last, bytes } = this.#position;
    const next = index >= last ? bytes + Buffer.byteLength(this.#text.slice(last, index)) : Buffer.byteLength(this.#text.slice(0, index));
    this.#position = { index, bytes: next };
    return next;
  }
}
