import { hash } from 'node:crypto';
import { ConstantFolding } from './constant-folding.ts';
import { hiddenBehaviour } from './hidden-behaviour.ts';
import { lexicalInjection, treeInjection, unknownCalls } from './injection.ts';
import type { InjectionSign } from './injection.ts';
import { parseTemplate } from './jinja-tree.ts';
import { isImport, normalForm } from './normal-form.ts';
import { TemplateLexer } from './template-lexer.ts';
import type { TemplatePart } from './template-lexer.ts';
import * as rules from './template-rules.ts';
import { tellingName } from './dangerous-names.ts';
import type { Rule } from '../findings/rule.ts';
import { suspiciousText } from '../safetensors/suspicious-text.ts';

/** The longest published templates have about 25,000 characters. */
const OVERSIZED = 40_000;
/** Longer ones are not parsed at all. */
const MAX_LENGTH = 100_000;
const MAX_BLOCKS = 64;
const MAX_CALLS = 1000;
const MAX_SIGNS = 20;

export interface TemplateSign {
  readonly rule: Rule;
  /** In the template, in UTF-16 units; null where it is not known. */
  readonly offset: number | null;
  readonly detail: string;
}

export interface TemplateOptions {
  /** templateDigest of every template of the registered previous version, when there is one: another one is a finding. */
  readonly registered?: ReadonlySet<string>;
}

/** SHA-256 of the text as UTF-8, in hex. */
export function templateDigest(text: string): string {
  return hash('sha256', text, 'hex');
}

/**
 * Judges a chat template (Jinja) by its text and syntax tree. It is never rendered. A template that cannot be read whole is judged by what
 * was read, and is never clean.
 */
export function judgeTemplate(text: string, options: TemplateOptions = {}): TemplateSign[] {
  const signs: TemplateSign[] = [];
  if (options.registered !== undefined && !options.registered.has(templateDigest(text)))
    signs.push({ rule: rules.TEMPLATE_CHANGED, offset: null, detail: `digest ${templateDigest(text)}` });
  if (text.length > OVERSIZED) signs.push({ rule: rules.TEMPLATE_OVERSIZED, offset: null, detail: `${String(text.length)} characters` });
  // Python is left to the checks below: templates for tools speak about code.
  for (const { kind, detail } of suspiciousText(text)) if (kind !== 'code') signs.push({ rule: rules.TEMPLATE_HIDDEN_TEXT, offset: null, detail });
  const lexer = new TemplateLexer(text.slice(0, MAX_LENGTH));
  const fault = lexer.run();
  signs.push(...lexicalInjection(lexer.parts).map(injectionSign));
  for (const part of lexer.parts) {
    if (isImport(part) || part.tokens[0]?.text === 'debug')
      signs.push({
        rule: rules.TEMPLATE_IMPORT,
        offset: part.offset,
        detail: `{% ${part.tokens
          .map((token) => token.text)
          .join(' ')
          .slice(0, 100)} %}`,
      });
  }
  const reason = fault?.reason ?? (text.length > MAX_LENGTH ? 'it is too long' : blockFault(lexer.parts));
  if (reason === undefined) signs.push(...judgeTree(lexer.parts));
  else signs.push(...unreadable(text, fault?.offset ?? null, reason));
  return unique(signs);
}

function judgeTree(parts: readonly TemplatePart[]): TemplateSign[] {
  const parsed = parseTemplate(normalForm(parts));
  if ('fault' in parsed) return [{ rule: rules.TEMPLATE_UNREADABLE, offset: null, detail: parsed.fault }];
  const folding = new ConstantFolding(parsed.root);
  const injections = [...treeInjection(parsed.root, folding), ...unknownCalls(parsed.root, parts.some(isImport))];
  return [
    ...injections.map(injectionSign),
    ...hiddenBehaviour(parsed.root, folding).map(({ kind, detail }) => ({ rule: BEHAVIOUR_RULES[kind], offset: null, detail })),
  ];
}

const BEHAVIOUR_RULES = {
  trigger: rules.TEMPLATE_BACKDOOR,
  clock: rules.TEMPLATE_BACKDOOR,
  link: rules.TEMPLATE_HIDDEN_TEXT,
  instruction: rules.TEMPLATE_HIDDEN_TEXT,
  rewrite: rules.TEMPLATE_REWRITE,
};

const INJECTION_RULES = { injection: rules.TEMPLATE_INJECTION, computed: rules.TEMPLATE_COMPUTED, 'unknown-call': rules.TEMPLATE_UNKNOWN_CALL };

function injectionSign({ kind, detail, offset }: InjectionSign): TemplateSign {
  return { rule: INJECTION_RULES[kind], offset, detail };
}

/** A tag that nobody could read is no place to hide a name in. */
function unreadable(text: string, offset: number | null, reason: string): TemplateSign[] {
  const rest = offset === null ? text : text.slice(offset);
  const telling = tellingName(rest);
  const signs: TemplateSign[] = [{ rule: rules.TEMPLATE_UNREADABLE, offset, detail: reason }];
  if (telling !== undefined)
    signs.push({ rule: rules.TEMPLATE_INJECTION, offset: (offset ?? 0) + rest.indexOf(telling), detail: `the name ${telling} in what cannot be read` });
  return signs;
}

/** Nesting and chains of conditions are limited before the parser, which calls itself for each. */
function blockFault(parts: readonly TemplatePart[]): string | undefined {
  let depth = 0;
  let branches = 0;
  for (const { kind, tokens } of parts) {
    const name = kind === 'block' ? (tokens[0]?.text ?? '') : '';
    if (['if', 'for', 'macro', 'call', 'filter', 'block', 'with'].includes(name)) depth++;
    if (name === 'endif') branches = 0;
    if (name.startsWith('end')) depth--;
    if (name === 'elif') branches++;
    if (depth > MAX_BLOCKS) return `blocks nested deeper than ${String(MAX_BLOCKS)}`;
    if (branches > 4 * MAX_BLOCKS) return `more than ${String(4 * MAX_BLOCKS)} branches of one condition`;
    if (tokens.filter(({ text }) => text === 'not' || text === 'else' || text === '-').length > 4 * MAX_BLOCKS) return 'an expression with too many branches';
    // Each call and filter is judged with everything before it in the chain.
    if (tokens.filter(({ kind: sort, text }) => sort === 'sign' && '|(['.includes(text)).length > MAX_CALLS) return 'an expression with too many calls';
  }
  return undefined;
}

function unique(signs: readonly TemplateSign[]): TemplateSign[] {
  const seen = new Set<string>();
  return signs
    .filter(({ rule, detail }) => {
      const key = `${rule.id} ${detail}`;
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, MAX_SIGNS);
}
