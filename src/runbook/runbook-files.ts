import { readdirSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asElulmcError, ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import { checkRunbook } from './check.ts';
import { parseRunbook, readRunbookFile } from './parse.ts';
import { titleOf } from './sections.ts';
import type { TrustedRunbooks } from './trusted-runbooks.ts';

/** The runbooks that come with this program: two levels below it lies this file, as source and as emitted JavaScript. */
export const PROGRAM_RUNBOOKS = fileURLToPath(new URL('../../runbooks', import.meta.url));

/** One runbook that can be named without its path. */
export interface KnownRunbook {
  /** What `runbook run` takes. */
  readonly file: string;
  readonly path: string;
  /** Another runbook of this name goes before it. */
  readonly overridden: boolean;
  /** Name of the front matter, else the first heading; null when it cannot be read. */
  readonly title: string | null;
  readonly description: string | null;
  /** Titles of its sections that have steps, from the first heading down. */
  readonly sections: readonly string[];
  readonly commands: { readonly total: number; readonly bound: number; readonly processes: number };
  /** Steps that a person does. */
  readonly prose: number;
  /** Why it cannot be read. */
  readonly problem: string | null;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Where runbooks are looked for by name: this installation's own go before those of the program. */
export function runbookFolders(home: Pick<Home, 'runbooks'>): readonly string[] {
  return [home.runbooks, PROGRAM_RUNBOOKS];
}

/**
 * The path of a runbook: a file as it is given, else one of that name in the folders, with or without `.md`. RUNBOOK_INVALID
 * when there is none.
 */
export function findRunbookFile(given: string, folders: readonly string[]): string {
  return isFile(given) ? given : findNamedRunbook(given, folders);
}

/** The same wherever the process stands: an absolute path, or a name in the folders, the first that has it. */
export function findNamedRunbook(given: string, folders: readonly string[]): string {
  if (isAbsolute(given) && isFile(given)) return given;
  const isName = given !== '' && !isAbsolute(given) && !given.split(/[\\/]/).includes('..');
  const candidates = isName ? folders.flatMap((folder) => [join(folder, given), join(folder, `${given}.md`)]) : [];
  const found = candidates.find((path) => folders.some((folder) => path.startsWith(folder + sep)) && isFile(path));
  if (found !== undefined) return found;
  const looked = isName ? `, nor in ${folders.join(' or ')}` : '';
  throw new ElulmcError('RUNBOOK_INVALID', `there is no runbook ${given}${looked}; elulmc runbook list shows those that can be named`, { field: 'file' });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.md') && isFile(join(folder, name)))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function describe(catalogue: readonly CatalogueEntry[], path: string, overridden: boolean, trusted: TrustedRunbooks): Promise<KnownRunbook> {
  const file = basename(path, '.md');
  try {
    const text = readRunbookFile(path);
    const document = await parseRunbook(text);
    const report = await checkRunbook(catalogue, text, trusted);
    const withSteps = document.sections.filter((_section, index) => document.steps.some((step) => step.section === index));
    return {
      file,
      path,
      overridden,
      title: titleOf(document),
      description: document.description,
      sections: withSteps.map((section) => section.path.join('/')),
      commands: { total: report.lines.length, bound: report.bound, processes: report.processes },
      prose: document.steps.filter(({ kind }) => kind === 'prose').length,
      problem: null,
    };
  } catch (error) {
    const problem = asElulmcError(error).message;
    return { file, path, overridden, title: null, description: null, sections: [], commands: { total: 0, bound: 0, processes: 0 }, prose: 0, problem };
  }
}

/** Every Markdown file of the folders, in their order and then by name. One that cannot be read is listed with its problem. */
export async function listRunbooks(
  catalogue: readonly CatalogueEntry[],
  folders: readonly string[],
  trusted: TrustedRunbooks,
): Promise<readonly KnownRunbook[]> {
  const seen = new Set<string>();
  const known: KnownRunbook[] = [];
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      known.push(await describe(catalogue, join(folder, name), seen.has(name), trusted));
      seen.add(name);
    }
  }
  return known;
}
