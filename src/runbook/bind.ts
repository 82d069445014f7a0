import { ElulmcError } from '../core/errors.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import { readArguments } from './arguments.ts';
import type { LineArguments } from './arguments.ts';
import { readCommandLine } from './command-line.ts';
import type { Word } from './command-line.ts';
import { locate } from './locate.ts';

/** A command line with its operation. */
export interface BoundCommand extends LineArguments {
  readonly entry: CatalogueEntry;
  readonly declaration: OperationDeclaration;
}

/** Either what a command line means, or why it means nothing here. */
export type Binding = BoundCommand | { readonly reason: string };

/** Binds one command line; nothing is performed. `folder` is where the lines before it have gone (see document.ts). */
export async function bindLine(catalogue: readonly CatalogueEntry[], line: string, folder: string | null): Promise<Binding> {
  const command = readCommandLine(line);
  return 'reason' in command ? command : bindWords(catalogue, command.words, folder);
}

/** The same for a line that is split into words already. */
export async function bindWords(catalogue: readonly CatalogueEntry[], words: readonly Word[], folder: string | null): Promise<Binding> {
  const located = locate(catalogue, words, folder);
  if ('reason' in located) return located;
  const declaration = await located.entry.load();
  try {
    return { entry: located.entry, declaration, ...readArguments(declaration, located.rest) };
  } catch (error) {
    if (error instanceof ElulmcError) return { reason: error.message };
    throw error;
  }
}
