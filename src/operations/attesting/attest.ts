import { createPublicKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inputsFor } from '../../attestation/collateral-folder.ts';
import type { Collateral } from '../../attestation/collateral-folder.ts';
import type { CollectedEvidence } from '../../attestation/collect/evidence-source.ts';
import type { Given, ParsedPolicy } from '../../attestation/evidence-kind.ts';
import { attestationResult, signAttestationResult } from '../../attestation/result.ts';
import { readPinnedRoots } from '../../attestation/roots.ts';
import type { RootStore } from '../../attestation/roots.ts';
import { evidenceKind, verifyEvidence } from '../../attestation/verify-evidence.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { Home } from '../../core/home.ts';
import { loadOrCreateEd25519 } from '../../vault/key-file.ts';
import { challengeFor } from './challenge.ts';
import type { Question } from './challenge.ts';
import type { VerificationClock } from './fields.ts';
import { sha256Of } from './policies.ts';
import type { ChosenPolicy } from './policies.ts';
import type { AttestationFinding, EvidenceReport } from './report.ts';

/** Beside package.json: this file lies two levels below it, as source and as emitted JavaScript. */
const PINNED_ROOTS = fileURLToPath(new URL('../../../data/attestation-roots', import.meta.url));
/** A TPM is no enclave: without a policy that lists it nothing is said about its quotes. */
const NEEDS_POLICY: ReadonlySet<string> = new Set(['tpm2']);
const REPORT_DATA_BYTES = 64;

/** One piece of evidence, with what is known of where it comes from. */
export interface AttestedEvidence extends CollectedEvidence {
  readonly host: string | null;
  readonly collectedAt: string | null;
  readonly question: Question;
  /** Number among several devices of one kind. */
  readonly device?: number;
}

/** What evidence is judged with. */
export interface Judging {
  readonly roots: RootStore;
  readonly collateral: Collateral;
  readonly clock: VerificationClock;
  /** Null: no key could be read or made, so nothing is signed. */
  readonly key: KeyObject | null;
}

export function pinnedRoots(): RootStore {
  return readPinnedRoots(PINNED_ROOTS);
}

/** `keys/attestation.key`, which signs results and nothing else; null where this user can neither read nor make it. KEY_FILE_UNSAFE. */
export function resultKey({ keys }: Home): KeyObject | null {
  try {
    mkdirSync(keys, { recursive: true, mode: 0o700 });
    return loadOrCreateEd25519(join(keys, 'attestation.key'));
  } catch (error) {
    if (error instanceof ElulmcError) throw error;
    return null;
  }
}

export function keyIdOf(key: KeyObject | null): string | null {
  return key === null ? null : sha256Of(createPublicKey(key).export({ type: 'spki', format: 'der' }));
}

/** The policy of one kind; null: its evidence does not count. Without any policy what runs is not judged. */
function policyOf(kind: string, chosen: ChosenPolicy | null): { readonly given: unknown; readonly parsed: ParsedPolicy } | null {
  if (chosen !== null) return chosen.policy.kinds.get(kind) ?? null;
  return NEEDS_POLICY.has(kind) ? null : { given: {}, parsed: evidenceKind(kind).parsePolicy({}) };
}

/** Roots of the kind: the pinned ones, and those of an approved policy in their place. */
function rootsOf(kind: string, chosen: ChosenPolicy | null, pinned: RootStore): RootStore {
  const own = chosen?.approved === true ? chosen.policy.roots : {};
  return Object.fromEntries(evidenceKind(kind).roots.map((name) => [name, own[name] ?? pinned[name]]));
}

const EMPTY = { checks: [], tcb: null, expiresInDays: { vek: null, collateral: null, rimSigner: null }, collateral: [], roots: [], result: null } as const;

/** What is said about one piece of evidence. */
export function appraise(item: AttestedEvidence, chosen: ChosenPolicy | null, judging: Judging): EvidenceReport {
  const { kind, evidence, host, collectedAt, question } = item;
  const policy = policyOf(kind, chosen);
  const named = chosen === null ? null : { name: chosen.name, version: chosen.version, sha256: chosen.sha256 };
  const head = { host, kind, interface: item.interface, collectedAt, challenge: question.from, policy: named, policyApproved: chosen?.approved ?? null };
  if (policy === null) {
    return {
      ...head,
      ...EMPTY,
      checks: [],
      collateral: [],
      roots: [],
      verdict: 'not-counted',
      reason: null,
      answerCode: null,
      evidenceSha256: sha256Of(evidence),
    };
  }
  const own = Object.entries(item.inputs).filter(([name]) => evidenceKind(kind).inputs.includes(name));
  const given: Given = {
    evidence,
    inputs: { ...Object.fromEntries(own), ...inputsFor(judging.collateral, kind, item.device) },
    roots: rootsOf(kind, chosen, judging.roots),
    challenge: challengeFor(kind, question, randomBytes(REPORT_DATA_BYTES)),
    clockMs: judging.clock.ms,
  };
  const appraisal = verifyEvidence(evidenceKind(kind), policy.parsed, given);
  const result = attestationResult({ kind, policy: policy.given, given, appraisal, clockSource: judging.clock.source });
  return {
    ...head,
    verdict: result.verdict,
    reason: result.reason,
    answerCode: result.answer_code,
    checks: result.checks,
    tcb: result.tcb === null ? null : { status: result.tcb.status, advisories: result.tcb.advisories, levelDate: result.tcb.level_date },
    expiresInDays: { vek: result.expires_in_days.vek, collateral: result.expires_in_days.collateral, rimSigner: result.expires_in_days.rim_signer },
    evidenceSha256: result.evidence_sha256,
    collateral: result.collateral.map(({ next_update: nextUpdate, ...rest }) => ({ ...rest, nextUpdate })),
    roots: result.roots,
    result: judging.key === null ? null : signAttestationResult(result, judging.key),
  };
}

/** What is said about a policy beside the evidence. */
export function policyFindings(chosen: ChosenPolicy | null, host: string | null): readonly AttestationFinding[] {
  if (chosen === null)
    return [
      {
        code: 'no-policy',
        host,
        blocks: true,
        text: 'no policy says what may run, so only whether the evidence is genuine was judged; name one with --policy',
      },
    ];
  const findings: AttestationFinding[] = [];
  const how = `elulmc security set-attestation-policy ${chosen.name} --name NAME`;
  if (chosen.approved === false) findings.push({ code: 'policy-not-approved', host, blocks: true, text: `nobody has approved ${chosen.name}: ${how}` });
  const roots = Object.keys(chosen.policy.roots);
  if (roots.length > 0 && chosen.approved !== true)
    findings.push({
      code: 'roots-not-approved',
      host,
      blocks: true,
      text: `${roots.join(', ')} of ${chosen.name} do not count: roots of its own count in an approved policy only`,
    });
  return findings;
}

/** What is said about the freshness of one piece of evidence that was verified. */
export function freshnessFindings({ question, host, kind }: AttestedEvidence, { checks, verdict }: EvidenceReport): readonly AttestationFinding[] {
  if (verdict === 'not-counted' || question.from !== 'none' || evidenceKind(kind).challenge === null) return [];
  const isAllowed = verdict === 'accept' && checks.some(({ code }) => code === 'nonce-mismatch');
  const text = `no challenge was given (--nonce or --report-data), so the ${kind} evidence may be old, or another one's${isAllowed ? '; the policy allows that' : ''}`;
  return [{ code: 'not-fresh', host, blocks: !isAllowed, text }];
}
