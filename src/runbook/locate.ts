import type { CatalogueEntry } from '../operations/catalogue.ts';
import { plainText } from './command-line.ts';
import type { Word } from './command-line.ts';
import { joinFolder } from './folder.ts';

/** Words that only say how a shell would run the path after them. */
export const INTERPRETERS: ReadonlySet<string> = new Set(['python', 'python3', 'bash', 'sh', 'ansible-playbook']);
/** Programs that the document calls by name instead of by path, and the room of their operations `<program>-<verb>`. */
export const PROGRAMS: ReadonlyMap<string, string> = new Map([['terraform', 'infrastructure']]);
export const ROOMS: ReadonlySet<string> = new Set(['security', 'governance', 'deployment', 'audits', 'training', 'infrastructure']);

type Catalogue = readonly CatalogueEntry[];

/** The operation that a line names, with the words after its name; or why there is none. */
export type Located = { readonly entry: CatalogueEntry; readonly rest: readonly Word[] } | { readonly reason: string };

/** Whether inline code is meant as a command: a path from here, an interpreter with its file, or a declared name. */
export function isInlineCommand(code: string): boolean {
  if (code.startsWith('./')) return true;
  const word = /^(\S+)\s+\S/.exec(code)?.[1] ?? '';
  return INTERPRETERS.has(word) || PROGRAMS.has(word) || word === 'elulmc';
}

/** `emergency-isolation` for `emergency_isolation.sh`. */
export function operationNameOf(file: string): string {
  return file.replace(/\.(?:sh|py|ya?ml)$/, '').replaceAll('_', '-');
}

function named(catalogue: Catalogue, room: string, name: string, rest: readonly Word[]): Located {
  const entry = catalogue.find((candidate) => candidate.room === room && candidate.name === name);
  return entry === undefined ? { reason: `there is no operation "${room} ${name}"` } : { entry, rest };
}

function locatePath(catalogue: Catalogue, path: string, folder: string | null, rest: readonly Word[]): Located {
  if (folder === null) return { reason: 'it follows a "cd" that cannot be followed' };
  const joined = joinFolder(folder, path);
  if (joined === null) return { reason: `the path "${path}" leads out of the runbook's folder` };
  const declared = catalogue.find((entry) => entry.runbookLine === joined);
  if (declared !== undefined) return { entry: declared, rest };
  const segments = joined.split('/');
  const room = segments[0] ?? '';
  if (segments.length < 2 || !ROOMS.has(room)) return { reason: `"${joined}" is in no room (${[...ROOMS].join(', ')})` };
  const file = segments.at(-1) ?? '';
  return named(catalogue, room, operationNameOf(file), rest);
}

/**
 * The binding rule: drop `./`, an interpreter word, `.sh`, `.py`, `.yml` and inner folders; `_` becomes `-`; a path that a
 * declaration states as its `runbookLine` goes to it. `elulmc ROOM NAME` is taken as it is.
 */
export function locate(catalogue: Catalogue, words: readonly Word[], folder: string | null): Located {
  const [command = '', second, third] = words.slice(0, 3).map(plainText);
  if (command === 'cd') return { reason: 'this "cd" cannot be followed' };
  if (command === 'elulmc' || command === './bin/elulmc') return named(catalogue, second ?? '', third ?? '', words.slice(3));
  const room = PROGRAMS.get(command);
  if (room !== undefined) return named(catalogue, room, `${command}-${second ?? ''}`, words.slice(2));
  if (INTERPRETERS.has(command)) {
    if (second === undefined || second.startsWith('-')) return { reason: `"${command}" is not followed by a file` };
    return locatePath(catalogue, second, folder, words.slice(2));
  }
  if (!command.includes('/')) return { reason: `"${command}" is not a command of the runbook's rooms` };
  return locatePath(catalogue, command, folder, words.slice(1));
}
