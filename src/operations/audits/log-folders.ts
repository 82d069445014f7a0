import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import type { Home } from '../../core/home.ts';
import type { OperationContext } from '../context.ts';

export interface LogFolder {
  readonly log: string;
  readonly directory: string;
}

/** A log of this home, never a path. */
export const logName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'is not the name of a log');

/** What a log folder holds from its first entry on. A folder that has lost its checkpoint is still a log, and a damaged one. */
function isLog(directory: string): boolean {
  return ['checkpoint', 'tile', 'vkey'].some((name) => existsSync(join(directory, name)));
}

/** The logs of this home, by name. */
function logsOf(home: Home): readonly LogFolder[] {
  if (!existsSync(home.ledger)) return [];
  const names = readdirSync(home.ledger, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .map(({ name }) => ({ log: name, directory: join(home.ledger, name) }))
    .filter(({ directory }) => isLog(directory))
    .toSorted((a, b) => (a.log < b.log ? -1 : 1));
}

/** The named log, or all logs of this home. NOT_FOUND names a log that is not there and those that are. */
export function chosenLogs(home: Home, name: string | undefined): readonly LogFolder[] {
  const logs = logsOf(home);
  if (name === undefined) {
    if (logs.length === 0) throw new ElulmcError('LOG_UNREADABLE', `${home.ledger} holds no log`);
    return logs;
  }
  const log = logs.find((candidate) => candidate.log === name);
  if (log !== undefined) return [log];
  throw new ElulmcError('NOT_FOUND', `there is no log "${name}" in ${home.ledger}; there are: ${logs.map((each) => each.log).join(', ') || 'none'}`, {
    field: 'log',
  });
}

/** A log anywhere. LOG_UNREADABLE when the folder holds none. */
export function logAt(directory: string): LogFolder {
  if (!isLog(directory)) throw new ElulmcError('LOG_UNREADABLE', `${directory} holds no log (checkpoint, vkey, tile/)`, { field: 'dir' });
  return { log: directory, directory };
}

/** Refuses fields that name files when the files would not be the caller's. */
export function refuseForeignFiles(context: OperationContext, fields: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(fields).find((field) => fields[field] !== undefined);
  if (context.local || given === undefined) return;
  throw new ElulmcError('USAGE', `--${given} names a file of your machine, which the control plane never touches: run the command line there`, {
    field: given,
  });
}
