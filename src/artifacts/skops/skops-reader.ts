import type { Reader, Unit } from '../scan/reader.ts';
import { walkNodes, type SkopsNode } from './skops-nodes.ts';
import { SKOPS_RULES } from './skops-rules.ts';
import { isLoader, rateType } from './skops-types.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const OPERATORS = new Set(['operator', '_operator']);
const DUNDER = /^_{2}\w*|_{2}$|\./;

/** Reads the schema of skops files: every node, by what the loader would import and call for it (reference, section 13). */
export const SKOPS_READER: Reader = {
  format: 'skops',
  recognizes: (head, { name }) => {
    const text = head.toString('latin1');
    return (
      /^(?:\xef\xbb\xbf)?\s{0,100}\{/.test(text) &&
      (/"(?:__loader__|_skops_version)"/.test(text) || (/(?:^|\/)schema\.json$/i.test(name) && text.includes('__')))
    );
  },
  read: (unit) => {
    readSchema(unit);
    return Promise.resolve();
  },
};

function readSchema(unit: Unit): void {
  if (unit.source.size > MAX_BYTES) {
    unit.found(SKOPS_RULES.broken, null, `more than ${String(MAX_BYTES)} bytes`);
    return;
  }
  let nodes = 0;
  const fault = walkNodes(
    unit.source.read(0, unit.source.size),
    (node) => {
      nodes++;
      judgeNode(unit, node);
    },
    (name, offset) => {
      unit.found(SKOPS_RULES.gadget, offset, `${name} stands twice in a node`);
    },
    unit.signal,
  );
  if (fault !== undefined) unit.found(SKOPS_RULES.broken, fault.offset, fault.reason);
  else if (nodes === 0) unit.found(SKOPS_RULES.broken, null, 'it has no nodes');
  unit.checked('skops schema: types, functions and kinds of all nodes');
}

function judgeNode(unit: Unit, node: SkopsNode): void {
  const { loader, module, type, offset } = node;
  // The content of a type is its module and name, without a kind.
  if (loader === undefined && module !== undefined && type !== undefined) {
    judgeType(unit, node, 'type');
    return;
  }
  if (loader === undefined || module === undefined || type === undefined) {
    unit.found(SKOPS_RULES.broken, offset, 'a node without kind, module or class');
    return;
  }
  const shown = `${loader}: ${module.slice(0, 100)}.${type.slice(0, 100)}`;
  if (!isLoader(loader)) unit.found(SKOPS_RULES.loader, offset, shown);
  if (loader === 'OperatorFuncNode') judgeOperator(unit, node, shown);
  else if (loader === 'MethodNode') judgeMethod(unit, node, shown);
  else judgeType(unit, node, shown);
}

/** The check takes for granted that it is an operator, and the loader takes it from the stated module (CVE-2025-54412). */
function judgeOperator(unit: Unit, { module, type, offset }: SkopsNode, shown: string): void {
  const known = OPERATORS.has(module ?? '') && /^[a-z_]+$/.test(type ?? '') && !(type ?? '').startsWith('__');
  if (!known) unit.found(SKOPS_RULES.gadget, offset, shown);
  else unit.found(SKOPS_RULES.loader, offset, shown);
}

/** The loader takes the attribute from the object, whatever the stated class is (CVE-2025-54413). */
function judgeMethod(unit: Unit, { module, type, content, offset }: SkopsNode, shown: string): void {
  const method = content.get('func');
  const named = `${shown}, method ${JSON.stringify((method ?? '').slice(0, 100))}`;
  const rating = rateType(module ?? '', type ?? '');
  if (method === undefined || DUNDER.test(method) || rateType('', method).is === 'dangerous') unit.found(SKOPS_RULES.gadget, offset, named);
  else if (rating.is === 'dangerous') unit.found(SKOPS_RULES.dangerous, offset, `${named}: ${rating.why}`);
  else unit.found(SKOPS_RULES.loader, offset, named);
}

function judgeType(unit: Unit, { loader, module = '', type = '', content, offset }: SkopsNode, shown: string): void {
  const names: [string, string][] = [[module, type]];
  // A function or type names what it is a second time, where the loader takes it from.
  for (const key of ['function', 'func', 'cls', 'type']) {
    const value = content.get(key);
    if (value !== undefined && loader !== 'DictNode') names.push([content.get('module_path') ?? content.get('module') ?? module, value]);
  }
  for (const [from, name] of names) {
    const { is, why } = rateType(from, name);
    if (is === 'dangerous') unit.found(SKOPS_RULES.dangerous, offset, `${shown}, ${from.slice(0, 100)}.${name.slice(0, 100)}: ${why}`);
    else if (is === 'unknown') unit.found(SKOPS_RULES.unknown, offset, `${shown}, ${from.slice(0, 100)}.${name.slice(0, 100)}: ${why}`);
    else if (DUNDER.test(name)) unit.found(SKOPS_RULES.gadget, offset, `${shown}, ${name.slice(0, 100)}`);
  }
}
