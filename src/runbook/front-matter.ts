import { LineCounter, isAlias, isMap, isNode, isScalar, parseDocument, visit } from 'yaml';
import type { Document, Pair } from 'yaml';
import { AttributeError, plainLine, stated } from './attributes.ts';
import type { StatedAttributes } from './attributes.ts';

/** The front matter of a document, and the Markdown after it, its lines counted as before. */
export interface FrontMatter {
  readonly attributes: StatedAttributes;
  readonly description: string | null;
  readonly markdown: string;
}

/** What cannot be read, with its line in the document. */
export class FrontMatterError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const MAX_CHARACTERS = 16 * 1024;
const MAX_DESCRIPTION = 1_000;
const LINE_BREAK = /\r\n|\n|\r/;
const KEY = /^["']?[A-Za-z_][\w .-]*["']?\s*:(?:\s|$)/;
const OUR_KEY = /^["']?(?:name|approve|timeout|continue-on-error|description)["']?\s*:/i;

/** Lines between the first `---` and the next; `closed` is false when there is none. */
function blockOf(lines: readonly string[]): { readonly inner: readonly string[]; readonly closed: boolean } | undefined {
  if (lines[0]?.trimEnd() !== '---') return undefined;
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === '---');
  return { inner: lines.slice(1, end === -1 ? undefined : end), closed: end !== -1 };
}

/** Where something of the block stands in the document: the block begins in its second line. */
function lineAt(counter: LineCounter, offset: number): number {
  return counter.linePos(offset).line + 1;
}

/** An alias can make a small text huge, and nothing here needs one. */
function refuseReferences(yaml: Document, counter: LineCounter): void {
  visit(yaml, (_key, node) => {
    if (!isNode(node) || (!isAlias(node) && node.anchor === undefined)) return;
    throw new FrontMatterError(lineAt(counter, node.range?.[0] ?? 0), 'the front matter uses an anchor or an alias');
  });
}

function readPair(pair: Pair, counter: LineCounter, found: { attributes: StatedAttributes; description: string | null }): void {
  if (!isScalar(pair.key) || typeof pair.key.value !== 'string') return;
  const key = pair.key.value;
  const value: unknown = isScalar(pair.value) ? pair.value.value : pair.value;
  try {
    if (key.toLowerCase() === 'description') found.description = plainLine('description', value, MAX_DESCRIPTION);
    else found.attributes = { ...found.attributes, ...stated(key, value) };
  } catch (error) {
    if (error instanceof AttributeError) throw new FrontMatterError(lineAt(counter, pair.key.range?.[0] ?? 0), error.message);
    throw error;
  }
}

function readYaml(text: string): Pick<FrontMatter, 'attributes' | 'description'> {
  if (text.length > MAX_CHARACTERS) throw new FrontMatterError(1, `the front matter is longer than ${String(MAX_CHARACTERS)} characters`);
  const counter = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: true, schema: 'core', logLevel: 'silent' });
  const [error] = yaml.errors;
  if (error !== undefined) throw new FrontMatterError(lineAt(counter, error.pos[0]), `the front matter is not YAML: ${error.message}`);
  refuseReferences(yaml, counter);
  const found = { attributes: {}, description: null };
  if (isMap(yaml.contents)) for (const pair of yaml.contents.items) readPair(pair, counter, found);
  return found;
}

/**
 * Takes YAML front matter off a document: a first line `---`, lines of which one is `key: value`, and a line `---`. Anything
 * else is Markdown, where `---` is a rule. Keys of other tools are left alone. FrontMatterError names the line of what is
 * wrong, also for one of our keys in a block that is never closed: an approval must not be lost by a missing line.
 */
export function takeFrontMatter(text: string): FrontMatter {
  const lines = text.split(LINE_BREAK);
  const block = blockOf(lines);
  const nothing = { attributes: {}, description: null, markdown: text };
  if (block === undefined) return nothing;
  if (!block.closed) {
    const end = block.inner.findIndex((line) => line.trim() === '');
    const first = block.inner.slice(0, end === -1 ? undefined : end);
    if (first.some((line) => OUR_KEY.test(line))) throw new FrontMatterError(1, 'the front matter is never closed by a line ---');
    return nothing;
  }
  if (!block.inner.some((line) => KEY.test(line))) return nothing;
  const rest = lines.slice(block.inner.length + 2);
  return { ...readYaml(block.inner.join('\n')), markdown: '\n'.repeat(block.inner.length + 2) + rest.join('\n') };
}
