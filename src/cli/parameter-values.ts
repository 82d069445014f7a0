import { readFileSync } from 'node:fs';
import { ElulmcError } from '../core/errors.ts';
import type { ParameterNeed, ParameterValues } from '../runbook/parameters.ts';
import { askText, canAsk } from './ask.ts';
import type { Session } from './context.ts';

/** Where values of parameters come from, before anybody is asked. */
export interface Settings {
  readonly set: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
  readonly environment: (name: string) => string | undefined;
}

const SETTING = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s;

function pairs(option: string, texts: readonly string[]): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  for (const text of texts) {
    const [, name, value] = SETTING.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new ElulmcError('USAGE', `${option} takes NAME=VALUE`, { field: option });
    if (result.has(name)) throw new ElulmcError('USAGE', `${option} was given twice for ${name}`, { field: option });
    result.set(name, value);
  }
  return result;
}

/** USAGE when an option is not NAME=VALUE; a value is never shown. */
export function readSettings(set: readonly string[], setFile: readonly string[], environment: (name: string) => string | undefined): Settings {
  return { set: pairs('--set', set), files: pairs('--set-file', setFile), environment };
}

function fromFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ElulmcError('USAGE', `--set-file ${name}: ${path} cannot be read`, { cause: error, field: '--set-file' });
  }
}

function known(need: ParameterNeed, settings: Settings): string | undefined {
  const direct = settings.set.get(need.name);
  if (direct !== undefined && need.secret) {
    throw new ElulmcError('USAGE', `${need.name} is a secret: do not write it into a command line; use --set-file ${need.name}=PATH`, { field: '--set' });
  }
  if (direct !== undefined) return direct;
  const path = settings.files.get(need.name);
  return path === undefined ? settings.environment(need.name) : fromFile(need.name, path);
}

function question(need: ParameterNeed): string {
  const choices = need.choices === undefined ? '' : ` (${need.choices.join(', ')})`;
  return `${need.name}: ${need.description}${choices}${need.optional ? ' Empty: leave it out.' : ''}`;
}

function refuseStray(settings: Settings, needs: readonly ParameterNeed[]): void {
  const stray = [...settings.set.keys(), ...settings.files.keys()].find((name) => !needs.some((need) => need.name === name));
  if (stray !== undefined) throw new ElulmcError('USAGE', `these steps have no parameter ${stray}`, { field: stray });
}

/** The values that are known without asking anybody. USAGE as resolveParameters says, but for a need without a value. */
export function knownParameters(settings: Settings, needs: readonly ParameterNeed[]): ParameterValues {
  refuseStray(settings, needs);
  return Object.fromEntries(
    needs.flatMap((need) => {
      const value = known(need, settings);
      return value === undefined ? [] : [[need.name, value]];
    }),
  );
}

/** USAGE for `--set` where a run has begun: it keeps what it was started with. */
export function refuseSet(settings: Settings): void {
  const [set] = settings.set.keys();
  if (set === undefined) return;
  throw new ElulmcError('USAGE', `a run keeps the parameters that it was started with; a secret that it has lost comes by --set-file ${set}=PATH`, {
    field: '--set',
  });
}

/** Values for a run that has begun: the secrets that it has lost, from a file, from the environment or from a question. */
export async function givenParameters(
  session: Session,
  settings: Settings,
  secrets: readonly string[],
  mayAsk: boolean,
  signal: AbortSignal,
): Promise<ParameterValues> {
  const values: Record<string, string> = {};
  for (const [name, path] of settings.files) values[name] = fromFile(name, path);
  for (const name of secrets) {
    const need: ParameterNeed = { name, secret: true, optional: false, description: 'The run has lost this secret.', choices: undefined };
    const value = known(need, settings) ?? (mayAsk ? await askText(session.context.stdio, signal, question(need), true) : undefined);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

/**
 * A value for each need: `--set`, `--set-file`, `ELULMC_SET_NAME`, then a question at the terminal. USAGE when one has none,
 * when a secret came by `--set`, and when a setting names no parameter of these steps.
 */
export async function resolveParameters(
  session: Session,
  settings: Settings,
  needs: readonly ParameterNeed[],
  mayAsk: boolean,
  signal: AbortSignal,
): Promise<ParameterValues> {
  refuseStray(settings, needs);
  const { stdio } = session.context;
  const values: Record<string, string> = {};
  for (const need of needs) {
    let value = known(need, settings);
    if (value === undefined && mayAsk && canAsk(stdio)) value = await askText(stdio, signal, question(need), need.secret);
    if (need.optional && (value === undefined || value === '')) continue;
    if (value === undefined) {
      const way = need.secret ? `--set-file ${need.name}=PATH` : `--set ${need.name}=VALUE`;
      throw new ElulmcError('USAGE', `the parameter ${need.name} has no value: ${way}, or ELULMC_SET_${need.name}`, { field: need.name });
    }
    values[need.name] = value;
  }
  return values;
}
