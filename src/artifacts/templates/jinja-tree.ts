import * as jinja from '@huggingface/jinja';

/** Its declarations import each other without extensions, which is not resolved under `nodenext`. */
const library = jinja as unknown as { readonly tokenize: (source: string) => unknown; readonly parse: (tokens: unknown) => unknown };

/** Nodes of the syntax tree of @huggingface/jinja, which does not export them; those that are judged. */
export type JinjaNode =
  | { readonly type: 'Program'; readonly body: readonly JinjaNode[] }
  | { readonly type: 'If'; readonly test: JinjaNode; readonly body: readonly JinjaNode[]; readonly alternate: readonly JinjaNode[] }
  | {
      readonly type: 'For';
      readonly loopvar: JinjaNode;
      readonly iterable: JinjaNode;
      readonly body: readonly JinjaNode[];
      readonly defaultBlock: readonly JinjaNode[];
    }
  | { readonly type: 'Set'; readonly assignee: JinjaNode; readonly value: JinjaNode | null; readonly body: readonly JinjaNode[] }
  | { readonly type: 'Macro'; readonly name: JinjaNode; readonly args: readonly JinjaNode[]; readonly body: readonly JinjaNode[] }
  | { readonly type: 'MemberExpression'; readonly object: JinjaNode; readonly property: JinjaNode; readonly computed: boolean }
  | { readonly type: 'CallExpression'; readonly callee: JinjaNode; readonly args: readonly JinjaNode[] }
  | { readonly type: 'Identifier'; readonly value: string }
  | { readonly type: 'StringLiteral'; readonly value: string }
  | { readonly type: 'IntegerLiteral' | 'FloatLiteral'; readonly value: number }
  | { readonly type: 'ArrayLiteral' | 'TupleLiteral'; readonly value: readonly JinjaNode[] }
  | { readonly type: 'ObjectLiteral'; readonly value: ReadonlyMap<JinjaNode, JinjaNode> }
  | { readonly type: 'BinaryExpression'; readonly operator: { readonly value: string }; readonly left: JinjaNode; readonly right: JinjaNode }
  | { readonly type: 'UnaryExpression'; readonly operator: { readonly value: string }; readonly argument: JinjaNode }
  | { readonly type: 'FilterExpression'; readonly operand: JinjaNode; readonly filter: JinjaNode }
  | { readonly type: 'FilterStatement'; readonly filter: JinjaNode; readonly body: readonly JinjaNode[] }
  | { readonly type: 'SelectExpression'; readonly lhs: JinjaNode; readonly test: JinjaNode }
  | { readonly type: 'TestExpression'; readonly operand: JinjaNode; readonly negate: boolean; readonly test: JinjaNode }
  | { readonly type: 'SliceExpression'; readonly start?: JinjaNode; readonly stop?: JinjaNode; readonly step?: JinjaNode }
  | { readonly type: 'KeywordArgumentExpression'; readonly key: JinjaNode; readonly value: JinjaNode }
  | { readonly type: 'SpreadExpression' | 'KeywordSpreadExpression'; readonly argument: JinjaNode }
  | { readonly type: 'CallStatement'; readonly call: JinjaNode; readonly callerArgs: readonly JinjaNode[] | null; readonly body: readonly JinjaNode[] }
  | { readonly type: 'Ternary'; readonly condition: JinjaNode; readonly trueExpr: JinjaNode; readonly falseExpr: JinjaNode }
  | { readonly type: 'Break' | 'Continue' }
  | { readonly type: 'Comment'; readonly value: string };

/** Parses a template in normal form; it is never rendered. The reason when the library cannot read it. */
export function parseTemplate(normal: string): { readonly root: JinjaNode } | { readonly fault: string } {
  try {
    return { root: library.parse(library.tokenize(normal)) as JinjaNode };
  } catch (error) {
    // Its parser calls itself, and reads behind the last token: RangeError and TypeError are answers to bad text as well.
    return { fault: error instanceof Error ? error.message.slice(0, 200) : 'no reason given' };
  }
}

/** Direct parts of a node, in the order of the text. */
function children(node: JinjaNode): JinjaNode[] {
  const found: JinjaNode[] = [];
  for (const [name, value] of Object.entries(node) as [string, unknown][]) {
    if (name !== 'operator') collect(value, found);
  }
  return found;
}

function collect(value: unknown, into: JinjaNode[]): void {
  if (value instanceof Map) for (const pair of value) into.push(...(pair as [JinjaNode, JinjaNode]));
  else if (Array.isArray(value)) into.push(...(value as JinjaNode[]));
  else if (typeof value === 'object' && value !== null && 'type' in value) into.push(value as JinjaNode);
}

/** Every node below and with `root`, parents before their parts. A long chain of operators is a deep tree: no recursion. */
export function allNodes(...roots: readonly JinjaNode[]): JinjaNode[] {
  const nodes: JinjaNode[] = [];
  const waiting = [...roots].reverse();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node);
    for (const part of children(node).reverse()) waiting.push(part);
  }
  return nodes;
}
