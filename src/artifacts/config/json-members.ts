import { walkJson, type JsonFault } from '../safetensors/json-walk.ts';

/** A text, number or word in a JSON file. */
export interface JsonMember {
  /** Names from the outside in; `*` for an element of a list. Valid during the call only. */
  readonly path: readonly string[];
  readonly kind: 'string' | 'plain';
  readonly value: string;
  /** In bytes. */
  readonly offset: number;
}

export interface JsonOutline {
  readonly fault: JsonFault | undefined;
  /** Names that stand twice in one object: readers differ in which they take. */
  readonly duplicates: readonly { readonly name: string; readonly offset: number }[];
}

const MAX_DEPTH = 256;
const MAX_DUPLICATES = 20;

/** Walks over every member of a JSON file with its path, also of one that breaks off. */
export function walkMembers(bytes: Buffer, visit: (member: JsonMember) => void, signal: AbortSignal): JsonOutline {
  const path: string[] = [];
  const names: Set<string>[] = [];
  const duplicates: { name: string; offset: number }[] = [];
  let count = 0;
  const leaf = (kind: JsonMember['kind'], value: string, depth: number, offset: number): void => {
    if (++count % 1024 === 0) signal.throwIfAborted();
    path.length = depth;
    visit({ path, kind, value, offset });
  };
  const fault = walkJson(
    bytes,
    {
      enter: (kind, depth) => {
        path.length = depth;
        path[depth] = kind === 'array' ? '*' : '';
        names.length = depth;
        names[depth] = new Set();
      },
      leave: (depth) => {
        names.length = depth;
      },
      key: (name, depth, offset) => {
        path[depth] = name;
        const known = names[depth];
        if (known?.has(name) === true && duplicates.length < MAX_DUPLICATES) duplicates.push({ name, offset });
        known?.add(name);
      },
      string: (text, depth, offset) => {
        leaf('string', text, depth, offset);
      },
      plain: (text, depth, offset) => {
        leaf('plain', text, depth, offset);
      },
    },
    MAX_DEPTH,
    { pythonNumbers: true },
  );
  return { fault, duplicates };
}
