import type { ConstantFolding } from './constant-folding.ts';
import { isDangerousAttribute, isDangerousFunction, isDangerousMethod, tellingName } from './dangerous-names.ts';
import { allNodes } from './jinja-tree.ts';
import type { JinjaNode } from './jinja-tree.ts';
import type { TemplatePart } from './template-lexer.ts';

export interface InjectionSign {
  /** `injection`: reaches for the interpreter. `computed`: a name that only running the template would tell. `unknown-call`: a function that no loader gives. */
  readonly kind: 'injection' | 'computed' | 'unknown-call';
  readonly detail: string;
  /** In the template, where it is known. */
  readonly offset: number | null;
}

/** Objects that every Jinja environment has: a way to its modules, whatever the template is given. */
const DEFAULT_GLOBALS = new Set(['self', 'range', 'dict', 'lipsum', 'cycler', 'joiner', 'namespace']);
/** What transformers, vLLM and llama.cpp give to chat templates, besides. */
const GIVEN = new Set([
  'raise_exception',
  'strftime_now',
  'caller',
  'super',
  'loop',
  '_',
  'gettext',
  'ngettext',
  'tojson',
  'now',
  'zip',
  'enumerate',
  'len',
  'str',
  'int',
  'float',
  'list',
  'min',
  'max',
]);
/** Filters that take the name of an attribute. */
const ATTRIBUTE_FILTERS = new Set(['attr', 'map', 'selectattr', 'rejectattr', 'groupby', 'sort', 'unique', 'sum', 'min', 'max']);
/** Operations by which a name is put together out of texts. */
const BUILDERS = new Set(['join', 'format', 'reverse', 'replace', 'b64decode', 'string', 'lower', 'upper', 'decode']);

/** Signs in the words of the tags, before anything is parsed: they hold even where the parser gives up. */
export function lexicalInjection(parts: readonly TemplatePart[]): InjectionSign[] {
  const signs: InjectionSign[] = [];
  for (const { tokens } of parts) {
    for (const { kind, text, offset } of tokens) {
      const telling = kind === 'name' || kind === 'string' ? tellingName(text) : undefined;
      if (telling !== undefined) signs.push({ kind: 'injection', detail: `the name ${telling} in a ${kind}`, offset });
    }
  }
  return signs;
}

/** Signs in the syntax tree, with what constants come to. */
export function treeInjection(root: JinjaNode, folding: ConstantFolding): InjectionSign[] {
  const signs: InjectionSign[] = [];
  const nodes = allNodes(root);
  const local = assignedNames(nodes);
  const add = (kind: InjectionSign['kind'], detail: string): unknown => signs.push({ kind, detail: detail.slice(0, 200), offset: null });
  for (const node of nodes) {
    if (node.type === 'MemberExpression') judgeMember(node, folding, local, add);
    else if (node.type === 'CallExpression') judgeCall(node, folding, local, add);
    else if (node.type === 'FilterExpression' || node.type === 'FilterStatement') judgeFilter(node.filter, folding, add);
    // Texts as they stand were judged by the lexer, where they are in a tag; outside of tags they are only text.
    for (const text of node.type === 'StringLiteral' ? [] : folding.strings(node)) {
      const telling = tellingName(text);
      if (telling !== undefined) add('injection', `a text that comes to ${telling}`);
    }
  }
  return signs;
}

type Add = (kind: InjectionSign['kind'], detail: string) => unknown;

function judgeMember(node: JinjaNode & { type: 'MemberExpression' }, folding: ConstantFolding, local: ReadonlySet<string>, add: Add): void {
  const { object, property, computed } = node;
  const names = memberNames(node, folding);
  const bad = names.find(isDangerousAttribute);
  if (bad !== undefined) add('injection', `asks for ${bad}`);
  else if (object.type === 'Identifier' && DEFAULT_GLOBALS.has(object.value) && !local.has(object.value))
    add('injection', `goes into ${object.value}, which belongs to the template engine`);
  if (computed && names.length === 0 && buildsText(property)) add('computed', 'an index is a text that is put together from parts that are not constant');
}

function memberNames({ property, computed }: JinjaNode & { type: 'MemberExpression' }, folding: ConstantFolding): string[] {
  if (computed) return folding.strings(property);
  return property.type === 'Identifier' ? [property.value] : [];
}

