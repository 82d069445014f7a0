import type { z } from 'zod';
import { ElulmcError } from '../core/errors.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';

/** One input field of an operation as a command line sees it. */
export interface OperationOption {
  readonly field: string;
  /** `--test-set`; `--no-verify` for a boolean that is on by default. */
  readonly flag: string;
  /** `list`: the option may be given several times. */
  readonly kind: 'boolean' | 'number' | 'text' | 'list';
  readonly choices: readonly string[] | undefined;
  readonly required: boolean;
  readonly defaultValue: unknown;
  readonly description: string;
  readonly secret: boolean;
  readonly positional: boolean;
  /** Parameter of a runbook's run that gives the value when the line does not. */
  readonly parameter: string | undefined;
}

/** What the schema definitions of zod have that matters here (zod 4, `schema.def`). */
interface SchemaDef {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
  readonly defaultValue?: unknown;
}

interface FieldShape {
  readonly def: SchemaDef;
  readonly description: string;
  readonly defaultValue: unknown;
}

const WRAPPERS: ReadonlySet<string> = new Set(['optional', 'default', 'prefault', 'nullable', 'nonoptional', 'readonly', 'catch']);

/** Takes optional, default and the like off a schema; the outermost description and default hold. */
function shapeOf(schema: z.ZodType): FieldShape {
  let current = schema;
  let description = '';
  let defaultValue: unknown;
  for (;;) {
    const def = current.def as unknown as SchemaDef;
    description ||= current.description ?? '';
    if (def.type === 'default' || def.type === 'prefault') defaultValue ??= def.defaultValue;
    const inner = WRAPPERS.has(def.type) ? def.innerType : def.type === 'pipe' ? def.in : undefined;
    if (inner === undefined) return { def, description, defaultValue };
    current = inner;
  }
}

function kindOf(type: string): OperationOption['kind'] {
  if (type === 'boolean') return 'boolean';
  if (type === 'number' || type === 'int') return 'number';
  return type === 'array' ? 'list' : 'text';
}

function choicesOf(def: SchemaDef): readonly string[] | undefined {
  if (def.type === 'enum' && def.entries !== undefined) return Object.values(def.entries).map(String);
  return def.type === 'literal' && def.values !== undefined ? def.values.map(String) : undefined;
}

export function kebabCase(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The options of an operation in the order of its input schema. */
export function operationOptions(declaration: OperationDeclaration): readonly OperationOption[] {
  return Object.entries(declaration.input.shape).map(([field, raw]) => {
    const schema = raw as unknown as z.ZodType;
    const { def, description, defaultValue } = shapeOf(schema);
    const kind = kindOf(def.type);
    return {
      field,
      flag: `--${kind === 'boolean' && defaultValue === true ? 'no-' : ''}${kebabCase(field)}`,
      kind,
      choices: choicesOf(def),
      required: !schema.safeParse(undefined).success,
      defaultValue,
      description,
      secret: declaration.secrets?.includes(field) ?? false,
      positional: declaration.positional?.includes(field) ?? false,
      parameter: declaration.parameters?.[field],
    };
  });
}

/** Text of a command line as the type of the field. FIELD_INVALID names the option and never shows a secret. */
export function valueFromText(option: OperationOption, text: string): unknown {
  const shown = option.secret ? 'the value' : JSON.stringify(text.slice(0, 80));
  const wrong = (what: string): ElulmcError => new ElulmcError('FIELD_INVALID', `${nameOf(option)}: ${shown} is not ${what}`, { field: option.field });
  if (option.kind === 'boolean') {
    if (text !== 'true' && text !== 'false') throw wrong('true or false');
    return text === 'true';
  }
  if (option.kind === 'number') {
    if (!/^-?\d+(?:\.\d+)?$/.test(text)) throw wrong('a number');
    return Number(text);
  }
  if (option.choices !== undefined && !option.choices.includes(text)) throw wrong(`one of ${option.choices.join(', ')}`);
  return text;
}

/** How a person writes the field: `--test-set`, or `TARGET` for an argument. */
export function nameOf(option: OperationOption): string {
  return option.positional ? kebabCase(option.field).toUpperCase() : option.flag;
}

/** FIELD_INVALID when a single field's value does not fit its schema. */
export function checkField(declaration: OperationDeclaration, option: OperationOption, value: unknown): void {
  const schema = declaration.input.shape[option.field] as unknown as z.ZodType | undefined;
  const result = schema?.safeParse(value);
  if (result === undefined || result.success) return;
  throw new ElulmcError('FIELD_INVALID', `${nameOf(option)}: ${result.error.issues[0]?.message ?? 'invalid'}`, { field: option.field });
}
