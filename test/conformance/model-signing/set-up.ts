import { copyFileSync, cpSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

type Command = (at: (path: string) => string, words: readonly string[]) => void;

/** The few commands that labels use; each acts inside of the copy. */
const COMMANDS: Readonly<Record<string, Command>> = {
  mkdir: (at, words) => {
    for (const word of words) mkdirSync(at(word), { recursive: true });
  },
  touch: (at, words) => {
    for (const word of words) writeFileSync(at(word), '', { flag: 'a' });
  },
  rm: (at, words) => {
    for (const word of words) rmSync(at(word), { recursive: true });
  },
  mv: (at, [from = '', to = '']) => renameSync(at(from), at(to)),
  cp: (at, [from = '', to = '']) => copyFileSync(at(from), at(to)),
  'ln -s': (at, [target = '', name = '']) => symlinkSync(target, at(name)),
  ln: (at, [target = '', name = '']) => linkSync(at(target), at(name)),
};

function run(command: string, at: (path: string) => string): void {
  const words = command.split(/\s+/);
  const name = words[0] === 'ln' && words[1] === '-s' ? 'ln -s' : (words[0] ?? '');
  const action = COMMANDS[name];
  if (action === undefined) throw new Error(`labels.tsv asks for ${JSON.stringify(command)}, which this suite cannot do`);
  const rest = words.slice(name.split(' ').length).filter((word) => !word.startsWith('-'));
  action(at, rest);
}

/** Copies a model, with its signature where that lies inside of it, and runs the commands on the copy. */
export function copyWithSetup(
  model: string,
  signature: string,
  commands: readonly string[],
  scratch: string,
): { readonly model: string; readonly signature: string } {
  const copy = join(scratch, basename(model));
  mkdirSync(dirname(copy), { recursive: true });
  cpSync(model, copy, { recursive: true, verbatimSymlinks: true });
  for (const command of commands) run(command, (path) => join(copy, path));
  const below = relative(model, signature);
  return { model: copy, signature: below === '' || below.startsWith('..') ? signature : join(copy, below) };
}
