import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { compareManifests, isSameManifest } from '../../artifacts/manifest/compare-manifests.ts';
import type { ManifestDifference } from '../../artifacts/manifest/compare-manifests.ts';
import { hashModel } from '../../artifacts/manifest/hash-model.ts';
import type { HashingOptions } from '../../artifacts/manifest/hash-pool.ts';
import { DEFAULT_IGNORES, isIgnored } from '../../artifacts/manifest/ignored-paths.ts';
import { rootOf } from '../../artifacts/manifest/manifest.ts';
import { walkModel } from '../../artifacts/manifest/model-walk.ts';
import type { ModelProblem, ProblemKind } from '../../artifacts/manifest/model-walk.ts';
import { shownList } from '../../artifacts/signing/check-report.ts';
import { problemTexts } from '../../artifacts/signing/model-files.ts';
import type { FilesRead } from '../../artifacts/signing/model-files.ts';
import type { RegisteredFile, RegisteredModel } from '../../services/registry/service.ts';
import { isSignatureFile } from '../models/signature-file.ts';
import type { VerificationCheck } from './verification-report.ts';

/** The files of a registered model as they are now. */
export interface RegisteredFiles extends ManifestDifference {
  readonly checks: readonly VerificationCheck[];
  /** Absolute, links resolved. */
  readonly path: string;
  readonly read: FilesRead;
  /** Signatures in the folder: no part of a manifest, and no difference. */
  readonly signatureFiles: readonly string[];
}

/** Nobody can say what is in such a file. Every other problem says that it is no longer the file that it was. */
const UNKNOWN: ReadonlySet<ProblemKind> = new Set<ProblemKind>(['unreadable', 'changed', 'limit']);

function realPathOf(location: string): string {
  try {
    return realpathSync(location);
  } catch {
    return location;
  }
}

/** The default entries, but those that the model was registered with. */
function ignoredFor(listed: readonly RegisteredFile[]): ReadonlySet<string> {
  return new Set(DEFAULT_IGNORES.filter((entry) => !listed.some(({ name }) => isIgnored(name, new Set([entry])))));
}

async function readFiles(path: string, listed: readonly RegisteredFile[], options: HashingOptions): Promise<FilesRead> {
  const { files, links, problems, ignored } = await walkModel(path, { ignored: ignoredFor(listed), links: 'refuse', signal: options.signal });
  const hashed = await hashModel(files, { ...options, serialization: { method: 'files' }, hash: 'sha256' });
  return { ...hashed, problems: [...problems, ...hashed.problems], links, ignored };
}

/** Whether a problem is only that nothing is there. */
function isGone({ kind, name, detail }: ModelProblem): boolean {
  return kind === 'unreadable' && name === '.' && (detail === 'ENOENT' || detail === 'ENOTDIR');
}

/** Names of files, and of the folders that they lie in. */
function pathsOf(listed: readonly RegisteredFile[]): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const { name } of listed) {
    paths.add(name);
    for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) paths.add(name.slice(0, slash));
  }
  return paths;
}

/** Differences in names and digests; what could not be read is in none of the lists. */
function differenceOf(listed: readonly RegisteredFile[], { manifest, problems }: FilesRead, path: string) {
  const wanted = listed.map(({ name, sha256 }) => ({ name, digest: sha256 }));
  const { extra, missing, changed } = compareManifests(wanted, manifest.resources);
  const troubled = new Set(problems.filter((problem) => !isGone(problem)).map(({ name }) => name));
  const signatureFiles = new Set(extra.filter((name) => name.endsWith('.sig') && isSignatureFile(join(path, name))));
  const replaced = problems.filter(({ kind }) => !UNKNOWN.has(kind)).map(({ name }) => name);
  const known = pathsOf(listed);
  return {
    extra: [...extra.filter((name) => !signatureFiles.has(name)), ...replaced.filter((name) => !known.has(name))],
    missing: missing.filter((name) => !isIgnored(name, troubled)),
    changed: [...changed, ...replaced.filter((name) => known.has(name))],
    signatureFiles,
  };
}

function describe(difference: ManifestDifference, problems: readonly ModelProblem[]): string {
  const lists = (['changed', 'missing', 'extra'] as const)
    .filter((what) => difference[what].length > 0)
    .map((what) => `${what}: ${shownList(difference[what])}`);
  const told = problemTexts(problems.filter((problem) => !isGone(problem)));
  return [...lists, ...(told.length === 0 ? [] : [shownList(told)])].join('; ');
}

/**
 * Reads every file of a registered model and compares names and digests with its manifest: the checks `registered-files` and
 * `registered-digest`. A difference fails; a file that cannot be read leaves the answer open. Rejects with the signal's reason.
 */
export async function checkRegisteredFiles(
  { location, digest }: Pick<RegisteredModel, 'location' | 'digest'>,
  listed: readonly RegisteredFile[],
  options: HashingOptions,
): Promise<RegisteredFiles> {
  const path = realPathOf(location);
  const read = await readFiles(path, listed, options);
  const { signatureFiles, ...difference } = differenceOf(listed, read, path);
  const isSame = isSameManifest(difference);
  const isWhole = read.problems.every(isGone);
  const found = describe(difference, read.problems);
  const files: VerificationCheck = {
    name: 'registered-files',
    outcome: isSame ? (isWhole ? 'pass' : 'unknown') : 'fail',
    expected: `${String(listed.length)} files as registered`,
    found: found === '' ? `${String(read.manifest.resources.length - signatureFiles.size)} files` : found,
  };
  const root = rootOf(read.manifest.resources.filter(({ name }) => !signatureFiles.has(name)));
  const checks: VerificationCheck[] = [
    files,
    { name: 'registered-digest', outcome: isWhole ? (root === digest ? 'pass' : 'fail') : 'skipped', expected: digest, found: isWhole ? root : null },
  ];
  if (signatureFiles.size > 0) checks.push({ name: 'signature-files', outcome: 'note', expected: null, found: shownList([...signatureFiles]) });
  return { ...difference, checks, path, read, signatureFiles: [...signatureFiles] };
}
