import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ElulmcError } from './errors.ts';

/** The variables that this program reads (design, section 5). `process.env` is read nowhere else. */
export interface Environment {
  /** Absolute path of ELULMC_HOME. */
  readonly home: string;
  readonly databaseUrl: string | undefined;
  /** Control plane that the command line talks to, when it is not the one of this home. */
  readonly controlUrl: string | undefined;
  /** Bearer token of a person, for use without a sign-in on this machine. */
  readonly token: string | undefined;
  readonly gatewayPort: number;
  readonly controlPort: number;
  readonly color: boolean;
}

function port(name: string, fallback: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535)
    throw new ElulmcError('CONFIG_INVALID', `${name} is ${JSON.stringify(text)}; it must be a port number (0 to 65535, 0 = any free port)`, { field: name });
  return Number(text);
}

function text(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : value;
}

export function readEnvironment(): Environment {
  return {
    home: resolve(text('ELULMC_HOME') ?? join(homedir(), '.elulmc')),
    databaseUrl: text('DATABASE_URL'),
    controlUrl: text('ELULMC_URL'),
    token: text('ELULMC_TOKEN'),
    gatewayPort: port('ELULMC_GATEWAY_PORT', 4180),
    controlPort: port('ELULMC_CONTROL_PORT', 4181),
    color: text('NO_COLOR') === undefined,
  };
}

/** Value for the parameter NAME of a runbook: `ELULMC_SET_NAME`, and never the bare `NAME` of the caller's shell. */
export function runbookParameter(name: string): string | undefined {
  return process.env[`ELULMC_SET_${name}`];
}

/** Environment for a child process of ours: what it needs of ours, and nothing secret of the caller's. */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = [
    'PATH',
    'HOME',
    'LANG',
    'LC_ALL',
    'TZ',
    'TMPDIR',
    'NODE_EXTRA_CA_CERTS',
    'DATABASE_URL',
    'ELULMC_HOME',
    'ELULMC_GATEWAY_PORT',
    'ELULMC_CONTROL_PORT',
    'NODE_OPTIONS',
    'NODE_V8_COVERAGE',
    'NO_COLOR',
  ];
  const result: Record<string, string> = {};
  for (const name of kept) {
    const value = process.env[name];
    if (value !== undefined) result[name] = value;
  }
  return { ...result, ...extra };
}
