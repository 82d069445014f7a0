import { applyFilter, binary, callFunction, callMethod, index, joinTexts, slice } from './constant-operations.ts';
import type { Constant } from './constant-operations.ts';
import { allNodes } from './jinja-tree.ts';
import type { JinjaNode } from './jinja-tree.ts';

/** Values that one expression can have, as far as they are known. More are not followed. */
const MAX_VALUES = 8;
/** A variable may be built out of others that are set further down, in a loop. */
const ROUNDS = 3;

/**
 * Computes what expressions of a template come to when nothing but constants is in them: names put together out of pieces, reversed,
 * escaped or joined are seen as what they are. Works from the leaves up, over lists that were made without recursion.
 */
export class ConstantFolding {
  private readonly values = new Map<JinjaNode, readonly Constant[]>();
  private readonly variables = new Map<string, Set<Constant>>();
  /** The innermost call of each filter: its arguments and name. */
  private readonly nodes: readonly JinjaNode[];

  constructor(root: JinjaNode) {
    this.nodes = allNodes(root);
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = this.nodes.length - 1; i >= 0; i--) this.foldNode(this.nodes[i]);
      for (const node of this.nodes) this.assign(node);
    }
  }

  /** Possible values; none when it is not constant. */
  of(node: JinjaNode): readonly Constant[] {
    return this.values.get(node) ?? [];
  }

  strings(node: JinjaNode): string[] {
    return this.of(node).filter((value) => typeof value === 'string');
  }

  private foldNode(node: JinjaNode | undefined): void {
    if (node === undefined) return;
    const values = this.fold(node);
    if (values.length > 0) this.values.set(node, values.slice(0, MAX_VALUES));
  }

  private fold(node: JinjaNode): readonly Constant[] {
    switch (node.type) {
      case 'StringLiteral':
      case 'IntegerLiteral':
      case 'FloatLiteral':
        return [node.value];
      case 'Identifier':
        return [...(this.variables.get(node.value) ?? [])];
      case 'ArrayLiteral':
      case 'TupleLiteral':
        return this.combine(node.value, (items) => items);
      case 'ObjectLiteral':
        return this.combine([...node.value].flat(), pairs);
      case 'BinaryExpression':
        return this.combine([node.left, node.right], ([left, right]) => binary(node.operator.value, left, right));
      case 'UnaryExpression':
        return this.combine([node.argument], ([value]) => (node.operator.value === '-' && typeof value === 'number' ? -value : undefined));
      case 'Ternary':
        return [...this.of(node.trueExpr), ...this.of(node.falseExpr)];
      case 'SelectExpression':
        return this.of(node.lhs);
      case 'MemberExpression':
        return this.foldMember(node);
      case 'FilterExpression':
        return this.foldFilter(node);
      case 'CallExpression':
        return this.foldCall(node);
      case 'Program':
      case 'If':
      case 'For':
      case 'Set':
      case 'Macro':
      case 'FilterStatement':
      case 'TestExpression':
      case 'SliceExpression':
      case 'KeywordArgumentExpression':
      case 'SpreadExpression':
      case 'KeywordSpreadExpression':
      case 'CallStatement':
      case 'Break':
      case 'Continue':
      case 'Comment':
        return [];
    }
  }

  private foldMember(node: JinjaNode & { type: 'MemberExpression' }): readonly Constant[] {
    const { object, property, computed } = node;
    if (!computed) {
      if (object.type === 'Identifier' && property.type === 'Identifier') return [...(this.variables.get(`${object.value}.${property.value}`) ?? [])];
      return property.type === 'Identifier'
        ? this.combine([object], ([value]) => index(value, property.value))
        : this.combine([object, property], ([value, at]) => index(value, at));
    }
    if (property.type !== 'SliceExpression') return this.combine([object, property], ([value, at]) => index(value, at));
    const { start, stop, step } = property;
    const bounds = [start, stop, step].map((bound) => (bound === undefined ? undefined : this.of(bound)[0]));
    return this.combine([object], ([value]) => slice(value, bounds));
  }

  private foldFilter(node: JinjaNode & { type: 'FilterExpression' }): readonly Constant[] {
    const { operand, filter } = node;
    if (filter.type === 'Identifier') return this.combine([operand], ([value]) => applyFilter(filter.value, value, []));
    if (filter.type !== 'CallExpression' || filter.callee.type !== 'Identifier') return [];
    const { value: name } = filter.callee;
    return this.combine([operand, ...filter.args.map(argumentValue)], ([value, ...args]) => applyFilter(name, value, args));
  }

  private foldCall(node: JinjaNode & { type: 'CallExpression' }): readonly Constant[] {
    const { callee, args } = node;
    if (callee.type === 'Identifier') {
      const names = args.map((arg) => (arg.type === 'KeywordArgumentExpression' && arg.key.type === 'Identifier' ? arg.key.value : undefined));
      // Only the names of `dict(a=x)` are of interest where the values are not constant.
      if (callee.value === 'dict' && names.every((name) => name !== undefined))
        return [new Map(names.map((name, i) => [name, this.of(argumentValue(args[i] ?? node))[0] ?? null]))];
      return this.combine(args.map(argumentValue), (values) => callFunction(callee.value, values));
    }
    if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier' || callee.computed) return [];
    const { value: method } = callee.property;
    return this.combine([callee.object, ...args.map(argumentValue)], ([value, ...values]) => callMethod(method, value, values));
  }

  /** Applies `compute` to every combination of possible values. */
  private combine(parts: readonly JinjaNode[], compute: (values: Constant[]) => Constant | undefined): readonly Constant[] {
    let rows: Constant[][] = [[]];
    for (const part of parts) {
      const values = this.of(part);
      if (values.length === 0) return [];
      if (values.length === 1) for (const row of rows) row.push(values[0] ?? null);
      else rows = rows.flatMap((row) => values.map((value) => [...row, value])).slice(0, MAX_VALUES);
    }
    return rows.map(compute).filter((value) => value !== undefined);
  }

  private assign(node: JinjaNode): void {
    if (node.type === 'Set' && node.value !== null) {
      this.assignTo(node.assignee, node.value);
      // The attributes of `namespace(a='x')` are variables as well.
      if (node.assignee.type === 'Identifier' && node.value.type === 'CallExpression')
        for (const arg of node.value.args) this.assignAttribute(node.assignee.value, arg);
    } else if (node.type === 'Set' && node.assignee.type === 'Identifier') {
      this.learn(
        node.assignee.value,
        this.combine(node.body, (items) => joinTexts(items)),
      );
    } else if (node.type === 'For' && node.loopvar.type === 'Identifier') {
      this.learn(
        node.loopvar.value,
        this.of(node.iterable).flatMap((list) => (Array.isArray(list) ? (list as readonly Constant[]).slice(0, MAX_VALUES) : [])),
      );
    } else if (node.type === 'Macro') {
      for (const arg of node.args) if (arg.type === 'KeywordArgumentExpression') this.assignTo(arg.key, arg.value);
    }
  }

  private assignAttribute(object: string, arg: JinjaNode): void {
    if (arg.type === 'KeywordArgumentExpression' && arg.key.type === 'Identifier') this.learn(`${object}.${arg.key.value}`, this.of(arg.value));
  }

  private assignTo(target: JinjaNode, value: JinjaNode): void {
    if (target.type === 'Identifier') this.learn(target.value, this.of(value));
    else if (target.type === 'MemberExpression' && target.object.type === 'Identifier' && target.property.type === 'Identifier')
      this.learn(`${target.object.value}.${target.property.value}`, this.of(value));
    else if (target.type === 'TupleLiteral' && value.type === 'TupleLiteral')
      for (const [i, part] of target.value.entries()) if (part.type === 'Identifier') this.learn(part.value, this.of(value.value[i] ?? value));
  }

  private learn(variable: string, values: readonly Constant[]): void {
    if (values.length === 0) return;
    const known = this.variables.get(variable) ?? new Set<Constant>();
    for (const value of values) if (known.size < MAX_VALUES) known.add(value);
    this.variables.set(variable, known);
  }
}

function argumentValue(arg: JinjaNode): JinjaNode {
  return arg.type === 'KeywordArgumentExpression' ? arg.value : arg;
}

function pairs(items: Constant[]): Constant {
  const map = new Map<string, Constant>();
  for (let i = 0; i + 1 < items.length; i += 2) if (typeof items[i] === 'string') map.set(items[i] as string, items[i + 1] ?? null);
  return map;
}
