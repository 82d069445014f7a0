import { createHash } from 'node:crypto';
import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { hashModel } from '../../artifacts/manifest/hash-model.ts';
import type { HashingOptions } from '../../artifacts/manifest/hash-pool.ts';
import { DEFAULT_IGNORES } from '../../artifacts/manifest/ignored-paths.ts';
import { rootOf } from '../../artifacts/manifest/manifest.ts';
import { walkModel } from '../../artifacts/manifest/model-walk.ts';
import type { ModelFile, ModelProblem } from '../../artifacts/manifest/model-walk.ts';
import { shownList } from '../../artifacts/signing/check-report.ts';
import { problemTexts } from '../../artifacts/signing/model-files.ts';
import type { FilesRead } from '../../artifacts/signing/model-files.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { OperationContext } from '../context.ts';
import { isSignatureFile } from './signature-file.ts';

/** The files of a model, hashed: what it is addressed by. */
export interface ModelContent {
  /** Absolute, links resolved. */
  readonly path: string;
  /** OMS root over `read.manifest`; hexadecimal. */
  readonly digest: string;
  readonly read: FilesRead;
}

/** A manifest is one value in the database. */
const MAX_FILES = 100_000;
const PERCENT = 100;
/** Files between two turns of the event loop, in which others are served. */
const TURN = 500;

/** Hashing in the control plane leaves cores to the gateways of the same host; progress is said in percent. */
export function hashingIn(context: OperationContext, what: string): HashingOptions {
  return {
    threads: context.local ? undefined : 2,
    signal: context.signal,
    onProgress: ({ bytes, totalBytes }) => {
      if (totalBytes > 0) context.progress(`${what}: ${String(Math.floor((bytes * PERCENT) / totalBytes))} % of ${(totalBytes / 1e9).toFixed(2)} GB`);
    },
  };
}

function refuseProblems(path: string, problems: readonly ModelProblem[], field: string): void {
  if (problems.length === 0) return;
  const links = problems.some(({ kind }) => kind === 'link') ? '; a registered model holds its files itself: copy it with cp -rL first' : '';
  throw new ElulmcError('FIELD_INVALID', `${field}: ${path} cannot be a model: ${shownList(problemTexts(problems), 5)}${links}`, { field });
}

/** Changes when a file is written to, replaced or touched. */
async function printOf(files: readonly ModelFile[]): Promise<string> {
  const print = createHash('sha256');
  for (const [at, { name, path }] of files.entries()) {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    print.update([name, stats?.dev, stats?.ino, stats?.size, stats?.mtimeNs, stats?.ctimeNs].join('\0') + '\n');
    if (at % TURN === 0) await nextTurn();
  }
  return print.digest('hex');
}

async function hashFiles(path: string, files: readonly ModelFile[], options: HashingOptions, field: string): Promise<ModelContent> {
  const hashed = await hashModel(files, { ...options, serialization: { method: 'files' }, hash: 'sha256', maxResources: MAX_FILES });
  refuseProblems(path, hashed.problems, field);
  return { path, digest: rootOf(hashed.manifest.resources), read: { ...hashed, links: [], ignored: [] } };
}

/** What one call has read: it plans and performs on the same bytes. A call is known by its signal. */
const readBefore = new WeakMap<AbortSignal, { readonly print: string; readonly content: ModelContent }>();

/**
 * Hashes a file or folder. Signatures in it are no part of it, nor are `.git` and the like. FIELD_INVALID for what a manifest cannot
 * describe: symbolic links, special files, more than 100,000 files, nothing at all. Within one call files that did not change are read
 * once. Rejects with the signal's reason.
 */
export async function readModelContent(context: OperationContext, given: string, what: string, field = 'model'): Promise<ModelContent> {
  const path = realpathSync(given);
  const { signal } = context;
  const walked = await walkModel(path, { ignored: new Set(DEFAULT_IGNORES), links: 'refuse', signal });
  const found = walked.files.filter(({ name }) => !(name.endsWith('.sig') && isSignatureFile(join(path, name))));
  const files = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  refuseProblems(path, walked.problems, field);
  if (files.length === 0) throw new ElulmcError('FIELD_INVALID', `${field}: ${path} holds no files`, { field });
  const print = await printOf(files);
  const before = readBefore.get(signal);
  if (before?.print === print && before.content.path === path) return before.content;
  const content = await hashFiles(path, files, hashingIn(context, what), field);
  if (print === (await printOf(files))) readBefore.set(signal, { print, content });
  return content;
}
