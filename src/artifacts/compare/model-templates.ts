import { FileSource } from '../bytes/file-source.ts';
import type { Finding } from '../findings/rule.ts';
import { readGguf } from '../gguf/gguf-file.ts';
import { findTemplates } from '../templates/find-templates.ts';
import { templateDigest } from '../templates/judge-template.ts';
import { TEMPLATE_CHANGED } from '../templates/template-rules.ts';
import { isGguf } from './model-tensors.ts';
import { filesOf } from './tensor-files.ts';

/** A chat template of a model, by its digest. */
export interface ModelTemplate {
  /** File below the model. */
  readonly path: string;
  readonly name: string;
  /** Of its text as UTF-8, hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  /** In the file, in bytes. */
  readonly offset: number;
}

const MAX_BYTES = 16 * 1024 * 1024;
const JSON_NAMES = /(?:^|\/)(?:tokenizer_config|processor_config|preprocessor_config|chat_templates?|generation_config|config)\.json$/i;
const TEMPLATE_NAMES = /\.(?:jinja2?|j2)$/i;

/** Text of a small file; undefined when it is larger than `most` bytes or cannot be read. Never waits for a FIFO. */
export function readSmall(path: string, most: number): Buffer | undefined {
  try {
    const source = FileSource.open(path);
    try {
      return source.size > most ? undefined : source.read(0, source.size);
    } finally {
      source.close();
    }
  } catch {
    return undefined;
  }
}

/** Every text in the metadata of a GGUF file: key, text, offset. What cannot be read any further ends it. */
export function ggufTexts(path: string, visit: (key: string, text: string, offset: number) => void): void {
  if (!/\.gguf$/i.test(path)) return;
  let source: FileSource;
  try {
    source = FileSource.open(path);
  } catch {
    return;
  }
  const quiet = { problem: () => undefined, tensorProblem: () => undefined, byteToken: () => undefined, signal: new AbortController().signal };
  try {
    if (isGguf(source)) readGguf(source, { ...quiet, text: (key, text, offset) => visit(key, text, offset) });
  } finally {
    source.close();
  }
}

/** Chat templates of a model: files of their own, those in configurations, those in GGUF files. */
export function modelTemplates(model: string): ModelTemplate[] {
  const found: ModelTemplate[] = [];
  const add = (path: string, name: string, text: string, offset: number): void => {
    found.push({ path, name, sha256: templateDigest(text), bytes: Buffer.byteLength(text), offset });
  };
  for (const { path, absolute } of filesOf(model)) {
    ggufTexts(absolute, (key, text, offset) => {
      if (key.includes('chat_template')) add(path, key, text, offset);
    });
    const bytes = TEMPLATE_NAMES.test(path) || JSON_NAMES.test(path) ? readSmall(absolute, MAX_BYTES) : undefined;
    if (bytes === undefined) continue;
    if (TEMPLATE_NAMES.test(path)) add(path, 'default', bytes.toString('utf8'), 0);
    else for (const { name, text, offset } of findTemplates(bytes).templates) add(path, name, text, offset);
  }
  return found;
}

/** A finding for each template that the previous version did not have, and one for each that is gone. */
export function templateChanges(before: readonly ModelTemplate[], after: readonly ModelTemplate[], where: string): Finding[] {
  const [old, now] = [new Set(before.map(({ sha256 }) => sha256)), new Set(after.map(({ sha256 }) => sha256))];
  const added = after.filter(({ sha256 }) => !old.has(sha256));
  const gone = before.filter(({ sha256, name }) => !now.has(sha256) && !added.some((template) => template.name === name));
  return [
    ...added.map(({ path, name, sha256, offset }) => {
      const earlier = before.find((template) => template.name === name)?.sha256;
      const what = earlier === undefined ? 'is new' : `was ${earlier.slice(0, 16)} before`;
      return {
        rule: TEMPLATE_CHANGED,
        path: [path],
        offset,
        detail: `template "${name.slice(0, 60)}" ${sha256.slice(0, 16)} ${what} (first digits of their SHA-256)`,
      };
    }),
    ...gone.map(({ path, name }) => ({ rule: TEMPLATE_CHANGED, path: [where], offset: null, detail: `template "${name.slice(0, 60)}" of ${path} is missing` })),
  ];
}
