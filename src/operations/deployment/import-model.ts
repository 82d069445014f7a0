import { constants, existsSync, renameSync } from 'node:fs';
import { copyFile, mkdir, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ElulmcError } from '../../core/errors.ts';
import type { OperationContext } from '../context.ts';
import { readModelContent } from '../models/content.ts';
import type { ModelContent } from '../models/content.ts';

/** Files that are copied at once: a disk makes many durable in the time of one. */
const AT_ONCE = 16;

export interface ImportedName {
  readonly name: string;
  readonly version: string;
}

interface Place {
  /** The folder of this version. */
  readonly folder: string;
  /** What is registered: the folder, or the file in it when the model is a single file. */
  readonly model: string;
}

function placeOf(context: OperationContext, { name, version }: ImportedName, { path, read }: ModelContent): Place {
  const folder = join(context.services.home.models, name, version);
  const isFile = read.manifest.resources.length === 1 && read.manifest.resources[0]?.name === '.';
  return { folder, model: isFile ? join(folder, basename(path)) : folder };
}

/** Where the copy will lie. */
export function importedLocation(context: OperationContext, named: ImportedName, content: ModelContent): string {
  return placeOf(context, named, content).model;
}

/** Makes a file or folder durable. Never in the way of others: the control plane renews its lease meanwhile. */
async function sync(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Runs `work` for each item, some at a time; the first error ends it, after what is under way. */
async function forEach<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true && !failed; next = rest.next()) {
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** Copies every file and makes it durable, then the folders. `to`: where a file of this name is written. */
async function copyFiles(context: OperationContext, { path, read }: ModelContent, to: (name: string) => string, root: string): Promise<void> {
  const { resources } = read.manifest;
  const folders = new Set([root]);
  for (const { name } of resources) for (let folder = dirname(to(name)); folder !== root && !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o700 });
  let copied = 0;
  await forEach(resources, async ({ name }) => {
    context.signal.throwIfAborted();
    const target = to(name);
    // Shares the blocks where the file system can; what was copied is hashed afterwards, so it does not matter what was read here.
    await copyFile(name === '.' ? path : join(path, name), target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    await sync(target);
    copied += 1;
    context.progress(`copied ${String(copied)} of ${String(resources.length)} files`);
  });
  await forEach(folders, sync);
}

async function refuseOtherBytes(context: OperationContext, path: string, digest: string, sentence: string): Promise<void> {
  const copy = await readModelContent(context, path, 'reading the copy');
  if (copy.digest !== digest) throw new ElulmcError('CONFLICT', `${path} ${sentence}: digest ${copy.digest}, not ${digest}`, { field: 'import' });
}

/**
 * A durable copy of a model below ELULMC_HOME/models, whole or not there: it is written beside its place, hashed, and renamed. A copy
 * that an interrupted call has left is made anew; one that is in place already must have the same digest. Gives the path to register.
 * CONFLICT when the place holds other files, or the files changed while they were copied.
 */
export async function importModel(context: OperationContext, named: ImportedName, content: ModelContent): Promise<string> {
  const { folder, model } = placeOf(context, named, content);
  if (existsSync(folder)) {
    await refuseOtherBytes(context, model, content.digest, 'is there already, and registered nowhere, with other files; move it away');
    return model;
  }
  const draft = join(dirname(folder), `.${named.version}.import`);
  const inDraft = (path: string): string => join(draft, path);
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  try {
    await copyFiles(context, content, (name) => inDraft(name === '.' ? basename(content.path) : name), draft);
    await refuseOtherBytes(context, model === folder ? draft : inDraft(basename(model)), content.digest, 'is not what was read before: the files changed');
    renameSync(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  for (const parent of [dirname(folder), context.services.home.models, context.services.home.root]) await sync(parent);
  return model;
}
