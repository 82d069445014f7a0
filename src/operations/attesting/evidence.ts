import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CollectedEvidence } from '../../attestation/collect/evidence-source.ts';
import { MAX_EVIDENCE_BYTES, readEvidenceFile } from '../../attestation/evidence-file.ts';
import type { EvidenceFile } from '../../attestation/evidence-file.ts';
import { guessKind } from '../../attestation/guess-kind.ts';
import { ElulmcError } from '../../core/errors.ts';
import { readNamedFile } from './fields.ts';
import type { AttestationFinding } from './report.ts';
import { attestationSettings } from './settings.ts';
import type { OperationContext } from '../context.ts';
import { readableHere } from '../host-paths.ts';

/** Evidence of one machine as it was found. */
export interface FoundEvidence {
  /** Null: the file does not say. */
  readonly host: string | null;
  readonly collectedAt: string | null;
  readonly evidence: readonly CollectedEvidence[];
  /** Whether check-enclave made the file: then its challenge went through the binding. */
  readonly isFile: boolean;
  /** What this installation asked with; null: another one asked, or nobody knows. */
  readonly kept: { readonly nonce: Buffer | null; readonly reportData: Buffer } | null;
  /** As config.yaml names it. */
  readonly policy: string | null;
}

function keptBelow(context: OperationContext): string {
  return join(context.services.home.evidence, 'attestation');
}

function foundIn(file: EvidenceFile, isOurs: boolean, policy: string | null = null): FoundEvidence {
  const { nonce, reportData } = file.challenge;
  const kept = { nonce: nonce === null ? null : Buffer.from(nonce, 'hex'), reportData: Buffer.from(reportData, 'hex') };
  return { host: file.host, collectedAt: file.collectedAt, evidence: file.evidence, isFile: true, kept: isOurs ? kept : null, policy };
}

/** Whether the file lies where this installation keeps what it asked for. */
function isOurs(context: OperationContext, path: string): boolean {
  const folder = keptBelow(context);
  return existsSync(folder) && realpathSync(path).startsWith(`${realpathSync(folder)}/`);
}

/** What `--evidence` names. FIELD_INVALID when it looks like no kind of evidence. */
export function givenEvidence(context: OperationContext, given: string): FoundEvidence {
  const bytes = readNamedFile(context, given, 'evidence');
  const file = readEvidenceFile(bytes);
  if (file !== undefined) return foundIn(file, isOurs(context, readableHere(context, given, 'evidence')));
  const kind = guessKind(bytes);
  if (kind === null) {
    const known = 'an evidence file of check-enclave, a report of SEV-SNP, a quote of TDX, SGX or a TPM, a document of Nitro, or what NVIDIA signs';
    throw new ElulmcError('FIELD_INVALID', `evidence: ${given} is none of: ${known}`, { field: 'evidence' });
  }
  return { host: null, collectedAt: null, evidence: [{ kind, interface: 'given', evidence: bytes, inputs: {} }], isFile: false, kept: null, policy: null };
}

/** Of the files that were written last: who leaves files in a folder may clear it seldom. */
const LOOKED_INTO = 20;

/** The newest file by what it says; undefined: none of them is an evidence file. */
function newestOf(paths: readonly string[]): EvidenceFile | undefined {
  const stats = paths.map((path) => ({ path, stat: statSync(path) })).filter(({ stat }) => stat.isFile() && stat.size <= MAX_EVIDENCE_BYTES);
  const last = stats.toSorted((a, b) => b.stat.mtimeMs - a.stat.mtimeMs).slice(0, LOOKED_INTO);
  const files = last.flatMap(({ path }) => readEvidenceFile(readFileSync(path)) ?? []);
  return files.toSorted((a, b) => (a.collectedAt < b.collectedAt ? 1 : -1))[0];
}

function filesIn(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => join(folder, name));
}

/** What check-enclave kept of one host: files are named by their time, so the last one is the newest. Null: there is none. */
function newestKept(folder: string): EvidenceFile | string | null {
  const path = filesIn(folder).at(-1);
  return path === undefined ? null : readRegistered(path);
}

function keptHosts(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return entries.map(({ name }) => name).sort();
}

function unreadable(host: string, path: string, why: string): AttestationFinding {
  return { code: 'no-evidence', host, blocks: true, text: `${path}: ${why}` };
}

function readRegistered(path: string): EvidenceFile | string {
  try {
    const file = newestOf(statSync(path).isDirectory() ? filesIn(path) : [path]);
    return file ?? 'holds no evidence file of check-enclave';
  } catch (error) {
    return (error as Error).message;
  }
}

/** How old evidence is that nobody asks for now. */
function ageFinding({ host, collectedAt }: FoundEvidence, maxAgeMs: number, clockMs: number): readonly AttestationFinding[] {
  const ageMs = clockMs - Date.parse(collectedAt ?? '');
  if (ageMs <= maxAgeMs) return [];
  const hours = Math.floor(ageMs / 3_600_000);
  const text = `collected at ${collectedAt ?? 'an unknown time'}, ${String(hours)} hours ago, more than attestation.maxAge: elulmc deployment check-enclave asks anew`;
  return [{ code: 'too-old', host, blocks: true, text }];
}

/** The newest evidence of every host of config.yaml and of every one that check-enclave has asked. CONFIG_INVALID. */
export function registeredHosts(
  context: OperationContext,
  clockMs: number,
): { readonly hosts: readonly FoundEvidence[]; readonly findings: readonly AttestationFinding[] } {
  const settings = attestationSettings(context);
  const hosts: FoundEvidence[] = [];
  const findings: AttestationFinding[] = [];
  for (const { name, evidence, policy } of settings.hosts) {
    const path = resolve(context.services.home.root, evidence);
    const file = readRegistered(path);
    if (typeof file === 'string') findings.push(unreadable(name, evidence, file));
    else hosts.push({ ...foundIn(file, isOurs(context, path), policy), host: name });
  }
  const folder = keptBelow(context);
  const known = new Set(settings.hosts.map(({ name }) => name));
  for (const name of keptHosts(folder)) {
    const file = known.has(name) ? null : newestKept(join(folder, name));
    if (typeof file === 'string') findings.push(unreadable(name, join(folder, name), file));
    else if (file !== null) hosts.push(foundIn(file, true));
  }
  return { hosts, findings: [...findings, ...hosts.flatMap((host) => ageFinding(host, settings.maxAge, clockMs))] };
}
