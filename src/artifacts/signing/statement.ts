import { asRecord } from '../../core/json.ts';
import { isDigest, isHashName } from '../manifest/digest.ts';
import type { HashName } from '../manifest/digest.ts';
import { DEFAULT_SHARD_BYTES, parseShardName, rootOf } from '../manifest/manifest.ts';
import type { Manifest, Resource, Serialization } from '../manifest/manifest.ts';
import { shown, shownList } from './check-report.ts';
import type { CheckReport } from './check-report.ts';
import { nameFault } from './resource-names.ts';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PREDICATE_TYPE = 'https://model_signing/signature/v1.0';
/** One subject for each file and no ROOT: releases before 1.0. */
const PREDICATE_TYPE_BEFORE_10 = 'https://model_signing/Digests/v0.1';

const MAX_RESOURCES = 1_000_000;

/** What was signed about a model. */
export interface SignedStatement {
  readonly manifest: Manifest;
  /** Over the manifest, and what the statement says where it says it. */
  readonly root: string;
  readonly allowLinks: boolean;
  /** As they were signed; empty before release 1.1. */
  readonly ignorePaths: readonly string[];
  readonly isBefore10: boolean;
}

type Draft = Omit<SignedStatement, 'root' | 'manifest'> & { readonly serialization: Serialization; readonly hash: HashName };

function parsePayload(payload: Buffer): Record<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
  } catch {
    return undefined;
  }
}

function readSerialization(value: unknown, report: CheckReport): Draft | null {
  const {
    method,
    hash_type: hash,
    shard_size: shardSize = DEFAULT_SHARD_BYTES,
    allow_symlinks: links = false,
    ignore_paths: ignored = [],
  } = asRecord(value) ?? {};
  const isMethod = method === 'files' || method === 'shards';
  if (!isMethod) return report.fail('serialization', { expected: 'files or shards', found: `method ${shown(method)}` });
  if (typeof hash !== 'string' || !isHashName(hash))
    return report.fail('serialization', { expected: 'sha256, blake2b or blake3', found: `hash_type ${shown(hash)}` });
  const isSize = method === 'files' || (Number.isSafeInteger(shardSize) && Number(shardSize) > 0);
  if (!isSize) return report.fail('serialization', { expected: 'a number of bytes above 0', found: `shard_size ${shown(shardSize)}` });
  if (typeof links !== 'boolean') return report.fail('serialization', { expected: 'true or false', found: `allow_symlinks ${shown(links)}` });
  const isList = Array.isArray(ignored) && ignored.every((entry) => typeof entry === 'string');
  if (!isList) return report.fail('serialization', { expected: 'a list of paths', found: `ignore_paths ${shown(ignored)}` });
  report.that('serialization', true, { found: `${method}, ${hash}` });
  const serialization: Serialization = method === 'files' ? { method } : { method, shardSize: Number(shardSize) };
  return { serialization, hash, allowLinks: links, ignorePaths: ignored, isBefore10: false };
}

/** Names of the algorithm that a resource may carry: in shards the reference implementation writes the size of them as well. */
function algorithmsOf({ serialization, hash }: Draft): readonly string[] {
  return serialization.method === 'files' ? [hash] : [hash, `${hash}-sharded-${String(serialization.shardSize)}`];
}

function readResource(value: unknown, draft: Draft, algorithms: readonly string[]): Resource | string {
  const { name, algorithm, digest } = asRecord(value) ?? {};
  if (typeof name !== 'string') return 'a resource without a name';
  if (typeof algorithm !== 'string' || !algorithms.includes(algorithm)) return `${shown(name)}: algorithm ${shown(algorithm)}`;
  if (typeof digest !== 'string' || !isDigest(digest, draft.hash)) return `${shown(name)}: digest ${shown(digest)}`;
  if (draft.serialization.method === 'shards' && parseShardName(name) === undefined) return `${shown(name)} names no shard`;
  return { name, digest };
}

function readResources(listed: unknown, draft: Draft, report: CheckReport): readonly Resource[] | null {
  if (!Array.isArray(listed)) return report.fail('resources', { expected: 'a list', found: shown(listed) });
  if (listed.length > MAX_RESOURCES) return report.fail('resources', { expected: `at most ${String(MAX_RESOURCES)}`, found: String(listed.length) });
  const algorithms = algorithmsOf(draft);
  const resources: Resource[] = [];
  for (const item of listed) {
    const resource = readResource(item, draft, algorithms);
    if (typeof resource === 'string') return report.fail('resources', { expected: `digests in lower-case hex by ${draft.hash}`, found: resource });
    resources.push(resource);
  }
  return acceptNames(resources, draft.serialization, report) ? resources : null;
}

