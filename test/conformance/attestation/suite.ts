import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Challenge, EvidenceKind } from '../../../src/attestation/evidence-kind.ts';
import type { RootName, RootStore } from '../../../src/attestation/roots.ts';
import { EVIDENCE_KINDS, verifyEvidence } from '../../../src/attestation/verify-evidence.ts';
import type { ConformanceCase, Suite } from '../suite.ts';
import { readTsv } from '../tsv.ts';

/** One line of `labels.tsv`. */
interface LabelledEvidence {
  readonly path: string;
  readonly kind: string;
  readonly expected: string;
  /** Codes with `|` between them: either counts. */
  readonly reason: string;
  readonly clockMs: number;
  readonly inputs: Readonly<Record<string, string>>;
  readonly policy: Readonly<Record<string, unknown>>;
}

/** Names that the labels use for roots; `root` is whichever one root the kind asks for. */
const ROOTS: Readonly<Partial<Record<string, RootName>>> = { ark_milan: 'amd-ark-milan', ark_genoa: 'amd-ark-genoa', ark_turin: 'amd-ark-turin' };

function readLabels(directory: string): LabelledEvidence[] {
  const file = join(directory, 'labels.tsv');
  if (!existsSync(file)) return [];
  return readTsv(file).map((cell) => {
    return {
      path: cell('path'),
      kind: cell('kind'),
      expected: cell('expected'),
      reason: cell('reason'),
      clockMs: Date.parse(cell('verify_at')),
      inputs: JSON.parse(cell('inputs') || '{}') as Record<string, string>,
      policy: JSON.parse(cell('policy') || '{}') as Record<string, unknown>,
    };
  });
}

/** In the labels the challenge stands among the policy's keys; here it is none of them. */
function splitPolicy(policy: LabelledEvidence['policy']): { readonly policy: Readonly<Record<string, unknown>>; readonly challenge: Challenge } {
  const { report_data: reportData, nonce, ...rest } = policy;
  return {
    policy: rest,
    challenge: {
      ...(typeof reportData === 'string' ? { reportData: Buffer.from(reportData, 'hex') } : {}),
      ...(typeof nonce === 'string' ? { nonce: Buffer.from(nonce, 'hex') } : {}),
    },
  };
}

function splitInputs(kind: EvidenceKind, directory: string, named: LabelledEvidence['inputs']): { inputs: Record<string, Buffer>; roots: RootStore } {
  const inputs: Record<string, Buffer> = {};
  const roots: Partial<Record<RootName, X509Certificate>> = {};
  for (const [name, path] of Object.entries(named)) {
    const bytes = readFileSync(join(directory, path));
    const root = name === 'root' ? kind.roots[0] : ROOTS[name];
    if (root === undefined) inputs[name] = bytes;
    else roots[root] = new X509Certificate(bytes);
  }
  return { inputs, roots };
}

function answerFor(row: LabelledEvidence, directory: string): string {
  const kind = EVIDENCE_KINDS[row.kind];
  if (kind === undefined) return `no kind ${row.kind}`;
  const { policy, challenge } = splitPolicy(row.policy);
  const evidence = readFileSync(join(directory, row.path));
  const given = { evidence, ...splitInputs(kind, directory, row.inputs), challenge, clockMs: row.clockMs };
  const { reason } = verifyEvidence(kind, kind.parsePolicy(policy), given);
  if (reason === null) return 'accept';
  return row.expected === 'reject' && row.reason.split('|').includes(reason) ? `reject ${row.reason}` : `reject ${reason}`;
}

/** The case as the suite runs it; its name begins with the kind. */
function caseOf(row: LabelledEvidence, directory: string): ConformanceCase {
  return {
    name: `${row.kind} ${row.path}`,
    group: `${row.kind} ${row.expected}`,
    expected: row.expected === 'reject' ? `reject ${row.reason}` : row.expected,
    given: () => answerFor(row, directory),
  };
}

/** Evidence of every kind: verdict and reason. The roots of the labels, test roots too, are given as an argument. */
export const attestationSuite: Suite = {
  summary: 'enclave evidence: verdict and reason',
  defaultData: '../shared/data/attestation',
  cases: (directory) => readLabels(directory).map((row) => caseOf(row, directory)),
};