function judgeCall(node: JinjaNode & { type: 'CallExpression' }, folding: ConstantFolding, local: ReadonlySet<string>, add: Add): void {
  const { callee, args } = node;
  if (callee.type === 'MemberExpression') {
    const bad = memberNames(callee, folding).find(isDangerousMethod);
    if (bad !== undefined) add('injection', `calls ${bad}`);
  } else if (callee.type === 'Identifier') {
    const { value: name } = callee;
    if (isDangerousFunction(name) && !local.has(name)) add('injection', `calls ${name}`);
    else if (callee.value === 'attr') judgeAttribute(args[0], folding, add);
  } else if (callee.type === 'CallExpression' && callee.callee.type === 'Identifier' && callee.callee.value === 'attr') {
    const bad = callee.args[0] === undefined ? undefined : folding.strings(callee.args[0]).find(isDangerousMethod);
    if (bad !== undefined) add('injection', `calls ${bad} by attr`);
  }
}

/** `attr(name)` is getattr: unlike an index, it is never needed for messages. */
function judgeAttribute(name: JinjaNode | undefined, folding: ConstantFolding, add: Add): void {
  if (name !== undefined && folding.strings(name).length === 0) add('computed', 'attr() with a name that is not constant');
}

function judgeFilter(filter: JinjaNode, folding: ConstantFolding, add: Add): void {
  let call = filter;
  // `x|attr('a')(1)(2)`: the filter is the innermost call.
  while (call.type === 'CallExpression' && call.callee.type === 'CallExpression') call = call.callee;
  if (call.type !== 'CallExpression' || call.callee.type !== 'Identifier' || !ATTRIBUTE_FILTERS.has(call.callee.value)) return;
  for (const arg of call.args) {
    const names = folding.strings(arg.type === 'KeywordArgumentExpression' ? arg.value : arg).flatMap((name) => name.split('.'));
    const bad = names.find(isDangerousAttribute);
    if (bad !== undefined) add('injection', `asks for ${bad} by the filter ${call.callee.value}`);
  }
}

function buildsText(node: JinjaNode): boolean {
  const nodes = allNodes(node);
  const literal = nodes.some(({ type }) => type === 'StringLiteral');
  return nodes.some((part) => {
    if (part.type === 'BinaryExpression') return part.operator.value === '~' || (literal && (part.operator.value === '+' || part.operator.value === '%'));
    if (part.type === 'FilterExpression') return BUILDERS.has(filterName(part.filter) ?? '');
    if (part.type !== 'CallExpression') return false;
    const { callee } = part;
    return callee.type === 'MemberExpression'
      ? callee.property.type === 'Identifier' && BUILDERS.has(callee.property.value)
      : callee.type === 'Identifier' && callee.value === 'chr';
  });
}

/** The name of a filter with or without arguments. */
export function filterName(filter: JinjaNode): string | undefined {
  let call = filter;
  while (call.type === 'CallExpression') call = call.callee;
  return call.type === 'Identifier' ? call.value : undefined;
}

/** Calls of functions that neither the template nor a loader defines. Filters and tests are calls in the tree as well, and are left out. */
export function unknownCalls(root: JinjaNode, imports: boolean): InjectionSign[] {
  const nodes = allNodes(root);
  const local = assignedNames(nodes);
  const filters = new Set(nodes.flatMap((node) => (node.type === 'FilterExpression' || node.type === 'FilterStatement' ? allCalls(node.filter) : [])));
  const unknown = new Set<string>();
  for (const node of nodes) {
    if (node.type !== 'CallExpression' || filters.has(node) || node.callee.type !== 'Identifier') continue;
    const { value } = node.callee;
    if (!local.has(value) && !GIVEN.has(value) && !DEFAULT_GLOBALS.has(value) && !imports) unknown.add(value);
  }
  return [...unknown].map((name) => ({ kind: 'unknown-call', detail: `calls ${name.slice(0, 100)}, which loaders do not give to templates`, offset: null }));
}

function allCalls(filter: JinjaNode): JinjaNode[] {
  const calls: JinjaNode[] = [];
  for (let call = filter; call.type === 'CallExpression'; call = call.callee) calls.push(call);
  return calls;
}

/** Names that the template gives a meaning itself. */
function assignedNames(nodes: readonly JinjaNode[]): Set<string> {
  const names = new Set<string>();
  const add = (node: JinjaNode): void => {
    if (node.type === 'Identifier') names.add(node.value);
    else if (node.type === 'TupleLiteral') node.value.forEach(add);
    else if (node.type === 'KeywordArgumentExpression') add(node.key);
  };
  for (const node of nodes) {
    if (node.type === 'Set') add(node.assignee);
    else if (node.type === 'For') add(node.loopvar);
    else if (node.type === 'Macro') [node.name, ...node.args].forEach(add);
    else if (node.type === 'CallStatement') node.callerArgs?.forEach(add);
  }
  return names;
}
