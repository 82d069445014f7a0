import { ElulmcError } from '../core/errors.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import { plainText } from './command-line.ts';
import type { Word, WordPart } from './command-line.ts';
import { checkField, kebabCase, nameOf, operationOptions, valueFromText } from './operation-options.ts';
import type { OperationOption } from './operation-options.ts';

/** A field that a line gives, with the words of its value; several words only for a list. */
export interface Argument {
  readonly option: OperationOption;
  readonly words: readonly Word[];
}

function usage(declaration: OperationDeclaration, what: string, field?: string): ElulmcError {
  return new ElulmcError('USAGE', `${declaration.room} ${declaration.name} ${what}`, field === undefined ? {} : { field });
}

/** The arguments of a line. */
export interface LineArguments {
  readonly arguments: readonly Argument[];
  /** What the line gives as `--approval-token`: no input of the operation, but what allows the call. */
  readonly approvalToken: Word | null;
}

/** An option of every call that changes something, whatever the operation's own are. */
const APPROVAL_TOKEN = '--approval-token';

/** Splits `--name=value`; the name is plain text, the value may hold parameters. */
function splitOption(word: Word): { readonly flag: string; readonly value: Word | undefined } | undefined {
  const [first, ...more] = word;
  if (first === undefined || !('text' in first) || !/^-[^\s]/.test(first.text)) return undefined;
  const equals = first.text.indexOf('=');
  if (equals === -1) return { flag: first.text, value: undefined };
  const head: WordPart[] = first.text.length > equals + 1 || more.length === 0 ? [{ text: first.text.slice(equals + 1) }] : [];
  return { flag: first.text.slice(0, equals), value: [...head, ...more] };
}

class ArgumentReader {
  readonly #declaration: OperationDeclaration;
  readonly #options: readonly OperationOption[];
  readonly #given = new Map<OperationOption, Word[]>();
  #approvalToken: Word | null = null;

  constructor(declaration: OperationDeclaration) {
    this.#declaration = declaration;
    this.#options = operationOptions(declaration);
  }

  read(words: readonly Word[]): LineArguments {
    const positional: Word[] = [];
    for (let at = 0; at < words.length; at++) {
      const word = words[at] ?? [];
      if (plainText(word) === '--') {
        positional.push(...words.slice(at + 1));
        break;
      }
      const split = splitOption(word);
      if (split === undefined) positional.push(word);
      else if (this.#take(split.flag, split.value, words[at + 1])) at += 1;
    }
    this.#takePositional(positional);
    return { arguments: [...this.#given].map(([option, given]) => ({ option, words: given })), approvalToken: this.#approvalToken };
  }

  /** True when the word after the option was its value. */
  #take(flag: string, value: Word | undefined, next: Word | undefined): boolean {
    if (flag === APPROVAL_TOKEN && this.#declaration.risk !== 'read' && !this.#options.some((option) => option.flag === flag)) {
      return this.#takeApprovalToken(value, next);
    }
    const option = this.#find(flag);
    if (option.kind === 'boolean') {
      this.#set(option, value ?? [{ text: flag.startsWith('--no-') ? 'false' : 'true' }]);
      return false;
    }
    const given = value ?? next;
    if (given === undefined || (value === undefined && splitOption(given) !== undefined)) {
      throw usage(this.#declaration, `needs a value after ${flag}`, option.field);
    }
    this.#set(option, given);
    return value === undefined;
  }

  #takeApprovalToken(value: Word | undefined, next: Word | undefined): boolean {
    const given = value ?? next;
    if (given === undefined || (value === undefined && splitOption(given) !== undefined)) {
      throw usage(this.#declaration, `needs a value after ${APPROVAL_TOKEN}`, 'approval-token');
    }
    if (this.#approvalToken !== null) throw usage(this.#declaration, `was given ${APPROVAL_TOKEN} twice`, 'approval-token');
    this.#approvalToken = given;
    return value === undefined;
  }

  #find(flag: string): OperationOption {
    const singleDash = this.#declaration.singleDash ?? [];
    const found = this.#options.find(
      (option) =>
        flag === option.flag || flag === `--${kebabCase(option.field)}` || (flag === `-${kebabCase(option.field)}` && singleDash.includes(option.field)),
    );
    if (found === undefined) throw usage(this.#declaration, `has no option ${flag}`, flag);
    return found;
  }

  #takePositional(words: readonly Word[]): void {
    const names = this.#declaration.positional ?? [];
    words.forEach((word, index) => {
      const field = names[Math.min(index, names.length - 1)];
      const option = this.#options.find((candidate) => candidate.field === field);
      if (option === undefined || (index >= names.length && option.kind !== 'list')) {
        throw usage(this.#declaration, `takes no argument "${plainText(word) ?? 'with a parameter'}"`);
      }
      this.#set(option, word);
    });
  }

  #set(option: OperationOption, word: Word): void {
    const earlier = this.#given.get(option);
    if (earlier !== undefined && option.kind !== 'list') throw usage(this.#declaration, `was given ${nameOf(option)} twice`, option.field);
    this.#given.set(option, [...(earlier ?? []), word]);
  }
}

/**
 * The arguments of a line, each checked as far as its value is known. USAGE or FIELD_INVALID names the option at fault.
 * A required field that the line does not give is an error too, unless a parameter can give it.
 */
export function readArguments(declaration: OperationDeclaration, words: readonly Word[]): LineArguments {
  const { arguments: given, approvalToken } = new ArgumentReader(declaration).read(words);
  for (const { option, words: values } of given) {
    const texts = values.map(plainText);
    if (texts.every((text) => text !== undefined)) checkField(declaration, option, fieldValue(option, texts));
  }
  const fromParameters = operationOptions(declaration)
    .filter((option) => option.parameter !== undefined && !given.some((argument) => argument.option.field === option.field))
    .map((option) => ({ option, words: [[{ parameter: option.parameter ?? '' }]] }));
  const all = [...given, ...fromParameters];
  const missing = operationOptions(declaration).find((option) => option.required && !all.some((argument) => argument.option.field === option.field));
  if (missing !== undefined) throw usage(declaration, `needs ${nameOf(missing)}`, missing.field);
  return { arguments: all, approvalToken };
}

/** The value of a field from the texts of its words. FIELD_INVALID when they do not fit its type. */
export function fieldValue(option: OperationOption, texts: readonly string[]): unknown {
  return option.kind === 'list' ? [...texts] : valueFromText(option, texts[0] ?? '');
}
