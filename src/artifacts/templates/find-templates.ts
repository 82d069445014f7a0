import { walkJson } from '../safetensors/json-walk.ts';
import type { JsonFault } from '../safetensors/json-walk.ts';

/** A chat template in a JSON file. */
export interface FoundTemplate {
  /** `default` where it has none of its own. */
  readonly name: string;
  readonly text: string;
  /** Of the string in the file, in bytes. */
  readonly offset: number;
}

const KEYS = new Set(['chat_template', 'chat_templates', 'additional_chat_templates']);
const MAX_TEMPLATES = 1000;
const MAX_DEPTH = 64;

/**
 * Finds chat templates in a tokenizer or processor configuration: below `chat_template` at any depth, as a text, a dictionary by name or a
 * list of `{name, template}`. Of a key that stands twice both are found: readers differ in which they take.
 */
export function findTemplates(bytes: Buffer): { readonly templates: FoundTemplate[]; readonly fault: JsonFault | undefined } {
  const templates: FoundTemplate[] = [];
  /** Names of the members that the walk is in, by depth. */
  const names: string[] = [];
  let inside: number | undefined;
  /** `name` of the element of the list that the walk is in, which writers put first. */
  let called = 'default';
  const fault = walkJson(
    bytes,
    {
      enter: () => undefined,
      leave: (depth) => {
        called = 'default';
        names.length = Math.min(names.length, depth + 1);
        if (inside !== undefined && depth < inside) inside = undefined;
      },
      key: (name, depth) => {
        names.length = Math.min(names.length, depth + 1);
        names[depth] = name;
        if (inside === undefined || depth <= inside) inside = KEYS.has(name) ? depth : undefined;
      },
      string: (text, depth, offset) => {
        const key = names[depth - 1] ?? '';
        if (inside === undefined || depth <= inside || templates.length >= MAX_TEMPLATES) return;
        if (key === 'name' && depth > inside + 1) called = text;
        else templates.push({ name: KEYS.has(key) ? 'default' : key === 'template' ? called : key, text, offset });
      },
      plain: () => undefined,
    },
    MAX_DEPTH,
    { pythonNumbers: true },
  );
  return { templates, fault };
}
