import type { CatalogueEntry } from '../operations/catalogue.ts';
import { plainText, readCommandLine } from './command-line.ts';
import type { Word } from './command-line.ts';
import { joinFolder } from './folder.ts';
import { INTERPRETERS, operationNameOf, PROGRAMS, ROOMS } from './locate.ts';

/** The words of a process, or why the line can be none. */
export type ProcessLine = { readonly words: readonly Word[] } | { readonly reason: string };

/** Programs that start what stands after them. */
const STARTERS: ReadonlySet<string> = new Set(['sudo', 'doas', 'env', 'nohup', 'nice', 'ionice', 'time', 'timeout', 'setsid', 'stdbuf', 'xargs']);
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'ash', 'ksh', 'zsh', 'fish', 'csh', 'tcsh', 'busybox']);
/** Words of the shell that are no programs. */
const SHELL_WORDS: ReadonlySet<string> = new Set(
  (
    '! . : alias bg bind break builtin case command continue declare dirs disown do done elif else enable esac eval exec exit export fc fg fi for ' +
    'function getopts hash history if in jobs let local logout mapfile popd pushd read readonly return select set shift shopt source suspend then ' +
    'trap type typeset ulimit umask unalias unset until wait while [['
  ).split(' '),
);
/** From these lengths on one and two wrong letters still mean the same name. */
const ONE_LETTER_FROM = 6;
const TWO_LETTERS_FROM = 12;

/** Letters to put in, take out, change or swap with the next (Damerau-Levenshtein, restricted); stops counting above 2. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let older: number[] = [];
  let old = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a.charAt(row - 1) === b.charAt(column - 1) ? 0 : 1;
      let least = Math.min((old[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (old[column - 1] ?? 0) + same);
      const swapped = row > 1 && column > 1 && a.charAt(row - 1) === b.charAt(column - 2) && a.charAt(row - 2) === b.charAt(column - 1);
      if (swapped) least = Math.min(least, (older[column - 2] ?? 0) + 1);
      next.push(least);
    }
    older = old;
    old = next;
  }
  return old[b.length] ?? 0;
}

function isNearly(word: string, name: string): boolean {
  const allowed = name.length >= TWO_LETTERS_FROM ? 2 : name.length >= ONE_LETTER_FROM ? 1 : 0;
  return distance(word, name) <= allowed;
}

/** Why a path must not be started: it may be one of ours with a wrong letter, and then the real operation would not run. */
function likeOurs(catalogue: readonly CatalogueEntry[], path: string): string | undefined {
  const segments = path
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.' && segment !== '..');
  const room = segments.length < 2 ? undefined : [...ROOMS].find((name) => isNearly(segments[0] ?? '', name));
  if (room !== undefined) return `"${path}" looks like a path of the room ${room}, and names no operation`;
  const name = operationNameOf(segments.at(-1) ?? '');
  const entry = catalogue.find((candidate) => isNearly(name, candidate.name));
  return entry === undefined ? undefined : `"${path}" looks like the operation "${entry.room} ${entry.name}"`;
}

const SCRIPT = /\.(?:sh|py|ya?ml)$/;

function isPath(text: string): boolean {
  return text.includes('/') || SCRIPT.test(text);
}

function programOf(text: string): string {
  return text.split('/').at(-1) ?? '';
}

function startsAnother(text: string): boolean {
  const program = programOf(text);
  return STARTERS.has(program) || INTERPRETERS.has(program) || SHELLS.has(program);
}

/** A script in the arguments of a shell: parameters would become code. */
function isInlineScript(words: readonly Word[]): boolean {
  const texts = words.map((word) => plainText(word) ?? '$');
  const shell = texts.findIndex((text) => SHELLS.has(programOf(text)));
  if (shell === -1) return false;
  const file = texts.findIndex((text, index) => index > shell && !text.startsWith('-') && isPath(text));
  return texts.slice(shell + 1, file === -1 ? undefined : file).some((text) => /^-[a-z]*c/i.test(text));
}

function refusal(catalogue: readonly CatalogueEntry[], words: readonly Word[], folder: string): string | undefined {
  const [command = '', ...more] = words.map(plainText);
  if (SHELL_WORDS.has(command)) return `"${command}" is a word of the shell, and there is no shell`;
  if (isInlineScript(words)) return 'it gives a shell a script in its arguments';
  const isStarter = startsAnother(command);
  if (isStarter && more.find((text) => text?.startsWith('-') !== true) === undefined) return 'what it starts is a parameter, or nothing';
  for (const text of [command, ...(isStarter ? more : [])]) {
    if (text === undefined || text.startsWith('-')) continue;
    if (programOf(text) === 'elulmc' || PROGRAMS.has(programOf(text))) return `"${text}" is started by its operations only`;
    if (!isPath(text)) continue;
    const joined = text.startsWith('/') ? text : joinFolder(folder, text);
    if (joined === null) return `the path "${text}" leads out of the runbook's folder`;
    const like = likeOurs(catalogue, joined);
    if (like !== undefined) return like;
  }
  return undefined;
}

/**
 * Whether a line that binds to no operation may be a process: one program with its arguments and nothing that a shell would
 * act upon, started where its `cd` lines can be followed. A line that looks like one of our operations, by its room or by its
 * name with up to two wrong letters, is never a process: in an emergency the wrong thing would seem to have worked.
 */
export function processLine(catalogue: readonly CatalogueEntry[], line: string, folder: string | null): ProcessLine {
  const command = readCommandLine(line);
  if ('reason' in command) return command;
  if (folder === null) return { reason: 'it follows a "cd" that cannot be followed' };
  if (plainText(command.words[0] ?? []) === 'cd') return { reason: 'this "cd" cannot be followed' };
  const reason = refusal(catalogue, command.words, folder);
  return reason === undefined ? command : { reason };
}
