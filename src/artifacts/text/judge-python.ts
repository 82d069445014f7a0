import { lexPython } from './python-lexer.ts';
import { dangerOf, type DangerKind } from './python-dangers.ts';
import { walkPython, type PythonCall, type PythonWalk, type When } from './python-walk.ts';

/** Something that source code does. */
export interface PythonSign {
  readonly kind: DangerKind | 'reach' | 'encoding';
  /** `import`: as soon as a loader imports it. `use`: when its class is made or called. `call`: when somebody calls it; `program`: when it is started. */
  readonly when: 'import' | 'use' | 'call' | 'program';
  /** In the source, in bytes. */
  readonly at: number;
  readonly detail: string;
}

export interface PythonJudgement {
  readonly signs: readonly PythonSign[];
  readonly imports: readonly string[];
  /** Why not all of it was read. */
  readonly unread: string | undefined;
}

/** Longer source is no code of a model. */
export const MAX_PYTHON_BYTES = 2 * 1024 * 1024;
const MAX_NESTED = 3;
const MAX_SIGNS = 50;
/** Functions that loading or the first request calls. */
const USED =
  /(?:^|\.)(?:__init__|__new__|__call__|__init_subclass__|__set_name__|__del__|__setstate__|__getattr__|forward|from_pretrained|_from_config|post_init|generate|handle|initialize)$/;
const ENCODING = /^[ \t\f]*#.{0,200}?coding[:=][ \t]*([-\w.]{1,40})/;
const PLAIN_ENCODING =
  /^(?:utf[-_]?8(?:[-_](?:sig|unix|dos))?|ascii|us[-_]ascii|latin[-_]?1|iso[-_]?8859[-_]\d{1,2}|cp\d{3,5}|windows[-_]\d{4}|gbk|gb2312|gb18030|big5|euc[-_]\w{2}|shift[-_]?jis|koi8[-_]r)$/i;

/** Judges Python source by its text: what it calls, and when. Source that text hands to `exec` is judged as well. */
export function judgePython(source: string, signal: AbortSignal, nested = 0): PythonJudgement {
  const { lines, fault } = lexPython(source);
  const walk = walkPython(lines, signal);
  const reached = reachedFunctions(walk);
  const signs: PythonSign[] = encodingSigns(source);
  for (const call of walk.calls) {
    if (signs.length >= MAX_SIGNS) break;
    signs.push(...callSigns(call, walk, reached, signal, nested));
  }
  for (const { name, at, when } of walk.reaches.slice(0, MAX_SIGNS)) signs.push({ kind: 'reach', when: moment(when, reached), at, detail: name });
  const bytes = nested === 0 ? byteOffsets(source, signs) : signs;
  return {
    signs: unique(bytes),
    imports: walk.imports,
    unread: fault === undefined ? (walk.truncated ? 'it is too deep or too long' : undefined) : fault.reason,
  };
}

function callSigns(call: PythonCall, walk: PythonWalk, reached: ReadonlySet<string>, signal: AbortSignal, nested: number): PythonSign[] {
  const when = moment(call.when, reached);
  const stars = walk.imports;
  for (const name of call.names) {
    const kind = dangerOf(name, stars);
    if (kind === undefined) continue;
    const { text, isHidden = false } = call.args[0] ?? {};
    if (kind === 'evaluate' && text !== undefined && nested < MAX_NESTED) {
      const inside = evaluated(text, name, when, call.at, signal, nested);
      // What is encoded is not meant to be read, whatever it does.
      return inside.length > 0 || !isHidden ? inside : [{ kind, when, at: call.at, detail: `${name} of an encoded text` }];
    }
    return [{ kind, when, at: call.at, detail: `${name}(${text === undefined ? '' : JSON.stringify(text.slice(0, 60))})` }];
  }
  return [];
}

/** Code in a text runs when the text is evaluated. A constant without anything in it is harmless. */
function evaluated(text: string, name: string, when: PythonSign['when'], at: number, signal: AbortSignal, nested: number): PythonSign[] {
  return judgePython(text, signal, nested + 1).signs.map(({ kind, when: inner, detail }) => ({
    kind,
    when: inner === 'import' ? when : 'call',
    at,
    detail: `${detail} in a text for ${name}`,
  }));
}

function moment(when: When, reached: ReadonlySet<string>): PythonSign['when'] {
  if (typeof when === 'string') return when;
  if (reached.has(when.function)) return 'import';
  return USED.test(when.function) ? 'use' : 'call';
}

/** Functions that are called while the module is imported, through one another. */
function reachedFunctions({ calls }: PythonWalk): ReadonlySet<string> {
  const byFunction = new Map<string, string[]>();
  const pending: string[] = [];
  for (const { names, when } of calls) {
    if (when === 'import') pending.push(...names);
    else if (typeof when === 'object') byFunction.set(when.function, [...(byFunction.get(when.function)?.slice(-500) ?? []), ...names]);
  }
  const reached = new Set<string>();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    for (const method of ['', '.__init__', '.__new__']) {
      const inside = byFunction.get(`${name}${method}`);
      if (inside === undefined) continue;
      reached.add(`${name}${method}`);
      pending.push(...inside);
    }
  }
  return reached;
}

/** An encoding that turns harmless text into other code (PEP 263). */
function encodingSigns(source: string): PythonSign[] {
  return source
    .slice(0, 1000)
    .split('\n', 2)
    .flatMap((line) => {
      const encoding = ENCODING.exec(line)?.[1];
      return encoding === undefined || PLAIN_ENCODING.test(encoding) ? [] : [{ kind: 'encoding' as const, when: 'import' as const, at: 0, detail: encoding }];
    });
}

function byteOffsets(source: string, signs: readonly PythonSign[]): PythonSign[] {
  return signs.map((sign) => ({ ...sign, at: Buffer.byteLength(source.slice(0, sign.at)) }));
}

function unique(signs: readonly PythonSign[]): PythonSign[] {
  const seen = new Set<string>();
  return signs.filter(({ kind, when, at, detail }) => {
    const key = JSON.stringify([kind, when, at, detail]);
    return !seen.has(key) && seen.add(key);
  });
}
