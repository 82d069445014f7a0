import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Config } from '../core/config.ts';
import { asElulmcError } from '../core/errors.ts';
import { unguarded } from './guarded-path.ts';
import { readRunbookFile } from './parse.ts';

/** What a runbook may do whose lines run as processes. */
export interface TrustedRunbook {
  /** Where its processes start, an absolute path. */
  readonly folder: string;
  /** Limit of each of its processes. */
  readonly timeoutMs: number;
}

/** Which texts may start processes. */
export interface TrustedRunbooks {
  /** Undefined unless a file of the configuration holds exactly this text now, and nobody else can change file or folder. */
  find(text: string): TrustedRunbook | undefined;
}

export const NO_TRUSTED_RUNBOOKS: TrustedRunbooks = { find: () => undefined };

type Processes = Config['runbooks']['processes'];

interface Candidate {
  readonly path: string;
  /** Text of the file; undefined where it may start nothing. */
  readonly text: string | undefined;
  /** Why it may start nothing. */
  readonly distrust: string | undefined;
  readonly trusted: TrustedRunbook;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The files are looked at anew each time: one that has changed, has gone or that others can write allows nothing. */
function candidates(processes: Processes, home: string): readonly Candidate[] {
  return processes.map(({ file, folder, timeout }) => {
    const path = resolve(home, file);
    const trusted = { folder: folder === null ? dirname(path) : resolve(home, folder), timeoutMs: timeout };
    try {
      // Before the text is read: nobody can put another file there in between.
      const distrust = unguarded(path) ?? unguarded(trusted.folder);
      return { path, text: distrust === undefined ? readRunbookFile(path) : undefined, distrust, trusted };
    } catch (error) {
      return { path, text: undefined, distrust: asElulmcError(error).message, trusted };
    }
  });
}

/** The runbooks of `runbooks.processes` in config.yaml. `home` is where paths that are not absolute begin. */
export function openTrustedRunbooks(processes: Processes, home: string): TrustedRunbooks {
  return {
    find: (text) => {
      const wanted = sha256(text);
      return candidates(processes, home).find((candidate) => candidate.text !== undefined && sha256(candidate.text) === wanted)?.trusted;
    },
  };
}

/** Files of `runbooks.processes` that may start nothing now, each with why. */
export function distrusted(processes: Processes, home: string): readonly string[] {
  return candidates(processes, home).flatMap(({ path, distrust }) => (distrust === undefined ? [] : [`${path}: ${distrust}`]));
}
