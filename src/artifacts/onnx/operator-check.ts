import { firstFields } from '../protobuf/message-shape.ts';
import { textOf, type Span, type WireField } from '../protobuf/wire.ts';
import { rateGlobal } from '../pickle/rate-global.ts';
import type { Unit } from '../scan/reader.ts';
import { ONNX_RULES } from './onnx-rules.ts';

interface Used {
  readonly domain: string;
  readonly op: string;
  readonly offset: number;
}

const MAX_NAME = 512;
const MAX_USED = 10_000;
const MAX_FUNCTIONS = 100_000;
/** Domains of ONNX and of ONNX Runtime, whose operations are built in. */
const BUILT_IN = /^(?:ai\.onnx(?:\.[\w.-]{0,100})?|com\.microsoft(?:\.[\w.-]{0,100})?)?$/;
/** onnxruntime's PyOp, the PythonOp of its extensions and of its training, and names like them. */
const PYTHON = /^py(?:thon)?_?(?:custom_?|torch_?)?(?:op|func|call)|^(?:numpy|eval)_?func|^exec(?:python|code)?$/i;
const MODULE_NAMES = new Set(['module', 'module_name', 'class_name', 'class', 'compute', 'func_module']);

/** Judges the operations of nodes. Which ones a model defines itself is known at its end only. */
export class OperatorCheck {
  readonly #unit: Unit;
  readonly #used = new Map<string, Used>();
  readonly #defined = new Set<string>();

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  /** NodeProto: op_type 4, attribute 5, domain 7. */
  node(fields: readonly WireField[], span: Span): void {
    const domains = this.#texts(fields, 7);
    const ops = this.#texts(fields, 4);
    for (const op of ops) if (PYTHON.test(op)) this.#python(op, domains.at(-1) ?? '', fields, span);
    for (const domain of domains) {
      if (BUILT_IN.test(domain) || this.#used.size >= MAX_USED) continue;
      for (const op of ops.length > 0 ? ops : ['']) this.#used.set(JSON.stringify([domain, op]), { domain, op, offset: span.from });
    }
  }

  /** FunctionProto: name 1, domain 10. */
  define(fields: readonly WireField[]): void {
    const [name] = this.#texts(fields, 1);
    const [domain] = this.#texts(fields, 10);
    if (name !== undefined && domain !== undefined && this.#defined.size < MAX_FUNCTIONS) this.#defined.add(JSON.stringify([domain, name]));
  }

  /** Says which operations nobody defines. */
  report(): void {
    for (const [key, { domain, op, offset }] of this.#used)
      if (!this.#defined.has(key)) this.#unit.found(ONNX_RULES.customDomain, offset, `${op} of the domain "${domain}"`);
    if (this.#used.size >= MAX_USED) this.#unit.notChecked('domains of operations', `more than ${String(MAX_USED)} of them`);
  }

  #python(op: string, domain: string, fields: readonly WireField[], { from }: Span): void {
    const names = fields.flatMap((field) => (field.number === 5 && field.kind === 'bytes' ? this.#attribute(field.span) : []));
    const value = (name: string): string => names.find((one) => one.name === name)?.value ?? '';
    const detail = `${op} of the domain "${domain}"${names.map((one) => `, ${one.name} ${JSON.stringify(one.value)}`).join('')}`;
    const target = rateGlobal(value('module') || value('module_name') || value('func_module') || '?', value('class_name') || value('compute') || '?');
    const namesCode = names.some(({ name }) => MODULE_NAMES.has(name));
    // The extensions of ONNX Runtime and its training call what was registered before; the old PyOp imports what it is told.
    const isRegistered = /^(?:ai\.onnx\.contrib|com\.microsoft)/.test(domain);
    if (target.is === 'dangerous' || (namesCode && !isRegistered)) this.#unit.found(ONNX_RULES.pythonOp, from, detail);
    else this.#unit.found(ONNX_RULES.pythonExtension, from, detail);
  }

  /** AttributeProto: name 1, s 4. */
  #attribute(span: Span): { readonly name: string; readonly value: string }[] {
    const { fields } = firstFields(this.#unit.source, span);
    const [name] = this.#texts(fields, 1);
    return name === undefined ? [] : [{ name, value: this.#texts(fields, 4).at(-1) ?? '' }];
  }

  #texts(fields: readonly WireField[], number: number): string[] {
    return fields.flatMap((field) => (field.number === number && field.kind === 'bytes' ? [textOf(this.#unit.source, field.span, MAX_NAME)] : []));
  }
}
