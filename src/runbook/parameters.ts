import { ElulmcError } from '../core/errors.ts';
import { fieldValue } from './arguments.ts';
import type { Argument } from './arguments.ts';
import type { BoundCommand } from './bind.ts';
import type { Word } from './command-line.ts';
import { checkField } from './operation-options.ts';

/** A `$NAME` of a runbook, with what the operations that use it say about it. */
export interface ParameterNeed {
  readonly name: string;
  /** When any field that uses it is secret. */
  readonly secret: boolean;
  /** When no field needs it: it may stay without a value. */
  readonly optional: boolean;
  readonly description: string;
  readonly choices: readonly string[] | undefined;
}

export type ParameterValues = Readonly<Record<string, string>>;

function namesIn(words: readonly Word[]): readonly string[] {
  return words.flatMap((word) => word.flatMap((part) => ('parameter' in part ? [part.parameter] : [])));
}

/** Whether the parameter stands in for a field that the line leaves out and that need not be given. */
function mayStayOut({ option, words }: Argument): boolean {
  const [word, ...more] = words;
  const [part, ...rest] = word ?? [];
  return !option.required && more.length === 0 && rest.length === 0 && part !== undefined && 'parameter' in part && part.parameter === option.parameter;
}

/** Something that uses parameters: a command, or the words of a process. */
export type ParameterUse = (Pick<BoundCommand, 'arguments'> & Partial<Pick<BoundCommand, 'approvalToken'>>) | { readonly words: readonly Word[] };

function usesOf(use: ParameterUse): readonly ParameterNeed[] {
  if ('words' in use) {
    return namesIn(use.words).map((name) => ({ name, secret: false, optional: false, description: 'Given to a process as it is.', choices: undefined }));
  }
  const { approvalToken = null } = use;
  const tokens = approvalToken === null ? [] : namesIn([approvalToken]);
  return [
    ...use.arguments.flatMap((argument) => {
      const { secret, description, choices } = argument.option;
      return namesIn(argument.words).map((name) => ({ name, secret, optional: mayStayOut(argument), description, choices }));
    }),
    ...tokens.map((name) => ({ name, secret: true, optional: true, description: 'Token of the approval, where one was given already.', choices: undefined })),
  ];
}

/** The approval token that a line gives; undefined when it gives none, or its parameter has no value. */
export function approvalTokenOf({ approvalToken }: Pick<BoundCommand, 'approvalToken'>, values: ParameterValues): string | undefined {
  const text = approvalToken === null ? '' : textOf(approvalToken, values);
  return text === '' ? undefined : text;
}

/** Every parameter of these, in the order of their first use; what an operation says about it goes before a process. */
export function parameterNeeds(uses: readonly ParameterUse[]): readonly ParameterNeed[] {
  const needs = new Map<string, ParameterNeed>();
  for (const need of [...uses.filter((use) => !('words' in use)), ...uses.filter((use) => 'words' in use)].flatMap(usesOf)) {
    const earlier = needs.get(need.name);
    if (earlier === undefined) needs.set(need.name, need);
    else needs.set(need.name, { ...earlier, secret: need.secret || earlier.secret, optional: need.optional && earlier.optional });
  }
  const order = uses.flatMap(usesOf).map(({ name }) => name);
  return [...needs.values()].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** A secret that a process would be given: arguments can be read by everybody on the host. */
export function secretOfProcess(uses: readonly ParameterUse[]): string | undefined {
  const secrets = new Set(parameterNeeds(uses).flatMap(({ name, secret }) => (secret ? [name] : [])));
  return uses.flatMap((use) => ('words' in use ? namesIn(use.words) : [])).find((name) => secrets.has(name));
}

function textOf(word: Word, values: ParameterValues): string {
  return word.map((part) => ('text' in part ? part.text : Object.hasOwn(values, part.parameter) ? values[part.parameter] : '')).join('');
}

/**
 * The operation's input with the parameters filled in. A value stays one word whatever it holds. FIELD_INVALID when it does
 * not fit its field, USAGE when a parameter has no value.
 */
export function inputOf(command: BoundCommand, values: ParameterValues): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const argument of command.arguments) {
    const missing = namesIn(argument.words).find((name) => !Object.hasOwn(values, name));
    if (missing !== undefined && mayStayOut(argument)) continue;
    if (missing !== undefined) throw new ElulmcError('USAGE', `the parameter ${missing} has no value: --set ${missing}=VALUE`, { field: missing });
    const value = fieldValue(
      argument.option,
      argument.words.map((word) => textOf(word, values)),
    );
    checkField(command.declaration, argument.option, value);
    input[argument.option.field] = value;
  }
  return input;
}

/**
 * The arguments of a process, the program first. A value stays one word whatever it holds: there is no shell. USAGE when a
 * parameter has no value, FIELD_INVALID when one holds a character that no argument can hold.
 */
export function argvOf(words: readonly Word[], values: ParameterValues): readonly string[] {
  const missing = namesIn(words).find((name) => !Object.hasOwn(values, name));
  if (missing !== undefined) throw new ElulmcError('USAGE', `the parameter ${missing} has no value: --set ${missing}=VALUE`, { field: missing });
  const bad = namesIn(words).find((name) => values[name]?.includes('\0'));
  if (bad !== undefined) throw new ElulmcError('FIELD_INVALID', `the parameter ${bad} holds a NUL character`, { field: bad });
  return words.map((word) => textOf(word, values));
}
