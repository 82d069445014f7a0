import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Messages of one kind of text. */
export interface Corpus {
  readonly name: string;
  readonly messages: readonly string[];
  readonly bytes: number;
}

const ROOT = resolve(import.meta.dirname, '../..');
const MESSAGE = 4000;
const MAX_BYTES = 2_000_000;

function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function corpus(name: string, text: string): Corpus {
  const messages = Array.from({ length: Math.ceil(Math.min(text.length, MAX_BYTES) / MESSAGE) }, (_, i) => text.slice(i * MESSAGE, (i + 1) * MESSAGE));
  return { name, messages, bytes: messages.reduce((sum, message) => sum + Buffer.byteLength(message), 0) };
}

function joined(files: readonly string[]): string {
  return files.map((file) => readFileSync(file, 'utf8')).join('\n');
}

/** Documents and prose, source code, and values that look random: the dearest text there is, because every one may be an encoding. */
export function corpora(): readonly Corpus[] {
  const blocks = Array.from({ length: 4000 }, (_, i) =>
    createHash('sha256')
      .update(`block ${String(i)}`)
      .digest(),
  );
  const random = blocks.map((block, i) => JSON.stringify({ id: block.toString('hex', 0, 16), sum: block.toString('base64'), at: i * 7919 })).join('\n');
  return [
    corpus('docs', joined([...filesIn('docs', '.md'), join(ROOT, 'models/passages.txt')])),
    corpus('code', joined(filesIn('src', '.ts'))),
    corpus('digests', random),
  ];
}
