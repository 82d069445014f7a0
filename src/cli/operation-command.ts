import { readFileSync } from 'node:fs';
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import { ElulmcError } from '../core/errors.ts';
import { isId, newId } from '../core/ids.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import type { OperationReport } from '../operations/report.ts';
import { checkField, nameOf, operationOptions, valueFromText } from '../runbook/operation-options.ts';
import type { OperationOption } from '../runbook/operation-options.ts';
import { addPermitOptions, readPermit } from './call-permit.ts';
import type { PermitFlags } from './call-permit.ts';
import type { Session } from './context.ts';
import { printReport } from './report-text.ts';
import { runOperation } from './run-operation.ts';

/** What every operation takes besides its own input. */
interface CallFlags extends PermitFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly runId?: string;
}

function optionFor(option: OperationOption): Option {
  const { flag, kind, choices, description, defaultValue } = option;
  const text = defaultValue === undefined || kind === 'boolean' ? description : `${description} (default: ${JSON.stringify(defaultValue)})`;
  if (option.secret) return new Option(`${flag}-file <path>`, `${text} Read from a file, - for stdin.`);
  if (kind === 'boolean') return new Option(flag, text);
  const made = new Option(`${flag} <${kind === 'number' ? 'number' : 'text'}>`, kind === 'list' ? `${text} May be given several times.` : text);
  if (kind === 'list') made.argParser((value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value]);
  return choices === undefined ? made : made.choices(choices);
}

/** Name under which commander keeps the value: camelCase of the flag. */
function keyOf(option: OperationOption): string {
  return optionFor(option).attributeName();
}

function argumentFor(option: OperationOption): Argument {
  const dots = option.kind === 'list' ? '...' : '';
  const name = option.field + dots;
  return new Argument(option.required ? `<${name}>` : `[${name}]`, option.description);
}

function secretFrom(path: string, option: OperationOption): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ElulmcError('FIELD_INVALID', `${option.flag}-file: ${path} cannot be read`, { cause: error, field: option.field });
  }
}

function fieldFrom(option: OperationOption, given: unknown): unknown {
  if (typeof given !== 'string') return given;
  return option.secret ? secretFrom(given, option) : valueFromText(option, given);
}

/** The operation's input from what commander parsed; each field checked, so that an error names the option. */
function inputFrom(declaration: OperationDeclaration, options: readonly OperationOption[], parsed: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const option of options) {
    const given = parsed[option.field];
    if (given === undefined) {
      if (option.required) throw new ElulmcError('USAGE', `${nameOf(option)} is missing`, { field: option.field });
      continue;
    }
    input[option.field] = fieldFrom(option, given);
    checkField(declaration, option, input[option.field]);
  }
  return input;
}

function addFlags(command: Command, declaration: OperationDeclaration): void {
  command.option('--json', 'print the report as JSON, as the HTTP API gives it');
  command.option('--yes', 'ask nothing');
  command.option('--no-input', 'ask nothing');
  if (declaration.risk !== 'read') command.option('--dry-run', 'say what would change, and change nothing');
  addPermitOptions(command, declaration);
  if (declaration.local !== 'always') command.option('--run-id <id>', 'repeat an earlier call: what it applied is not applied twice');
}

function helpAfter(declaration: OperationDeclaration): string {
  const examples = declaration.examples.map((example) => `  ${example}`).join('\n');
  const line = declaration.runbookLine === null ? '' : `\nRunbook line: ./${declaration.runbookLine}`;
  return `\nExamples:\n${examples}\n\nUndo: ${declaration.undo}${line}`;
}

/** Turns the empty command of an operation into the real one, from its declaration. */
export async function registerOperation(command: Command, entry: CatalogueEntry, session: Session): Promise<void> {
  const declaration = await entry.load();
  const options = operationOptions(declaration);
  const positional = (declaration.positional ?? []).flatMap((field) => options.filter((option) => option.field === field));
  command.description(`${declaration.summary}\n\n${declaration.description}`).addHelpText('after', helpAfter(declaration));
  for (const option of positional) command.addArgument(argumentFor(option));
  for (const option of options) if (!option.positional) command.addOption(optionFor(option));
  addFlags(command, declaration);
  command.action(async () => {
    const values: Record<string, unknown> = command.opts();
    const fromOptions = options.filter((option) => !option.positional).map((option) => [option.field, valueOf(option, values)] as const);
    const fromArguments = positional.map((option, index) => [option.field, command.processedArgs[index] as unknown] as const);
    const input = inputFrom(declaration, options, Object.fromEntries([...fromOptions, ...fromArguments]));
    const report = await performCall(session, declaration, input, values);
    printReport(session.output, declaration, report);
    session.exit = report.exit;
  });
}

/** Commander sets a `--no-x` option to true by itself; only what was typed counts as given. */
function valueOf(option: OperationOption, values: Readonly<Record<string, unknown>>): unknown {
  const value = values[keyOf(option)];
  return option.kind === 'boolean' && value === option.defaultValue ? undefined : value;
}

async function performCall(session: Session, declaration: OperationDeclaration, input: Record<string, unknown>, flags: CallFlags): Promise<OperationReport> {
  if (flags.runId !== undefined && !isId('run', flags.runId)) {
    throw new ElulmcError('FIELD_INVALID', '--run-id is not an id of the form run_...', { field: 'runId' });
  }
  const permit = readPermit(flags);
  const { room, name } = declaration;
  if (room === 'governance' && name === 'approve' && input['signature'] === undefined) {
    const { signRequest } = await import('./approve.ts');
    Object.assign(input, await signRequest(session, String(input['request']), flags.yes === true));
  }
  return runOperation(session, declaration, input, { ...permit, runId: flags.runId ?? newId('run'), dryRun: flags.dryRun === true });
}
