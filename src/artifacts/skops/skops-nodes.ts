import { walkJson, type JsonFault } from '../safetensors/json-walk.ts';

/** A node of the schema: an object with `__loader__`. Undefined where it has no such member, or no text in it. */
export interface SkopsNode {
  readonly loader: string | undefined;
  readonly module: string | undefined;
  readonly type: string | undefined;
  /** Texts directly in its `content`, by name: `func` of a method or function. */
  readonly content: ReadonlyMap<string, string>;
  readonly depth: number;
  /** In bytes. */
  readonly offset: number;
}

interface Draft {
  loader?: string;
  module?: string;
  type?: string;
  readonly content: Map<string, string>;
  readonly offset: number;
  key: string;
}

const MAX_DEPTH = 512;
const MAX_CONTENT = 64;

/** Walks over the nodes of a schema, from the inside out. Of a name that stands twice, `twice` is told. */
export function walkNodes(
  bytes: Buffer,
  visit: (node: SkopsNode) => void,
  twice: (name: string, offset: number) => void,
  signal: AbortSignal,
): JsonFault | undefined {
  const open: (Draft | undefined)[] = [];
  let count = 0;
  return walkJson(
    bytes,
    {
      enter: (kind, depth, offset) => {
        open.length = depth;
        open[depth] = kind === 'object' ? { content: new Map(), offset, key: '' } : undefined;
      },
      leave: (depth) => {
        if (++count % 1024 === 0) signal.throwIfAborted();
        const draft = open[depth];
        open.length = depth;
        if (draft?.loader === undefined && draft?.module === undefined && draft?.type === undefined) return;
        visit({ loader: draft.loader, module: draft.module, type: draft.type, content: draft.content, depth, offset: draft.offset });
      },
      key: (name, depth, offset) => {
        const draft = open[depth];
        if (draft === undefined) return;
        draft.key = name;
        const known = name === '__loader__' ? draft.loader : name === '__module__' ? draft.module : name === '__class__' ? draft.type : undefined;
        if (known !== undefined) twice(name, offset);
      },
      string: (text, depth) => {
        const draft = open[depth - 1];
        if (draft === undefined) return;
        if (draft.key === '__loader__') draft.loader = text;
        else if (draft.key === '__module__') draft.module = text;
        else if (draft.key === '__class__') draft.type = text;
        const outer = open[depth - 2];
        if (outer?.key === 'content' && outer.content.size < MAX_CONTENT) outer.content.set(draft.key, text);
        if (draft.key === 'content') draft.content.set('content', text);
      },
      plain: () => undefined,
    },
    MAX_DEPTH,
    { pythonNumbers: true },
  );
}
