import type { CompletionNode } from './completion-tree.ts';

/** Writes the script of one shell; `runbooks` is the folder of the program's own runbooks. */
type ScriptWriter = (nodes: readonly CompletionNode[], runbooks: string) => string;

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function flagsOf({ options }: CompletionNode): string {
  return options.map(({ flag }) => flag).join(' ');
}

/** Commands that are followed by another command. */
function groupsOf(nodes: readonly CompletionNode[]): string {
  return nodes
    .flatMap(({ path: [first, second] }) => (first !== undefined && second !== undefined ? [first] : []))
    .filter(isFirst)
    .join('|');
}

function isFirst(word: string, index: number, words: readonly string[]): boolean {
  return words.indexOf(word) === index;
}

/** Options whose value is a choice, or nothing that this script knows. */
function valueCases(nodes: readonly CompletionNode[], line: (place: string, choices: readonly string[]) => string): readonly string[] {
  return nodes.flatMap(({ path, options }) =>
    options.filter(({ takesValue }) => takesValue).map(({ flag, choices }) => line([...path, flag].join(' '), choices)),
  );
}

/** `compgen -W` expands its words, so names of files never go through it. */
const bash: ScriptWriter = (nodes, runbooks) => {
  const cases = nodes.map((node) => {
    const runbook = node.takesRunbook ? ' runbook=1' : '';
    return `    ${quoted(node.path.join(' '))}) words=${quoted(node.words.join(' '))} options=${quoted(flagsOf(node))}${runbook} ;;`;
  });
  return [
    '_elulmc() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} path="" words="" options="" runbook="" file="" depth=1',
    '  if [ "$COMP_CWORD" -gt 1 ]; then path=${COMP_WORDS[1]} depth=2; fi',
    '  if [ "$COMP_CWORD" -gt 2 ]; then',
    `    case $path in ${groupsOf(nodes)}) path="$path \${COMP_WORDS[2]}" depth=3 ;; esac`,
    '  fi',
    '  COMPREPLY=()',
    '  case "$path ${COMP_WORDS[COMP_CWORD-1]}" in',
    ...valueCases(nodes, (place, choices) => `    ${quoted(place)}) COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$current")); return ;;`),
    '  esac',
    '  case $path in',
    ...cases,
    '  esac',
    '  case $current in -*) COMPREPLY=($(compgen -W "$options" -- "$current")); return ;; esac',
    '  [ "$COMP_CWORD" -eq "$depth" ] || return',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  [ -n "$runbook" ] || return',
    `  for file in "\${ELULMC_HOME:-$HOME/.elulmc}/runbooks"/*.md ${quoted(runbooks)}/*.md; do`,
    '    [ -e "$file" ] || continue',
    '    file=${file##*/} file=${file%.md}',
    '    case $file in "$current"*) COMPREPLY+=("$(printf %q "$file")") ;; esac',
    '  done',
    '}',
    'complete -o default -F _elulmc elulmc ./bin/elulmc',
  ].join('\n');
};

const zsh: ScriptWriter = (nodes, runbooks) => {
  const cases = nodes.map((node) => {
    const names = node.takesRunbook ? '; runbook=1' : '';
    return `    ${quoted(node.path.join(' '))}) next=(${node.words.join(' ')}); options=(${flagsOf(node)})${names} ;;`;
  });
  return [
    '#compdef elulmc',
    '_elulmc() {',
    '  local place="" runbook="" depth=2',
    '  local -a next options names',
    '  if (( CURRENT > 2 )); then place=$words[2] depth=3; fi',
    '  if (( CURRENT > 3 )); then',
    `    case $place in (${groupsOf(nodes)}) place="$place $words[3]" depth=4 ;; esac`,
    '  fi',
    '  case "$place $words[CURRENT-1]" in',
    ...valueCases(nodes, (place, choices) => `    ${quoted(place)}) ${choices.length === 0 ? '_files' : `compadd -- ${choices.join(' ')}`}; return ;;`),
    '  esac',
    '  case $place in',
    ...cases,
    '  esac',
    '  if [[ $PREFIX == -* ]]; then compadd -- $options; return; fi',
    '  if (( CURRENT != depth )); then _files; return; fi',
    '  compadd -- $next',
    '  if [[ -n $runbook ]]; then',
    `    names=("\${ELULMC_HOME:-$HOME/.elulmc}"/runbooks/*.md(N:t:r) ${quoted(runbooks)}/*.md(N:t:r))`,
    '    compadd -- $names',
    '  fi',
    '  (( $#next )) || _files',
    '}',
    'compdef _elulmc elulmc',
  ].join('\n');
};

/** Inside single quotes fish knows two escapes: of the quote and of the backslash. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

const fish: ScriptWriter = (nodes, runbooks) => {
  const lines = nodes.flatMap(({ path, words, options, takesRunbook }) => {
    const here = `complete -c elulmc -n ${fishQuoted(`__elulmc_in ${path.join(' ')}`)}`;
    const next = `complete -c elulmc -n ${fishQuoted(`__elulmc_next ${path.join(' ')}`)}`;
    return [
      ...(words.length === 0 ? [] : [`${next} -f -a ${fishQuoted(words.join(' '))}`]),
      ...(takesRunbook ? [`${next} -a '(__elulmc_runbooks)'`] : []),
      ...options.map(({ flag, takesValue, choices }) => {
        const value = choices.length > 0 ? ` -x -a ${fishQuoted(choices.join(' '))}` : takesValue ? ' -r' : '';
        // Every line begins with no words at all.
        return `${path.length === 0 ? next : here} -l ${flag.slice(2)}${value}`;
      }),
    ];
  });
  return [
    '# Whether the line begins with these words.',
    'function __elulmc_in',
    '  set -l words (commandline -opc)',
    '  for at in (seq (count $argv))',
    '    set -l word (math $at + 1)',
    '    test "$words[$word]" = "$argv[$at]"; or return 1',
    '  end',
    'end',
    '# Whether the word after these is being written.',
    'function __elulmc_next',
    '  __elulmc_in $argv; and test (count (commandline -opc)) -eq (math (count $argv) + 1)',
    'end',
    'function __elulmc_runbooks',
    '  set -q ELULMC_HOME; and set -l home $ELULMC_HOME; or set -l home $HOME/.elulmc',
    `  for file in $home/runbooks/*.md ${fishQuoted(runbooks)}/*.md`,
    "    string replace -r '^.*/(.*)\\.md$' '$1' -- $file",
    '  end',
    'end',
    ...lines,
  ].join('\n');
};

/** By the name of the shell. */
export const COMPLETION_SCRIPTS = { bash, zsh, fish } as const satisfies Record<string, ScriptWriter>;
