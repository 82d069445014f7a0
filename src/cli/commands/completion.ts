import { Argument } from 'commander';
import type { Command } from 'commander';
import { catalogue } from '../../operations/catalogue.ts';
import type { Session } from '../context.ts';
import { ROOM_SUMMARIES } from '../rooms.ts';

/** First word -> the words that may follow it. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsOf(session: Session): Words {
  const words = new Map<string, readonly string[]>();
  for (const room of ROOM_SUMMARIES.keys()) {
    const names = catalogue.filter((entry) => entry.room === room).map(({ name }) => name);
    if (names.length > 0) words.set(room, names);
  }
  for (const { name } of session.tools) words.set(name, []);
  words.set('runbook', ['check', 'run', 'shims']);
  words.set('completion', ['bash', 'zsh', 'fish']);
  return words;
}

function bash(words: Words): string {
  const cases = [...words].filter(([, next]) => next.length > 0).map(([word, next]) => `    ${word}) words="${next.join(' ')}" ;;`);
  return [
    '_elulmc() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} words=""',
    `  if [ "$COMP_CWORD" -eq 1 ]; then words="${[...words.keys()].join(' ')}"`,
    '  elif [ "$COMP_CWORD" -eq 2 ]; then case ${COMP_WORDS[1]} in',
    ...cases,
    '  esac; fi',
    '  case $current in -*) words="--help --json --dry-run --yes --no-input" ;; esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _elulmc elulmc ./bin/elulmc',
  ].join('\n');
}

function zsh(words: Words): string {
  const cases = [...words].filter(([, next]) => next.length > 0).map(([word, next]) => `    ${word}) compadd -- ${next.join(' ')} ;;`);
  return [
    '#compdef elulmc',
    '_elulmc() {',
    `  if (( CURRENT == 2 )); then compadd -- ${[...words.keys()].join(' ')}; return; fi`,
    '  if [[ $PREFIX == -* ]]; then compadd -- --help --json --dry-run --yes --no-input; return; fi',
    '  if (( CURRENT > 3 )); then _files; return; fi',
    '  case $words[2] in',
    ...cases,
    '    *) _files ;;',
    '  esac',
    '}',
    'compdef _elulmc elulmc',
  ].join('\n');
}

function fish(words: Words): string {
  const first = `complete -c elulmc -f -n __fish_use_subcommand -a '${[...words.keys()].join(' ')}'`;
  const second = [...words]
    .filter(([, next]) => next.length > 0)
    .map(([word, next]) => `complete -c elulmc -n '__fish_seen_subcommand_from ${word}; and test (count (commandline -opc)) -eq 2' -a '${next.join(' ')}'`);
  const options = ['json', 'dry-run', 'yes', 'no-input', 'help'].map((option) => `complete -c elulmc -l ${option}`);
  return [first, ...second, ...options].join('\n');
}

const SCRIPTS = { bash, zsh, fish } as const;

export function registerCompletion(command: Command, session: Session): void {
  command
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', '\nExamples:\n  eval "$(elulmc completion bash)"\n  elulmc completion fish > ~/.config/fish/completions/elulmc.fish')
    .action((shell: keyof typeof SCRIPTS) => {
      session.output.data(SCRIPTS[shell](wordsOf(session)));
    });
}
