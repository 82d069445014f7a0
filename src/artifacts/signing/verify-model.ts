import { compareManifests, isSameManifest } from '../manifest/compare-manifests.ts';
import type { ManifestDifference } from '../manifest/compare-manifests.ts';
import { DEFAULT_IGNORES, ignoreEntries, isIgnored } from '../manifest/ignored-paths.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { CheckReport, shownList } from './check-report.ts';
import type { SigningCheck, SigningVerdict } from './check-report.ts';
import { hiddenContent } from './hidden-content.ts';
import { ignoredEntries, problemTexts, readModelFiles } from './model-files.ts';
import type { FilesRead, ModelFilesOptions } from './model-files.ts';
import type { VerifiedSigner } from './signer.ts';
import type { SignedStatement } from './statement.ts';
import { verifySignature } from './verify-signature.ts';
import type { SigningMode, VerifySignatureOptions } from './verify-signature.ts';

export interface VerifyModelOptions extends VerifySignatureOptions, ModelFilesOptions {
  /**
   * What is done about symbolic links. Without an answer they are problems, unless the signer allowed them: then they are followed,
   * and `signed-links` is a finding.
   */
  readonly links?: 'refuse' | 'follow' | undefined;
  /** Files that are not listed are passed over instead of being `extra`. */
  readonly ignoreUnsigned?: boolean | undefined;
  /**
   * What the caller has just read of these files, each with one SHA-256 and links refused: they are not read a second time where that
   * is enough to judge the signature.
   */
  readonly hashed?: FilesRead | undefined;
}

/** What is known about a model and its signature. Never a single boolean. */
export interface ModelVerification extends ManifestDifference {
  /** `policy`: signature and files hold, and a finding remains that was not allowed. */
  readonly verdict: SigningVerdict;
  readonly checks: readonly SigningCheck[];
  /** SHA-256 over the listed digests, by which a model is addressed; null unless it is signed. */
  readonly root: string | null;
  readonly mode: SigningMode | null;
  readonly signer: VerifiedSigner | null;
  /** What was signed, also where the files differ: the baseline for a comparison. */
  readonly manifest: Manifest | null;
  /** Ignored entries that are there. */
  readonly ignored: readonly string[];
  /** Bytes that were hashed. */
  readonly bytes: number;
}

const NO_DIFFERENCE: ManifestDifference = { extra: [], missing: [], changed: [] };

function reportLinks({ links }: FilesRead, report: CheckReport): void {
  const of = (wanted: string): string => shownList(links.filter(({ kind }) => kind === wanted).map(({ name }) => name));
  for (const [kind, finding] of [
    ['outside', 'link-outside'],
    ['directory', 'directory-link'],
    ['inside', 'followed-link'],
  ] as const)
    if (links.some((link) => link.kind === kind)) report.finding(finding, of(kind));
}

/** What the signature leaves out, before anything is hashed. */
async function reportIgnored(statement: SignedStatement, options: VerifyModelOptions, report: CheckReport): Promise<void> {
  if (statement.allowLinks) report.finding('signed-links', 'allow_symlinks is true');
  const hidden = await hiddenContent(options.model, statement.ignorePaths, options.signal);
  if (hidden.length > 0) report.finding('ignored-content', shownList(hidden));
}

function describe({ extra, missing, changed }: ManifestDifference): string {
  return Object.entries({ extra, missing, changed })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what}: ${shownList(names)}`)
    .join('; ');
}

/** What was read already, without what the signature leaves out; undefined where it does not answer this signature. */
function readBefore({ manifest, ignorePaths }: SignedStatement, options: VerifyModelOptions): FilesRead | undefined {
  const { hashed, ignoreUnsigned = false } = options;
  const isEnough = hashed !== undefined && manifest.serialization.method === 'files' && manifest.hash === 'sha256' && !ignoreUnsigned;
  if (!isEnough || hashed.problems.length > 0 || hashed.links.length > 0) return undefined;
  const ignored = new Set([...ignoredEntries(options), ...ignoreEntries(options.model, ignorePaths)]);
  const resources = hashed.manifest.resources.filter(({ name }) => !isIgnored(name, ignored));
  return { ...hashed, manifest: { ...hashed.manifest, resources } };
}

/** Compares the files of a model with what was signed about them, with the checks `model` and `files`. */
async function compareFiles(statement: SignedStatement, options: VerifyModelOptions, report: CheckReport): Promise<FilesRead & ManifestDifference> {
  const { manifest, ignorePaths, allowLinks } = statement;
  const { serialization, hash } = manifest;
  const links = options.links ?? (allowLinks ? 'follow' : 'refuse');
  const only = options.ignoreUnsigned === true ? manifest : undefined;
  if (only !== undefined) report.finding('unsigned-files', 'only the listed files were looked at');
  const files = readBefore(statement, options) ?? (await readModelFiles({ ...options, serialization, hash, links, only, signedIgnores: ignorePaths }));
  reportLinks(files, report);
  const defaults = files.ignored.filter((name) => DEFAULT_IGNORES.includes(name));
  if (defaults.length > 0) report.finding('default-ignores', shownList(defaults));
  if (!report.that('model', files.problems.length === 0, { found: shownList(problemTexts(files.problems)) || undefined }))
    return { ...files, ...NO_DIFFERENCE };
  const difference = compareManifests(manifest.resources, files.manifest.resources);
  report.that('files', isSameManifest(difference), {
    expected: `${String(manifest.resources.length)} resources as signed`,
    found: describe(difference) || undefined,
  });
  return { ...files, ...difference };
}

/**
 * Verifies the signature of a model and then, only when it holds, its files (OpenSSF Model Signing 1.0; docs/formats/model-signature.md).
 * Nothing that a bundle or a model holds is thrown. Throws FIELD_INVALID for a trust that cannot be used; rejects with the signal's
 * reason.
 */
export async function verifyModel(options: VerifyModelOptions): Promise<ModelVerification> {
  const report = new CheckReport(options.allow, options.demand);
  const signed = verifySignature(options, report);
  if (signed === null) {
    const { verdict, checks } = report;
    return { verdict, checks, ...NO_DIFFERENCE, root: null, mode: null, signer: null, manifest: null, ignored: [], bytes: 0 };
  }
  const { statement, signer, mode } = signed;
  await reportIgnored(statement, options, report);
  const { extra, missing, changed, ignored, bytes } = await compareFiles(statement, options, report);
  const { verdict, checks } = report;
  return { verdict, checks, extra, missing, changed, root: statement.root, mode, signer, manifest: statement.manifest, ignored, bytes };
}
