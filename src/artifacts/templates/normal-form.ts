import type { TemplatePart, TemplateToken } from './template-lexer.ts';

/** Tags that only group what is between them. `generation` is an extension of transformers. */
const GROUPS = new Set(['block', 'autoescape', 'generation', 'trans', 'with']);
/** Tags that bring in other templates. */
const IMPORTS = new Set(['include', 'import', 'from', 'extends']);
const IF_TRUE = '{%- if true -%}';
const END_IF = '{%- endif -%}';

export function isImport(part: TemplatePart): boolean {
  return part.kind === 'block' && IMPORTS.has(part.tokens[0]?.text ?? '');
}

/**
 * Writes the parts again in the dialect that the library parses: strings with simple escapes, raw text as text, grouping tags as conditions
 * that always hold, tests with arguments as filters. What is executed stays; comments and imports, which are judged by themselves, go.
 */
export function normalForm(parts: readonly TemplatePart[]): string {
  return parts.map(writePart).join('');
}

function writePart(part: TemplatePart): string {
  if (part.kind === 'comment') return '';
  if (part.kind === 'text') return writeText(part.text);
  if (part.kind === 'output') return `{{ ${writeTokens(part.tokens)} }}`;
  const [name, ...rest] = part.tokens;
  const tag = name?.text ?? '';
  if (IMPORTS.has(tag) || tag === 'debug') return '';
  if (tag === 'do') return `{{ ${writeTokens(rest)} }}`;
  if (tag === 'with' && rest.length > 0) return `${IF_TRUE}{% set with_names = dict(${writeTokens(rest)}) %}`;
  if (GROUPS.has(tag)) return IF_TRUE;
  if (tag.startsWith('end')) return GROUPS.has(tag.slice(3)) ? END_IF : `{% ${tag} %}`;
  const last = rest.at(-1);
  return `{% ${writeTokens(tag === 'for' && last?.text === 'recursive' ? part.tokens.slice(0, -1) : part.tokens)} %}`;
}

/** As an expression, so that no text is ever read as a tag. Long white space makes the library slow and says nothing. */
function writeText(text: string): string {
  return `{{ ${quote(text.replace(/\s{64,}/g, (run) => run.slice(0, 64)))} }}`;
}

function writeTokens(tokens: readonly TemplateToken[]): string {
  let text = '';
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token === undefined) break;
    const test = token.text === 'is' && token.kind === 'name' ? testWithArgument(tokens, i) : undefined;
    if (test !== undefined) {
      text += test.text;
      i = test.last;
    } else {
      // A sign before a number must stay with it.
      text += token.kind === 'string' ? `${quote(token.text)} ` : token.text + (token.text === '-' || token.text === '+' ? '' : ' ');
    }
  }
  return text;
}

/** `x is divisibleby(2)`, `x is equalto "a"`, `x is in [...]`: the library knows tests without arguments only. */
function testWithArgument(tokens: readonly TemplateToken[], at: number): { text: string; last: number } | undefined {
  const negated = tokens[at + 1]?.text === 'not' ? 1 : 0;
  const name = tokens[at + 1 + negated];
  const argument = tokens[at + 2 + negated];
  if (name?.kind !== 'name' || argument === undefined) return undefined;
  if (name.text === 'in') return { text: negated === 1 ? 'not in ' : 'in ', last: at + 1 + negated };
  const filter = `| is_${negated === 1 ? 'not_' : ''}${name.text} `;
  if (argument.text === '(' && argument.kind === 'sign') return { text: filter, last: at + 1 + negated };
  if (argument.kind !== 'string' && argument.kind !== 'number') return undefined;
  return { text: `${filter}( ${argument.kind === 'string' ? quote(argument.text) : argument.text} ) `, last: at + 2 + negated };
}

/** Braces are escaped too: the library removes tags that it finds in strings. */
function quote(text: string): string {
  let quoted = "'";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x27 || code === 0x5c || code < 0x20 || code === 0x7b || code === 0x7d) quoted += `\\u${code.toString(16).padStart(4, '0')}`;
    else quoted += text[i] ?? '';
  }
  return `${quoted}'`;
}
