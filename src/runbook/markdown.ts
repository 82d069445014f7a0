import { createHash } from 'node:crypto';
import { fromMarkdown } from 'mdast-util-from-markdown';
import type { Code, ListItem, Paragraph, PhrasingContent, Root, RootContent } from 'mdast';
import { ElulmcError } from '../core/errors.ts';
import { AttributeError, attributesOf, fenceAttributes, NO_ATTRIBUTES } from './attributes.ts';
import type { StatedAttributes } from './attributes.ts';
import { readCommandLine, plainText, splitScript } from './command-line.ts';
import type { RunbookDocument, RunbookSection, RunbookStep } from './document.ts';
import { joinFolder } from './folder.ts';
import { FrontMatterError, takeFrontMatter } from './front-matter.ts';
import type { FrontMatter } from './front-matter.ts';
import { isInlineCommand } from './locate.ts';

const SHELLS = new Set(['bash', 'sh', 'shell']);
const MAX_DEPTH = 100;
/** Inline constructs that mean nothing here, and whose parsing takes quadratic time on hostile text. */
const NOT_NEEDED = [
  'attention',
  'autolink',
  'characterEscape',
  'characterReference',
  'definition',
  'hardBreakEscape',
  'htmlText',
  'labelEnd',
  'labelStartImage',
  'labelStartLink',
];

function invalid(line: number, what: string): ElulmcError {
  return new ElulmcError('RUNBOOK_INVALID', `line ${String(line)}: ${what}`);
}

/** Control characters and direction overrides could hide from a reader what a line says. */
function refuseHiddenCharacters(text: string): void {
  // eslint-disable-next-line no-control-regex -- these are the characters that it looks for
  const found = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.exec(text);
  if (found === null) return;
  const line = text.slice(0, found.index).split('\n').length;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  throw invalid(line, `the character U+${code} is not allowed`);
}

/** Parses, and finds fences that end with the document or with what holds them instead of with their own last line. */
function parseTree(text: string): Root {
  const fences: number[] = [];
  const root = fromMarkdown(text, {
    extensions: [{ disable: { null: NOT_NEEDED } }],
    mdastExtensions: [
      {
        enter: {
          codeFencedFence: (token) => {
            fences.push(token.start.offset);
          },
        },
      },
    ],
  });
  return new FenceCheck(fences).checked(root);
}

class FenceCheck {
  readonly #fences: readonly number[];
  #next = 0;

  constructor(fences: readonly number[]) {
    this.#fences = fences;
  }

  checked(root: Root): Root {
    for (const child of root.children) this.#visit(child, 0);
    return root;
  }

  #visit(node: RootContent, depth: number): void {
    if (depth > MAX_DEPTH) throw invalid(lineOf(node), `lists and quotes are nested deeper than ${String(MAX_DEPTH)}`);
    if (node.type === 'code') this.#code(node);
    else if (node.type === 'list' || node.type === 'listItem' || node.type === 'blockquote') {
      for (const child of node.children) this.#visit(child, depth + 1);
    }
  }

  /** The tokens of the fences come in the order of the document: a closed block has two, an open one has one, indented code none. */
  #code(node: Code): void {
    const end = node.position?.end.offset ?? 0;
    let count = 0;
    while ((this.#fences[this.#next] ?? Infinity) < end) {
      this.#next += 1;
      count += 1;
    }
    if (count === 1) throw invalid(lineOf(node), 'this code fence is never closed');
  }
}

function lineOf(node: RootContent): number {
  return node.position?.start.line ?? 0;
}

