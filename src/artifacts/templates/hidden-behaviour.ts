import type { ConstantFolding } from './constant-folding.ts';
import { filterName } from './injection.ts';
import { allNodes } from './jinja-tree.ts';
import type { JinjaNode } from './jinja-tree.ts';
import { addressIn, hiddenInstruction, invisibleText, isProse, isTriggerWord } from './prose.ts';

export interface BehaviourSign {
  readonly kind: 'trigger' | 'link' | 'instruction' | 'rewrite' | 'clock';
  readonly detail: string;
}

/** Fields of a message that hold what somebody wrote. */
const CONTENT_FIELDS = new Set(['content', 'text', 'reasoning_content', 'arguments']);

/**
 * Looks for a template that changes what a model is told without any injection: text that appears when a word is in a message or a date
 * is reached, links, instructions against the user, replaced words. Genuine templates test content as well, for model tokens; what counts is
 * a word that is none, with text that follows from it.
 */
export function hiddenBehaviour(root: JinjaNode, folding: ConstantFolding): BehaviourSign[] {
  const nodes = allNodes(root);
  const state: State = { folding, content: contentVariables(nodes), flags: new Map() };
  // Twice: a flag may be set further down than where it is asked for, in a loop.
  findFlags(nodes, state);
  findFlags(nodes, state);
  const errors = new Set(nodes.filter(isRaise).flatMap((node) => allNodes(node)));
  return [...triggers(nodes, state, errors), ...texts(nodes, errors), ...rewrites(nodes, state)];
}

interface State {
  readonly folding: ConstantFolding;
  /** Variables that hold content of messages. */
  readonly content: ReadonlySet<string>;
  /** Variables that tell whether a trigger was seen, with what it was. */
  readonly flags: Map<string, string>;
}

function isRaise(node: JinjaNode): boolean {
  return node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.value === 'raise_exception';
}

/** `content`, `ns.text`: a variable or an attribute of one. */
function variableName(node: JinjaNode): string | undefined {
  if (node.type === 'Identifier') return node.value;
  if (node.type === 'MemberExpression' && !node.computed && node.object.type === 'Identifier' && node.property.type === 'Identifier')
    return `${node.object.value}.${node.property.value}`;
  return undefined;
}

function contentVariables(nodes: readonly JinjaNode[]): Set<string> {
  const names = new Set<string>(['content']);
  for (let round = 0; round < 3; round++) {
    for (const node of nodes) {
      const [target, value] = node.type === 'Set' ? [node.assignee, node.value] : node.type === 'For' ? [node.loopvar, node.iterable] : [];
      const name = target === undefined ? undefined : variableName(target);
      if (name !== undefined && value !== undefined && value !== null && !isTest(value) && readsContent(value, names)) names.add(name);
    }
  }
  return names;
}

/** Its value is true or false, not text. */
function isTest(node: JinjaNode): boolean {
  if (node.type === 'UnaryExpression') return node.operator.value === 'not';
  return (
    node.type === 'TestExpression' ||
    (node.type === 'BinaryExpression' && ['in', 'not in', '==', '!=', 'and', 'or', '<', '>', '<=', '>='].includes(node.operator.value))
  );
}

/** Whether an expression reads what somebody wrote, or makes text out of whole messages. */
function readsContent(node: JinjaNode, names: ReadonlySet<string>): boolean {
  return allNodes(node).some((part) => {
    if (part.type === 'MemberExpression') {
      const { property } = part;
      const name = property.type === 'Identifier' && !part.computed ? property.value : property.type === 'StringLiteral' ? property.value : undefined;
      return (name !== undefined && CONTENT_FIELDS.has(name)) || names.has(variableName(part) ?? '');
    }
    if (part.type === 'Identifier') return names.has(part.value);
    // `messages|string`, `messages|map(attribute='content')`
    if (part.type !== 'FilterExpression') return false;
    const filter = filterName(part.filter) ?? '';
    if (filter === 'string' || filter === 'tojson')
      return allNodes(part.operand).some((inner) => inner.type === 'Identifier' && /^(?:messages?|conversation|loop_messages)$/.test(inner.value));
    return allNodes(part.filter).some((inner) => inner.type === 'StringLiteral' && CONTENT_FIELDS.has(inner.value));
  });
}

