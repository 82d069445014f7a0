import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A version of a model and the one before it; files or folders. */
export interface ModelPair {
  readonly before: string;
  readonly after: string;
}

const OLD = new Set(['base', 'baseline', 'before', 'old', 'original', 'orig', 'previous', 'prev', 'reference', 'ref', 'v0', 'v1', 'a']);
const NEW = new Set(['new', 'after', 'model', 'current', 'candidate', 'changed', 'updated', 'update', 'tuned', 'finetuned', 'modified', 'v2', 'b']);

/** The first word of a name: `base.safetensors`, `base-model`, `base`. */
function meaning(name: string): string {
  return name.toLowerCase().split(/[._\- ]/, 1)[0] ?? '';
}

/**
 * The two versions in a folder, by their names, or null when the folder is no pair. `declared` says that the labels call it one: then
 * one name that means old, or new, is enough, and with none the first of two names is the old one.
 */
export function pairIn(folder: string, declared: boolean): ModelPair | null {
  const names = readdirSync(folder)
    .filter((name) => !name.startsWith('.') && !/\.(?:md|txt)$/i.test(name))
    .sort();
  const old = names.filter((name) => OLD.has(meaning(name)));
  const now = names.filter((name) => NEW.has(meaning(name)));
  const pair = (before: string | undefined, after: string | undefined): ModelPair | null =>
    before === undefined || after === undefined ? null : { before: join(folder, before), after: join(folder, after) };
  if (old.length === 1 && now.length === 1 && (declared || names.length === 2)) return pair(old[0], now[0]);
  if (!declared || names.length !== 2) return null;
  const before = old[0] ?? names.find((name) => !now.includes(name));
  return pair(
    before,
    names.find((name) => name !== before),
  );
}