function textOf(children: readonly PhrasingContent[]): string {
  return children
    .map((child) => ('value' in child ? child.value : ' '))
    .join('')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function withoutEmphasis(text: string): string {
  return text.replaceAll(/\*\*|__/g, '').trim();
}

/** The bold words that open a list item, or its whole sentence. */
function titleOf(paragraph: Paragraph | undefined): string {
  const text = paragraph === undefined ? '' : textOf(paragraph.children);
  const bold = /^(\*\*|__)(.+?)\1/.exec(text);
  return withoutEmphasis(bold?.[2] ?? text);
}

/** The language of a fence and its attributes: the brace may stand right after the language. */
function infoOf(node: Code): { readonly language: string; readonly attributes: string } {
  const [language = '', attached = ''] = (node.lang ?? '').split(/(?=\{)/, 2);
  return { language: language.toLowerCase(), attributes: `${attached} ${node.meta ?? ''}` };
}

function fenceOf(node: Code, info: string): StatedAttributes {
  try {
    return fenceAttributes(info);
  } catch (error) {
    if (error instanceof AttributeError) throw invalid(lineOf(node), error.message);
    throw error;
  }
}

class DocumentReader {
  readonly #front: FrontMatter;
  readonly #sections: RunbookSection[] = [];
  readonly #steps: RunbookStep[] = [];
  readonly #seen = new Map<string, number>();
  /** Open headings with their rank, outermost first. */
  readonly #headings: { readonly rank: number; readonly section: number }[] = [];

  constructor(front: FrontMatter) {
    this.#front = front;
  }

  read(root: Root): RunbookDocument {
    for (const node of root.children) {
      if (node.type === 'heading') this.#heading(node.depth, withoutEmphasis(textOf(node.children)), lineOf(node));
      else this.#block(node, this.#headings.at(-1)?.section ?? null);
    }
    const { attributes, description } = this.#front;
    return { name: attributes.name ?? null, description, sections: this.#sections, steps: this.#steps };
  }

  #heading(rank: number, title: string, line: number): void {
    while ((this.#headings.at(-1)?.rank ?? 0) >= rank) this.#headings.pop();
    this.#headings.push({ rank, section: this.#open(title, line, this.#headings.at(-1)?.section ?? null) });
  }

  #open(title: string, line: number, parent: number | null): number {
    this.#sections.push({ path: [...this.#pathOf(parent), title], line, parent });
    return this.#sections.length - 1;
  }

  #pathOf(section: number | null): readonly string[] {
    return section === null ? [] : (this.#sections[section]?.path ?? []);
  }

  #block(node: RootContent, section: number | null): void {
    if (node.type === 'code') this.#code(node, section);
    else if (node.type === 'list') for (const item of node.children) this.#item(item, section);
    else if (node.type === 'blockquote') for (const child of node.children) this.#block(child, section);
  }

  #item(item: ListItem, section: number | null): void {
    const first = item.children.find((child) => child.type === 'paragraph');
    const inner = item.children.filter((child) => child.type === 'code' || child.type === 'list' || child.type === 'blockquote');
    if (inner.length === 0) {
      if (first !== undefined) this.#sentence(first, section);
      return;
    }
    const own = this.#open(titleOf(first), lineOf(item), section);
    for (const child of inner) this.#block(child, own);
  }

  /** One step for each command in the sentence; without one the sentence itself is the step. */
  #sentence(paragraph: Paragraph, section: number | null): void {
    const codes = paragraph.children.filter((child) => child.type === 'inlineCode');
    const commands = codes.filter(({ value }) => isInlineCommand(value));
    for (const command of commands) this.#step('command', command.value, lineOf(command), section, '', {});
    if (commands.length === 0) this.#step('prose', withoutEmphasis(textOf(paragraph.children)), lineOf(paragraph), section, '', {});
  }

  #code(node: Code, section: number | null): void {
    const info = infoOf(node);
    if (!SHELLS.has(info.language)) return;
    const fence = fenceOf(node, info.attributes);
    let folder: string | null = '';
    for (const { text, line } of splitScript(node.value)) {
      const moved: string | null | undefined = folderAfter(folder, text);
      if (moved === undefined || moved === null) {
        this.#step('command', text, lineOf(node) + 1 + line, section, moved === null ? null : folder, fence);
      }
      if (moved !== undefined) folder = moved;
    }
  }

  #step(kind: RunbookStep['kind'], text: string, line: number, section: number | null, folder: string | null, fence: StatedAttributes): void {
    const identity = JSON.stringify([this.#pathOf(section), kind, text]);
    const count = this.#seen.get(identity) ?? 0;
    this.#seen.set(identity, count + 1);
    const digest = createHash('sha256')
      .update(`${identity}${String(count)}`)
      .digest('hex');
    const attributes = kind === 'prose' ? NO_ATTRIBUTES : attributesOf(this.#front.attributes, fence);
    this.#steps.push({ id: `stp_${digest.slice(0, 16)}`, kind, text, line, section, folder, attributes });
  }
}

/** The folder after a `cd` line; null when it leads nowhere that can be known, undefined when the line is no `cd`. */
function folderAfter(folder: string | null, line: string): string | null | undefined {
  const command = readCommandLine(line);
  if ('reason' in command) return undefined;
  const [name, target, ...more] = command.words.map(plainText);
  if (name !== 'cd') return undefined;
  if (folder === null || target === undefined || target.startsWith('-') || more.length > 0) return null;
  return joinFolder(folder, target);
}

function frontMatterOf(text: string): FrontMatter {
  try {
    return takeFrontMatter(text);
  } catch (error) {
    if (error instanceof FrontMatterError) throw invalid(error.line, error.message);
    throw error;
  }
}

/**
 * Reads a runbook (CommonMark): headings and list items make sections; fenced bash, sh and shell blocks and inline
 * commands of list items make command steps; other list items are steps that a person does. HTML and other code count
 * for nothing. RUNBOOK_INVALID names the line. Takes quadratic time on hostile text: parse.ts runs it with a time limit.
 */
export function parseMarkdown(text: string): RunbookDocument {
  const plain = text.replace(/^\uFEFF/, '');
  refuseHiddenCharacters(plain);
  const front = frontMatterOf(plain);
  return new DocumentReader(front).read(parseTree(front.markdown));
}
