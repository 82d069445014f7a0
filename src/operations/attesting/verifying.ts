import { readCollateral } from '../../attestation/collateral-folder.ts';
import type { Collateral } from '../../attestation/collateral-folder.ts';
import { bindReportData } from '../../attestation/binding.ts';
import type { BoundParts } from '../../attestation/binding.ts';
import { ElulmcError } from '../../core/errors.ts';
import { appraise, freshnessFindings, keyIdOf, pinnedRoots, policyFindings, resultKey } from './attest.ts';
import type { AttestedEvidence, Judging } from './attest.ts';
import type { Question } from './challenge.ts';
import type { VerificationClock } from './fields.ts';
import type { ChosenPolicy } from './policies.ts';
import { ANSWER_TEXTS, worstAnswer } from './report.ts';
import type { Answer, AttestationFinding, EvidenceReport } from './report.ts';
import type { OperationContext } from '../context.ts';
import type { Performed } from '../declaration.ts';
import { readableHere } from '../host-paths.ts';

/** A machine with what it gave and the policy for it. */
export interface JudgedHost {
  readonly name: string | null;
  readonly items: readonly AttestedEvidence[];
  readonly chosen: ChosenPolicy | null;
}

/** What was found, before an operation says it. */
export interface Judgment {
  readonly evidence: EvidenceReport[];
  readonly findings: AttestationFinding[];
  readonly answers: readonly Answer[];
  readonly keyId: string | null;
}

/** The inputs of a folder; NOT_FOUND, NOT_ALLOWED or FIELD_INVALID. */
function collateralOf(
  context: OperationContext,
  given: string | undefined,
): { readonly collateral: Collateral; readonly findings: readonly AttestationFinding[] } {
  if (given === undefined) return { collateral: new Map(), findings: [] };
  const folder = readableHere(context, given, 'collateral');
  try {
    const { collateral, unused } = readCollateral(folder);
    const text = `no kind of evidence takes an input of that name: ${unused.join(', ')}`;
    return { collateral, findings: unused.length === 0 ? [] : [{ code: 'not-used', host: null, blocks: false, text }] };
  } catch (error) {
    throw new ElulmcError('FIELD_INVALID', `collateral: ${given} cannot be read: ${(error as Error).message}`, { cause: error, field: 'collateral' });
  }
}

/** Reports of GPUs that the caller named: they answer the same challenge. */
export function gpuItems(parts: BoundParts, host: string | null, question: Question): readonly AttestedEvidence[] {
  return (parts.gpuReports ?? []).map((evidence, device) => ({
    kind: 'nvidia-gpu',
    interface: 'given',
    evidence,
    inputs: {},
    host,
    collectedAt: null,
    question,
    device,
  }));
}

/** Names of the parts that nothing binds. */
export function notBoundIn(parts: BoundParts): string[] {
  return [...bindReportData(Buffer.alloc(32), parts).absent];
}

/** A policy that nobody approved, or none, is one that is not met, whatever the evidence says. */
function answerOf(answer: Answer, findings: readonly AttestationFinding[]): Answer {
  return answer === 0 && findings.some(({ blocks }) => blocks) ? 13 : answer;
}

function judgeHost({ name, items, chosen }: JudgedHost, judging: Judging): Omit<Judgment, 'keyId'> {
  const reports = items.map((item) => ({ item, report: appraise(item, chosen, judging) }));
  const evidence = reports.map(({ report }) => report);
  const notCounted = evidence.filter(({ verdict }) => verdict === 'not-counted').map(({ kind }) => kind);
  const counted = evidence.flatMap(({ answerCode }) => (answerCode === null ? [] : [answerCode]));
  const policyless = items.length === 0 && chosen === null;
  const findings = [
    ...(policyless ? [] : policyFindings(chosen, name)),
    ...reports.flatMap(({ item, report }) => freshnessFindings(item, report)),
    ...(notCounted.length === 0
      ? []
      : [{ code: 'not-counted', host: name, blocks: false, text: `the policy does not list ${[...new Set(notCounted)].join(', ')}` }]),
  ];
  // Evidence of which none counts is no evidence by this policy: the policy is not met.
  const answers: Answer[] = counted.length === 0 && notCounted.length > 0 ? [13] : counted;
  return { evidence, findings, answers: answers.length === 0 ? [] : [answerOf(worstAnswer(answers), findings)] };
}

/** Verifies what every host gave. */
export function judge(
  context: OperationContext,
  hosts: readonly JudgedHost[],
  given: { readonly collateral: string | undefined; readonly clock: VerificationClock },
): Judgment {
  const hasEvidence = hosts.some(({ items }) => items.length > 0);
  const key = hasEvidence ? resultKey(context.services.home) : null;
  const { collateral, findings } = collateralOf(context, given.collateral);
  const judging: Judging = { roots: pinnedRoots(), collateral, clock: given.clock, key };
  const judged = hosts.map((host) => {
    context.progress(`verifying the evidence of ${host.name ?? 'the given file'}`);
    return judgeHost(host, judging);
  });
  const unsigned = {
    code: 'not-signed',
    host: null,
    blocks: false,
    text: 'the results are not signed: keys/attestation.key can neither be read nor made by this user',
  };
  return {
    evidence: judged.flatMap(({ evidence }) => evidence),
    findings: [...judged.flatMap((one) => one.findings), ...findings, ...(hasEvidence && key === null ? [unsigned] : [])],
    answers: judged.flatMap(({ answers }) => answers),
    keyId: keyIdOf(key),
  };
}

/** How a call with this answer ends (design, section 5). `optional`: the policy lets a host without an enclave serve. */
export function verdictOf(answer: Answer, findings: readonly AttestationFinding[], optional: boolean): Performed<unknown>['verdict'] {
  if (answer === 12 || answer === 13 || findings.some(({ blocks }) => blocks)) return 'finding';
  if (answer === 0 || (optional && (answer === 10 || answer === 11))) return 'ok';
  return 'inconclusive';
}

/** One sentence: the answer and the reasons. */
export function summaryOf(answer: Answer, evidence: readonly EvidenceReport[], findings: readonly AttestationFinding[], optional: boolean): string {
  const refused = evidence
    .filter(({ verdict }) => verdict === 'reject')
    .map(({ host, kind, reason }) => `${kind}${host === null ? '' : ` of ${host}`} ${reason ?? ''}`);
  const verified = evidence.filter(({ verdict }) => verdict === 'accept').map(({ host, kind }) => `${kind}${host === null ? '' : ` of ${host}`}`);
  const blocking = [...new Set(findings.filter(({ blocks }) => blocks).map(({ code }) => code))];
  const details = [
    ...(verified.length === 0 ? [] : [`genuine and as asked: ${verified.join(', ')}`]),
    ...(refused.length === 0 ? [] : [`refused: ${refused.join(', ')}`]),
    ...(blocking.length === 0 ? [] : [blocking.join(', ')]),
    ...(optional && answer === 10 ? ['the policy says that an enclave is optional'] : []),
  ];
  return `Answer ${String(answer)}: ${ANSWER_TEXTS[answer]}${details.length === 0 ? '' : `; ${details.join('; ')}`}.`;
}
