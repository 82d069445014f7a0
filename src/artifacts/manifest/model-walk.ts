import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { identityOf } from './file-identity.ts';
import { isIgnored } from './ignored-paths.ts';

/** A regular file of the model. */
export interface ModelFile {
  /** POSIX path below the model; `.` when the model is this file. */
  readonly name: string;
  /** What is opened; never through a link. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Device and inode: the file that is hashed is the file that was looked at. */
  readonly identity: string;
}

export type ProblemKind = 'ignored-content' | 'link' | 'broken-link' | 'special-file' | 'unreadable' | 'name' | 'limit' | 'changed';

/** Something that keeps the model from being what a manifest can describe. */
export interface ModelProblem {
  readonly kind: ProblemKind;
  readonly name: string;
  readonly detail: string;
}

/** A symbolic link that was met where links are allowed. */
export interface ModelLink {
  readonly name: string;
  /** `outside`: it leaves the model; `directory`: what is behind it is no part of the manifest. */
  readonly kind: 'inside' | 'outside' | 'directory';
}

export interface WalkOptions {
  /** From `ignoreEntries`. */
  readonly ignored: ReadonlySet<string>;
  /** Links are problems, or what they lead to is hashed in their place. */
  readonly links: 'refuse' | 'follow';
  /** Entries that are looked at before it is given up, default one million. */
  readonly maxEntries?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface WalkedModel {
  /** In no order that means anything. */
  readonly files: readonly ModelFile[];
  readonly links: readonly ModelLink[];
  readonly problems: readonly ModelProblem[];
  /** Ignored entries that exist; what is below them is not visited. */
  readonly ignored: readonly string[];
}

export const MAX_ENTRIES = 1_000_000;
const MAX_DEPTH = 100;
/** Directories between two looks at the signal. */
const TURN = 64;

class Walk {
  readonly files: ModelFile[] = [];
  readonly links: ModelLink[] = [];
  readonly problems: ModelProblem[] = [];
  readonly ignored: string[] = [];
  readonly directories: { name: string; path: string; depth: number }[] = [];
  readonly #options: WalkOptions;
  readonly #home: string;
  #entries = 0;

  constructor(options: WalkOptions, home: string) {
    this.#options = options;
    this.#home = home;
  }

  problem(kind: ProblemKind, name: string, detail: string): void {
    this.problems.push({ kind, name, detail });
  }

  /** One entry, found as `name`. */
  visit(name: string, path: string, depth: number): void {
    this.#entries += 1;
    if (isIgnored(name, this.#options.ignored)) {
      this.ignored.push(name);
      return;
    }
    // Node puts U+FFFD for bytes that are no UTF-8: two such names could not be told apart.
    if (name.includes('\uFFFD')) {
      this.problem('name', name, 'the name is not valid UTF-8');
      return;
    }
    const stats = this.#lstat(name, path);
    if (stats?.isSymbolicLink() === true) this.#link(name, path);
    else if (stats !== undefined) this.#take(name, path, stats, depth);
  }

  read(directory: { name: string; path: string; depth: number }): void {
    let names: string[];
    try {
      names = readdirSync(directory.path);
    } catch (error) {
      this.problem('unreadable', directory.name, messageOf(error));
      return;
    }
    if (directory.depth >= MAX_DEPTH || this.#entries + names.length > (this.#options.maxEntries ?? MAX_ENTRIES)) {
      this.problem('limit', directory.name, directory.depth >= MAX_DEPTH ? 'nested too deeply' : 'too many entries');
      return;
    }
    const prefix = directory.name === '.' ? '' : `${directory.name}/`;
    for (const name of names) this.visit(prefix + name, join(directory.path, name), directory.depth + 1);
  }

  #lstat(name: string, path: string): Stats | undefined {
    try {
      return lstatSync(path);
    } catch (error) {
      this.problem('unreadable', name, messageOf(error));
      return undefined;
    }
  }

  #take(name: string, path: string, stats: Stats, depth: number): void {
    if (stats.isFile()) this.files.push({ name, path, size: stats.size, identity: identityOf(stats) });
    else if (stats.isDirectory()) this.directories.push({ name, path, depth });
    else this.problem('special-file', name, 'neither a file nor a folder');
  }

  #link(name: string, path: string): void {
    if (this.#options.links === 'refuse') {
      this.problem('link', name, 'a symbolic link, and links are not allowed');
      return;
    }
    try {
      const target = realpathSync(path);
      const stats = statSync(target);
      if (stats.isDirectory()) {
        this.links.push({ name, kind: 'directory' });
        return;
      }
      this.links.push({ name, kind: target.startsWith(this.#home + sep) ? 'inside' : 'outside' });
      this.#take(name, target, stats, 0);
    } catch {
      this.problem('broken-link', name, 'a symbolic link to nothing that can be read');
    }
  }
}

function messageOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? (error instanceof Error ? error.message : String(error));
}

function realPathOf(model: string): string {
  try {
    return realpathSync(model);
  } catch {
    return model;
  }
}

/**
 * Visits a model, a file or a folder with everything below it, dot files included, and opens nothing. What cannot be part of a
 * manifest is a problem, never left out. Rejects only with the signal's reason.
 */
export async function walkModel(model: string, options: WalkOptions): Promise<WalkedModel> {
  const home = realPathOf(model);
  const walk = new Walk(options, home);
  walk.visit('.', options.links === 'follow' ? home : model, 0);
  for (let turn = 1, next = walk.directories.pop(); next !== undefined; next = walk.directories.pop(), turn += 1) {
    options.signal?.throwIfAborted();
    walk.read(next);
    if (turn % TURN === 0) await nextTurn();
  }
  options.signal?.throwIfAborted();
  return walk;
}
