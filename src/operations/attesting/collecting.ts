import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { BoundParts } from '../../attestation/binding.ts';
import { collectEvidence } from '../../attestation/collect/collect-evidence.ts';
import type { Collection } from '../../attestation/collect/collect-evidence.ts';
import type { EvidenceSource, LookedFor, TpmWish } from '../../attestation/collect/evidence-source.ts';
import { hostFiles } from '../../attestation/collect/host-files.ts';
import { evidenceFileText } from '../../attestation/evidence-file.ts';
import type { EvidenceFile } from '../../attestation/evidence-file.ts';
import { asRecord } from '../../core/json.ts';
import { replaceFile } from '../../core/atomic-file.ts';
import { wallAt } from '../../core/clock.ts';
import { childEnvironment } from '../../core/environment.ts';
import { processRunner } from '../../services/processes/process-runner.ts';
import type { AttestedEvidence } from './attest.ts';
import { boundQuestion } from './challenge.ts';
import type { Question } from './challenge.ts';
import type { ChosenPolicy } from './policies.ts';
import type { Answer } from './report.ts';
import type { OperationContext } from '../context.ts';

const NONCE_BYTES = 32;
const PROGRAM_MS = 20_000;
/** Firmware, boot loader, kernel, measured files, the boot loader's own keys. */
const USUAL_PCRS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14];
const IMA_PCR = 10;
const KEPT_FOR_EACH_HOST = 100;
const HOST_NAME = /[^A-Za-z0-9._-]+/gu;

/** How a host is asked. */
export interface CollectWishes {
  /** Absolute; `/` is this host itself, another folder a recorded tree. */
  readonly root: string;
  readonly host: string | null;
  readonly tcti: string | null;
  readonly attestationKey: string | null;
  readonly nonce: Buffer | null;
  readonly reportData: Buffer | null;
  readonly parts: BoundParts;
}

/** What a host gave, with the question that it was asked. */
export interface CollectedHost extends Collection {
  readonly file: EvidenceFile;
  readonly question: Question;
  readonly items: readonly AttestedEvidence[];
}

/** PCRs that the policy asks for, else the usual ones; null: quotes of a TPM do not count. */
function tpmWish(chosen: ChosenPolicy | null, key: string | null): TpmWish | null {
  const policy = asRecord(chosen?.policy.kinds.get('tpm2')?.given);
  if (policy === undefined) return null;
  const { required_pcrs: required, files } = policy;
  const wanted = Array.isArray(required) ? (required as readonly number[]) : [];
  const all = files === undefined ? wanted : [...wanted, IMA_PCR];
  const pcrs = [...new Set(all.length === 0 ? USUAL_PCRS : all)].sort((a, b) => a - b);
  return { key, pcrs };
}

function questionOf({ nonce, reportData, parts }: CollectWishes): Question {
  if (reportData !== null) return { from: 'given', nonce: null, reportData, binds: true };
  return boundQuestion(nonce ?? randomBytes(NONCE_BYTES), parts, 'given');
}

/** A name that is safe in a path. */
function hostNameOf(name: string): string {
  const safe = name
    .replaceAll(HOST_NAME, '-')
    .replace(/^[.-]+/u, '')
    .slice(0, 64);
  return safe === '' ? 'host' : safe;
}

/** Asks a host with a challenge of its own and says what it answered. FIELD_INVALID for a nonce that cannot be bound. */
export async function collectFrom(context: OperationContext, wishes: CollectWishes, chosen: ChosenPolicy | null): Promise<CollectedHost> {
  const question = questionOf(wishes);
  const source: EvidenceSource = {
    files: hostFiles(wishes.root),
    live: wishes.root === '/',
    run: (argv) => {
      context.progress(`running ${argv[0] ?? ''}`);
      return processRunner.run(argv, { env: childEnvironment(), timeoutMs: PROGRAM_MS });
    },
    tcti: wishes.tcti ?? 'device:/dev/tpmrm0',
    tpm: tpmWish(chosen, wishes.attestationKey),
  };
  const reportData = question.reportData ?? randomBytes(2 * NONCE_BYTES);
  context.progress('looking for interfaces that give evidence');
  const collection = await collectEvidence(source, { reportData, nonce: reportData.subarray(0, NONCE_BYTES) });
  context.signal.throwIfAborted();
  const host = hostNameOf(wishes.host ?? hostname());
  const { looked, evidence } = collection;
  const challenge = { nonce: question.nonce?.toString('hex') ?? null, reportData: reportData.toString('hex') };
  const file: EvidenceFile = { host, collectedAt: wallAt(), challenge, looked, evidence };
  return { ...collection, file, question, items: evidence.map((one) => ({ ...one, host, collectedAt: file.collectedAt, question })) };
}

/** Interfaces that belong to no enclave. */
const NO_ENCLAVE: ReadonlySet<string> = new Set(['tpm', 'tpm-event-log', 'ima-list']);

function isHint({ interface: name, outcome }: LookedFor, asksTpm: boolean): boolean {
  if (outcome === 'absent' || outcome === 'found') return false;
  return name === 'tpm' ? asksTpm : !NO_ENCLAVE.has(name);
}

/** The answer where nothing gave evidence: whether something is there that could. */
export function answerWithout({ looked, facts }: Collection, chosen: ChosenPolicy | null): Answer {
  const asksTpm = chosen?.policy.kinds.has('tpm2') === true;
  return facts.some(({ hint }) => hint) || looked.some((one) => isHint(one, asksTpm)) ? 11 : 10;
}

/** Keeps the newest files of each host below the home. Returns the path of this one. */
export function keepEvidence(folder: string, file: EvidenceFile): string {
  const own = join(folder, 'attestation', file.host);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const path = join(own, `${file.collectedAt.replaceAll(/[:.]/gu, '-')}.json`);
  replaceFile(path, evidenceFileText(file));
  const kept = readdirSync(own)
    .filter((name) => name.endsWith('.json'))
    .sort();
  for (const old of kept.slice(0, -KEPT_FOR_EACH_HOST)) rmSync(join(own, old), { force: true });
  return path;
}
