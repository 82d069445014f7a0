import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ScanReport } from '../../artifacts/findings/report.ts';
import { compareManifests } from '../../artifacts/manifest/compare-manifests.ts';
import { DEFAULT_IGNORES, isIgnored } from '../../artifacts/manifest/ignored-paths.ts';
import type { Resource } from '../../artifacts/manifest/manifest.ts';
import { rootOf } from '../../artifacts/manifest/manifest.ts';
import { walkModel } from '../../artifacts/manifest/model-walk.ts';
import { comparePathParts } from '../../artifacts/manifest/path-order.ts';
import type { RegisteredFile, RegisteredModel } from '../../services/registry/service.ts';
import type { OperationContext } from '../context.ts';
import { isSignatureFile } from '../models/signature-file.ts';

/** The digest of what was scanned, from the digests that the scan computed itself. */
export interface ScannedDigest {
  /** Null: see `note`. */
  readonly digest: string | null;
  readonly note: string | null;
  /** The registered version with this digest, or the one that was asked for. */
  readonly registered: RegisteredModel | null;
  /** Null where there is no digest or no registered version to compare with. */
  readonly matches: boolean | null;
  readonly differs: readonly { readonly name: string; readonly fault: string }[];
}

const MAX_DIFFERING = 100;

interface Resources {
  readonly all: readonly Resource[];
  /** Those that are files of signatures, which may have been put there later. */
  readonly signatures: ReadonlySet<string>;
}

/** Names and digests as a manifest has them, or why there is none. */
async function resourcesOf(path: string, report: ScanReport, ignored: ReadonlySet<string>, signal: AbortSignal): Promise<Resources | string> {
  if (report.headersOnly) return 'headers only: no file was read to its end';
  const isFolder = statSync(path).isDirectory();
  const walked = await walkModel(path, { ignored, links: 'refuse', signal });
  const [problem] = walked.problems;
  if (problem !== undefined) return `${problem.name}: ${problem.detail}: a manifest cannot describe it`;
  const scanned = new Map(report.files.map((file) => [isFolder ? file.path : '.', file]));
  const all: Resource[] = [];
  for (const { name, size } of walked.files) {
    const file = scanned.get(name);
    if (file?.size !== size) return `${name} changed while it was scanned`;
    if (file.sha256 === null) return `${name} was not read to its end`;
    all.push({ name, digest: file.sha256 });
  }
  const counted = [...scanned.keys()].filter((name) => !isIgnored(name, ignored)).length;
  if (counted !== all.length) return 'other files were scanned than lie there now';
  const signatures = all.filter(({ name }) => name.endsWith('.sig') && isSignatureFile(join(path, name))).map(({ name }) => name);
  return { all: all.toSorted((a, b) => comparePathParts(a.name, b.name)), signatures: new Set(signatures) };
}

/** The default entries, but those that the model was registered with. */
function ignoredFor(listed: readonly RegisteredFile[]): ReadonlySet<string> {
  return new Set(DEFAULT_IGNORES.filter((entry) => !listed.some(({ name }) => isIgnored(name, new Set([entry])))));
}

/** Compares with the manifest of a registered version; signatures that were added later are no difference. */
async function againstRegistered(context: OperationContext, path: string, report: ScanReport, registered: RegisteredModel): Promise<ScannedDigest> {
  const listed = await context.services.registry.manifest(registered.id);
  const resources = await resourcesOf(path, report, ignoredFor(listed), context.signal);
  if (typeof resources === 'string') return { digest: null, note: resources, registered, matches: null, differs: [] };
  const names = new Set(listed.map(({ name }) => name));
  const own = resources.all.filter(({ name }) => names.has(name) || !resources.signatures.has(name));
  const wanted = listed.map(({ name, sha256 }) => ({ name, digest: sha256 }));
  const { extra, missing, changed } = compareManifests(wanted, own);
  const differs = [
    ...changed.map((name) => ({ name, fault: 'other bytes than registered' })),
    ...missing.map((name) => ({ name, fault: 'is missing' })),
    ...extra.map((name) => ({ name, fault: 'was not registered' })),
  ];
  const digest = rootOf(own);
  return { digest, note: null, registered, matches: digest === registered.digest, differs: differs.slice(0, MAX_DIFFERING) };
}

/** The digest of a path, and the registered version that has it: with the signatures that lie in the folder, else without them. */
async function ofPath(context: OperationContext, path: string, report: ScanReport): Promise<ScannedDigest> {
  const resources = await resourcesOf(path, report, new Set(DEFAULT_IGNORES), context.signal);
  if (typeof resources === 'string') return { digest: null, note: resources, registered: null, matches: null, differs: [] };
  const digest = rootOf(resources.all);
  const none = { digest, note: null, registered: null, matches: null, differs: [] };
  if (context.local) return none;
  const unsigned = rootOf(resources.all.filter(({ name }) => !resources.signatures.has(name)));
  for (const candidate of [digest, unsigned]) {
    const registered = await context.services.registry.byDigest(candidate);
    if (registered !== undefined) return { ...none, digest: candidate, registered, matches: true };
  }
  return none;
}

/** `registered`: the version that the caller named, or that lies at this path. Rejects with the signal's reason. */
export async function scannedDigest(context: OperationContext, path: string, report: ScanReport, registered: RegisteredModel | null): Promise<ScannedDigest> {
  return registered === null ? ofPath(context, path, report) : againstRegistered(context, path, report, registered);
}
