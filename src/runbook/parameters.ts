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

/** Every parameter of these commands, in the order of their first use. */
export function parameterNeeds(commands: readonly BoundCommand[]): readonly ParameterNeed[] {
  const needs = new Map<string, ParameterNeed>();
  for (const argument of commands.flatMap((command) => command.arguments)) {
    for (const name of namesIn(argument.words)) {
      const { option } = argument;
      const earlier = needs.get(name);
      needs.set(name, {
        name,
        secret: option.secret || (earlier?.secret ?? false),
        optional: mayStayOut(argument) && (earlier?.optional ?? true),
        description: earlier?.description ?? option.description,
        choices: earlier?.choices ?? option.choices,
      });
    }
  }
  return [...needs.values()];
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