/** Names that stay inside of the model, each once. */
function acceptNames(resources: readonly Resource[], { method }: Serialization, report: CheckReport): boolean {
  const pathOf = (name: string): string => (method === 'files' ? name : (parseShardName(name)?.path ?? name));
  const paths = new Set(resources.map(({ name }) => pathOf(name)));
  const faulty = [...paths].filter((path) => nameFault(path, paths.size === 1) !== undefined);
  if (faulty.length > 0 && !report.finding('resource-name', shownList(faulty))) return false;
  const digests = new Map<string, string>();
  const doubled = new Set<string>();
  for (const { name, digest } of resources) {
    const before = digests.get(name);
    if (before !== undefined && before !== digest) return report.that('resources', false, { found: `${shown(name)} is listed with two digests` });
    if (before !== undefined) doubled.add(name);
    digests.set(name, digest);
  }
  if (doubled.size > 0 && !report.finding('duplicate-resource', shownList([...doubled]))) return false;
  return report.that('resources', true, { found: `${String(resources.length)} resources` });
}

/** The older form: subjects are the files. */
function readBefore10(subjects: readonly unknown[], report: CheckReport): SignedStatement | null {
  if (!report.finding('pre-1.0', `predicate ${PREDICATE_TYPE_BEFORE_10}`)) return null;
  if (!report.that('subject', subjects.length > 0, { expected: 'one for each file', found: `${String(subjects.length)} subjects` })) return null;
  const draft: Draft = { serialization: { method: 'files' }, hash: 'sha256', allowLinks: false, ignorePaths: [], isBefore10: true };
  report.that('serialization', true, { found: 'files, sha256: there is no other' });
  const listed = subjects.map((subject) => {
    const { name, digest, annotations } = asRecord(subject) ?? {};
    const algorithm = asRecord(annotations)?.['actual_hash_algorithm'];
    return { name, algorithm: algorithm === 'file-sha256' ? 'sha256' : algorithm, digest: asRecord(digest)?.['sha256'] };
  });
  const resources = readResources(listed, draft, report);
  if (resources === null) return null;
  const root = rootOf(resources);
  report.that('root', true, { found: `${root}, which is not signed as such` });
  return { manifest: { serialization: draft.serialization, hash: draft.hash, resources }, root, allowLinks: false, ignorePaths: [], isBefore10: true };
}

/**
 * Reads the bytes of a payload whose signature holds, with the checks `statement-type` to `root`. Null when one of them failed.
 * Members that are not known are passed over, as version 1.0 says.
 */
export function readStatement(payload: Buffer, report: CheckReport): SignedStatement | null {
  const json = parsePayload(payload);
  if (json === undefined) return report.fail('statement-type', { expected: 'a JSON object', found: 'something else' });
  const { _type: type, predicateType, predicate, subject } = json;
  if (!report.that('statement-type', type === STATEMENT_TYPE, { expected: STATEMENT_TYPE, found: shown(type) })) return null;
  const isOlder = predicateType === PREDICATE_TYPE_BEFORE_10;
  if (!report.that('predicate-type', predicateType === PREDICATE_TYPE || isOlder, { expected: PREDICATE_TYPE, found: shown(predicateType) })) return null;
  if (isOlder && Array.isArray(subject)) return readBefore10(subject, report);
  const [only, ...others] = Array.isArray(subject) ? (subject as unknown[]) : [];
  const signedRoot = asRecord(asRecord(only)?.['digest'])?.['sha256'];
  const isOne = others.length === 0 && typeof signedRoot === 'string' && isDigest(signedRoot, 'sha256');
  if (!isOne)
    return report.fail('subject', { expected: 'one with a SHA-256', found: Array.isArray(subject) ? `${String(subject.length)} subjects` : shown(subject) });
  report.that('subject', true);
  const { serialization, resources: listed } = asRecord(predicate) ?? {};
  const draft = readSerialization(serialization, report);
  const resources = draft === null ? null : readResources(listed, draft, report);
  if (draft === null || resources === null) return null;
  const root = rootOf(resources);
  if (!report.that('root', root === signedRoot, { expected: signedRoot, found: root })) return null;
  if (draft.hash !== 'sha256' && !report.finding('hash-type', draft.hash)) return null;
  const { serialization: kind, hash, ...rest } = draft;
  return { manifest: { serialization: kind, hash, resources }, root, ...rest };
}