interface Condition {
  readonly trigger: string;
  readonly kind: 'trigger' | 'clock';
  /** Whether the words stand where it does not hold. */
  readonly negated: boolean;
}

/** What a condition waits for; undefined when it is an ordinary one. */
function conditionOf(test: JinjaNode, state: State): Condition | undefined {
  for (const atom of atoms(test)) {
    const flag = allNodes(atom.node)
      .map((part) => state.flags.get(variableName(part) ?? ''))
      .find((found) => found !== undefined);
    const trigger = flag ?? triggerIn(atom.node, state);
    if (trigger !== undefined) return { trigger, kind: 'trigger', negated: atom.negated };
    const clock = allNodes(atom.node).some(
      (part) => part.type === 'CallExpression' && part.callee.type === 'Identifier' && part.callee.value === 'strftime_now',
    );
    if (clock && atom.node.type === 'BinaryExpression') return { trigger: 'a date', kind: 'clock', negated: false };
  }
  return undefined;
}

interface Atom {
  readonly node: JinjaNode;
  readonly negated: boolean;
}

/** Takes `and`, `or` and `not` apart. */
function atoms(test: JinjaNode): Atom[] {
  const found: Atom[] = [];
  const waiting: Atom[] = [{ node: test, negated: false }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, negated } = next;
    if (node.type === 'BinaryExpression' && (node.operator.value === 'and' || node.operator.value === 'or'))
      waiting.push({ node: node.right, negated }, { node: node.left, negated });
    else if (node.type === 'UnaryExpression' && node.operator.value === 'not') waiting.push({ node: node.argument, negated: !negated });
    else found.push({ node, negated: isNegative(node) ? !negated : negated });
  }
  return found;
}

/** `content.find('x') != -1` and `count('x') != 0` hold where the word is there. */
function isNegative(node: JinjaNode): boolean {
  if (node.type !== 'BinaryExpression') return false;
  const number = [node.left, node.right].some(({ type }) => type === 'IntegerLiteral' || type === 'UnaryExpression');
  return node.operator.value === 'not in' || node.operator.value === (number ? '==' : '!=');
}

/** A word in an expression that reads content, other than the names of fields. */
function triggerIn(node: JinjaNode, state: State): string | undefined {
  if (!readsContent(node, state.content)) return undefined;
  const parts = allNodes(node);
  // `item.type == 'text'` asks for a field, although the item comes out of content.
  if (
    node.type === 'BinaryExpression' &&
    [node.left, node.right].some((side) => side.type === 'MemberExpression' && !CONTENT_FIELDS.has(lastField(side) ?? '') && readsOnlyFields(side))
  )
    return undefined;
  const keys = new Set(parts.flatMap((part) => (part.type === 'MemberExpression' && part.computed ? [part.property] : [])));
  for (const part of parts) {
    // What content is set to by default is no word that anybody waits for.
    if (keys.has(part) || part.type === 'MemberExpression' || state.content.has(variableName(part) ?? '')) continue;
    const word = state.folding.strings(part).find(isTriggerWord);
    if (word !== undefined) return word;
  }
  return undefined;
}

function lastField(node: JinjaNode & { type: 'MemberExpression' }): string | undefined {
  const { property } = node;
  if (property.type === 'StringLiteral') return property.value;
  return property.type === 'Identifier' && !node.computed ? property.value : undefined;
}

/** `a.b['c']` with a name at its end, and nothing called. */
function readsOnlyFields(node: JinjaNode & { type: 'MemberExpression' }): boolean {
  return lastField(node) !== undefined && !allNodes(node).some(({ type }) => type === 'CallExpression' || type === 'SliceExpression');
}

/** Variables that are set under a trigger, or to the outcome of a test for one. */
function findFlags(nodes: readonly JinjaNode[], state: State): void {
  const set = (node: JinjaNode, trigger: string): void => {
    const name = node.type === 'Set' ? variableName(node.assignee) : undefined;
    if (name !== undefined && !state.content.has(name)) state.flags.set(name, trigger);
  };
  for (const node of nodes) {
    if (node.type === 'Set' && node.value !== null) {
      const condition = isTest(node.value) ? conditionOf(node.value, state) : undefined;
      if (condition !== undefined) set(node, condition.trigger);
    } else if (node.type === 'If') {
      const condition = conditionOf(node.test, state);
      const trigger = condition?.kind === 'trigger' ? condition.trigger : undefined;
      if (trigger !== undefined)
        allNodes(...node.body)
          .filter(isConstantSet)
          .forEach((part) => set(part, trigger));
    }
  }
}

