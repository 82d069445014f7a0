import { resolve as absolute } from 'node:path';
import { hashModel } from '../manifest/hash-model.ts';
import type { HashedModel } from '../manifest/hash-model.ts';
import type { HashingOptions } from '../manifest/hash-pool.ts';
import { DEFAULT_IGNORES, ignoreEntries } from '../manifest/ignored-paths.ts';
import { parseShardName } from '../manifest/manifest.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { walkModel } from '../manifest/model-walk.ts';
import type { ModelLink, ModelProblem, WalkedModel } from '../manifest/model-walk.ts';

/** Which files belong to a model: the same rules for who signs and who verifies. */
export interface ModelFilesOptions extends HashingOptions {
  /** A file or a folder. */
  readonly model: string;
  /** Where the signature lies; left out where it lies inside of the model. */
  readonly signaturePath?: string | undefined;
  /** Paths to leave out with all below them, relative to the model or absolute. */
  readonly ignore?: readonly string[] | undefined;
  /** False: `.git`, `.github`, `.gitignore` and `.gitattributes` belong to the model. */
  readonly useDefaultIgnores?: boolean | undefined;
}

export interface FilesRead extends HashedModel {
  readonly links: readonly ModelLink[];
  /** Ignored entries that are there. */
  readonly ignored: readonly string[];
}

/** Entries that are left out, as paths relative to the model. */
export function ignoredEntries(options: ModelFilesOptions): readonly string[] {
  const { model, signaturePath, ignore = [], useDefaultIgnores = true } = options;
  // A path to the signature is one for the process, not one below the model.
  const signature = signaturePath === undefined ? [] : ignoreEntries(model, [absolute(signaturePath)]);
  return [...new Set([...(useDefaultIgnores ? DEFAULT_IGNORES : []), ...signature.filter((entry) => entry !== '.'), ...ignoreEntries(model, ignore)])];
}

/** Only what a manifest lists, and the problems that stand in the way of it. */
function onlyListed(walked: WalkedModel, { serialization, resources }: Manifest): WalkedModel {
  const paths = new Set(resources.map(({ name }) => (serialization.method === 'files' ? name : (parseShardName(name)?.path ?? name))));
  const folders = new Set<string>(['.']);
  for (const path of paths) for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) folders.add(path.slice(0, slash));
  const isListed = ({ name }: { readonly name: string }): boolean => paths.has(name) || folders.has(name);
  return {
    files: walked.files.filter(({ name }) => paths.has(name)),
    links: walked.links.filter(isListed),
    problems: walked.problems.filter(isListed),
    ignored: walked.ignored,
  };
}

export interface ReadFilesOptions extends ModelFilesOptions {
  readonly serialization: Manifest['serialization'];
  readonly hash: Manifest['hash'];
  readonly links: 'refuse' | 'follow';
  /** Signed paths that are left out as well. */
  readonly signedIgnores?: readonly string[];
  /** Hash only what this lists. */
  readonly only?: Manifest | undefined;
}

/** Visits and hashes a model. Nothing is hashed when the visit found problems. Rejects only with the signal's reason. */
export async function readModelFiles(options: ReadFilesOptions): Promise<FilesRead> {
  const { model, links, only, signedIgnores = [], serialization, hash, signal } = options;
  const ignored = new Set([...ignoredEntries(options), ...ignoreEntries(model, signedIgnores)]);
  const all = await walkModel(model, { ignored, links, signal });
  const walked = only === undefined ? all : onlyListed(all, only);
  if (walked.problems.length > 0) {
    return { manifest: { serialization, hash, resources: [] }, problems: walked.problems, bytes: 0, links: walked.links, ignored: walked.ignored };
  }
  return { ...(await hashModel(walked.files, options)), links: walked.links, ignored: walked.ignored };
}

export function problemTexts(problems: readonly ModelProblem[]): readonly string[] {
  return problems.map(({ name, detail }) => `${name}: ${detail}`);
}
