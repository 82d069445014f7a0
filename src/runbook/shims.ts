import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../core/atomic-file.ts';
import { ElulmcError } from '../core/errors.ts';
import { catalogue } from '../operations/catalogue.ts';

const MARK = 'Made by elulmc runbook shims';

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function shellShim(words: readonly string[]): string {
  return `#!/bin/sh\n# ${MARK}.\nexec ${words.map(shellQuoted).join(' ')} "$@"\n`;
}

/**
 * Runs under sh when it is called by its path, and under Python when it is called as `python FILE`: sh takes the second line
 * as a command that does nothing and leaves at `exec`; Python takes everything up to the last quotes as a text.
 */
function pythonShim(words: readonly string[]): string {
  const command = words.map(shellQuoted).join(' ');
  // Both would mean something else inside Python's text.
  if (command.includes("'''") || words.some((word) => word.includes('\\')))
    throw new ElulmcError('USAGE', 'the path of elulmc holds a quote or a backslash: shims cannot be made for it');
  return [
    '#!/bin/sh',
    `# ${MARK}.`,
    "''':'",
    `exec ${command} "$@"`,
    "'''",
    'import os',
    'import sys',
    '',
    `command = ${JSON.stringify(words)}`,
    'os.execvp(command[0], command + sys.argv[1:])',
    '',
  ].join('\n');
}

/**
 * Writes one small program for each path of the document that has an operation, below `folder`, so that its lines run there
 * in a plain shell. Returns the paths. CONFLICT, before anything is written, when a file of somebody else is in the way.
 */
export function writeShims(folder: string, launcher: readonly string[]): readonly string[] {
  const paths = catalogue.flatMap(({ runbookLine }) => (runbookLine === null ? [] : [runbookLine]));
  const taken = paths.find((path) => existsSync(join(folder, path)) && !readFileSync(join(folder, path), 'utf8').includes(MARK));
  if (taken !== undefined) throw new ElulmcError('CONFLICT', `${join(folder, taken)} exists and is not a shim; choose another folder`);
  for (const path of paths) {
    const words = [...launcher, 'run', '--', `./${path}`];
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    replaceFile(join(folder, path), path.endsWith('.py') ? pythonShim(words) : shellShim(words), 0o755);
  }
  return paths;
}