function isConstantSet(node: JinjaNode): boolean {
  return node.type === 'Set' && node.value !== null && ['Identifier', 'IntegerLiteral', 'StringLiteral'].includes(node.value.type);
}

function triggers(nodes: readonly JinjaNode[], state: State, errors: ReadonlySet<JinjaNode>): BehaviourSign[] {
  const signs: BehaviourSign[] = [];
  for (const node of nodes) {
    const branch = branchOf(node);
    const condition = branch === undefined ? undefined : conditionOf(branch.test, state);
    if (branch === undefined || condition === undefined) continue;
    const words = firstProse(allNodes(...(condition.negated ? branch.otherwise : branch.then)), branch.test, errors);
    if (words !== undefined)
      signs.push({ kind: condition.kind, detail: `${JSON.stringify(condition.trigger.slice(0, 60))} brings ${JSON.stringify(words.slice(0, 120))}` });
  }
  return signs;
}

function branchOf(node: JinjaNode): { test: JinjaNode; then: readonly JinjaNode[]; otherwise: readonly JinjaNode[] } | undefined {
  if (node.type === 'If') return { test: node.test, then: node.body, otherwise: node.alternate };
  if (node.type === 'Ternary') return { test: node.condition, then: [node.trueExpr], otherwise: [node.falseExpr] };
  if (node.type === 'SelectExpression') return { test: node.test, then: [node.lhs], otherwise: [] };
  // `for m in messages if 'word' in m.content`
  return node.type === 'For' && node.iterable.type === 'SelectExpression'
    ? { test: node.iterable.test, then: node.body, otherwise: node.defaultBlock }
    : undefined;
}

function firstProse(nodes: readonly JinjaNode[], test: JinjaNode, errors: ReadonlySet<JinjaNode>): string | undefined {
  const asked = new Set(allNodes(test));
  for (const node of nodes) {
    if (node.type === 'StringLiteral' && !errors.has(node) && !asked.has(node) && isProse(node.value)) return node.value;
  }
  return undefined;
}

function texts(nodes: readonly JinjaNode[], errors: ReadonlySet<JinjaNode>): BehaviourSign[] {
  const signs: BehaviourSign[] = [];
  for (const node of nodes) {
    if (node.type !== 'StringLiteral' || errors.has(node)) continue;
    const link = addressIn(node.value);
    if (link !== undefined) signs.push({ kind: 'link', detail: link });
    const unseen = invisibleText(node.value);
    if (unseen !== undefined) signs.push({ kind: 'instruction', detail: unseen });
    const instruction = hiddenInstruction(node.value);
    if (instruction !== undefined) signs.push({ kind: 'instruction', detail: JSON.stringify(instruction) });
  }
  return signs;
}

/** `content.replace('safe', 'not safe at all')`: what a user wrote reaches the model as something else. */
function rewrites(nodes: readonly JinjaNode[], state: State): BehaviourSign[] {
  const signs: BehaviourSign[] = [];
  for (const node of nodes) {
    const [from, to] = replacement(node, state) ?? [];
    if (from === undefined || to === undefined) continue;
    const fromWord = state.folding.strings(from).find((text) => isTriggerWord(text));
    const toWord = state.folding.strings(to).find((text) => /\p{L}{4,}/u.test(text) && isTriggerWord(text));
    if (fromWord !== undefined && toWord !== undefined)
      signs.push({ kind: 'rewrite', detail: `${JSON.stringify(fromWord.slice(0, 60))} becomes ${JSON.stringify(toWord.slice(0, 60))}` });
  }
  return signs;
}

function replacement(node: JinjaNode, state: State): readonly JinjaNode[] | undefined {
  if (node.type === 'FilterExpression' && node.filter.type === 'CallExpression' && filterName(node.filter) === 'replace')
    return readsContent(node.operand, state.content) ? node.filter.args : undefined;
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression' || node.callee.property.type !== 'Identifier') return undefined;
  return node.callee.property.value === 'replace' && readsContent(node.callee.object, state.content) ? node.args : undefined;
}
