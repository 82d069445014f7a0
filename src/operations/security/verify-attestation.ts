import { z } from 'zod';
import type { BoundParts } from '../../attestation/binding.ts';
import { evidenceKind } from '../../attestation/verify-evidence.ts';
import { ElulmcError } from '../../core/errors.ts';
import { answerWithout, collectFrom } from '../attesting/collecting.ts';
import { boundQuestion } from '../attesting/challenge.ts';
import type { Question } from '../attesting/challenge.ts';
import { givenEvidence, registeredHosts } from '../attesting/evidence.ts';
import type { FoundEvidence } from '../attesting/evidence.ts';
import { ATTESTATION_PATHS, attestationFields, boundPartsOf, clockOf } from '../attesting/fields.ts';
import { choosePolicy, configuredPolicy } from '../attesting/policies.ts';
import type { ChosenPolicy } from '../attesting/policies.ts';
import { attestationLines, attestationOutput, worstAnswer } from '../attesting/report.ts';
import type { Answer, AttestationFinding } from '../attesting/report.ts';
import { defaultPolicy } from '../attesting/settings.ts';
import { gpuItems, judge, notBoundIn, summaryOf, verdictOf } from '../attesting/verifying.ts';
import type { JudgedHost } from '../attesting/verifying.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';

const input = z.strictObject({
  evidence: z.string().min(1).max(4096).optional().describe('Evidence file of check-enclave, or the evidence itself: a report, a quote, a document or tokens.'),
  ...attestationFields,
});

type Input = z.output<typeof input>;

const output = z.object({
  hosts: z.array(z.string()).describe('Hosts whose evidence was verified; empty for a file that names none.'),
  ...attestationOutput,
});

function checkUsage(given: Input): void {
  const fail = (text: string, field: string): never => {
    throw new ElulmcError('USAGE', text, { field });
  };
  if (given.nonce !== undefined && given.reportData !== undefined) fail('give --nonce or --report-data, not both', 'reportData');
  if (given.evidence === undefined && (given.nonce !== undefined || given.reportData !== undefined))
    fail(
      'a challenge belongs to one piece of evidence: give --evidence; elulmc deployment check-enclave asks this host with one',
      given.nonce === undefined ? 'reportData' : 'nonce',
    );
  const binds = given.tlsKey !== undefined || given.modelDigest !== undefined || given.gpuEvidence.length > 0;
  if (given.reportData !== undefined && binds)
    fail('--report-data is what was bound already: give --nonce with --tls-key, --model-digest and --gpu-evidence', 'reportData');
}

/** What this evidence had to answer. A nonce goes through the binding where check-enclave asked, where parts are named, and into report data. */
function questionFor(given: Input, parts: BoundParts, { kept, isFile, evidence }: FoundEvidence): Question {
  const hasParts = Object.keys(parts).length > 0;
  if (given.reportData !== undefined) return { from: 'given', nonce: null, reportData: Buffer.from(given.reportData, 'hex'), binds: true };
  if (given.nonce !== undefined) {
    const nonce = Buffer.from(given.nonce, 'hex');
    const binds = isFile || hasParts || evidence.some(({ kind }) => evidenceKind(kind).challenge === 'reportData');
    return binds ? boundQuestion(nonce, parts, 'given') : { from: 'given', nonce, reportData: null, binds: false };
  }
  if (kept === null) return { from: 'none', nonce: null, reportData: null, binds: true };
  if (hasParts && kept.nonce !== null) return boundQuestion(kept.nonce, parts, 'kept');
  return { from: 'kept', nonce: kept.nonce, reportData: kept.reportData, binds: true };
}

function judged(found: FoundEvidence, given: Input, parts: BoundParts, chosen: ChosenPolicy | null): JudgedHost {
  const question = questionFor(given, parts, found);
  const items = found.evidence.map((one) => ({ ...one, host: found.host, collectedAt: found.collectedAt, question }));
  return { name: found.host, items: [...items, ...gpuItems(parts, found.host, question)], chosen };
}

async function policyFor(context: OperationContext, given: Input, found: FoundEvidence): Promise<ChosenPolicy | null> {
  if (given.policy !== undefined) return choosePolicy(context, given.policy, 'policy');
  if (found.policy !== null) return configuredPolicy(context, found.policy, `attestation.hosts: policy of ${found.host ?? ''}`);
  return defaultPolicy(context);
}

/** Evidence that is missing or too old verifies nothing, whatever the rest says. */
function answerFor(answers: readonly Answer[], findings: readonly AttestationFinding[], without: Answer): Answer {
  if (findings.length > 0) return worstAnswer([...answers, 12]);
  return answers.length === 0 ? without : worstAnswer(answers);
}

export const verifyAttestation = defineOperation({
  room: 'security',
  name: 'verify-attestation',
  runbookLine: 'security/verify_attestation.py',
  summary: 'Verify evidence of machines: of one file, of every registered host, or of this one.',
  description:
    'Verifies every named check of the evidence: its structure, the certificates up to the pinned roots, revocation, signatures, the level of the platform, measurements, and whether it answers the challenge. Without arguments it takes the newest evidence of every registered host ' +
    '(attestation.hosts of config.yaml, and what check-enclave has kept); when there is none, it collects from this host as check-enclave does. The challenge (--nonce or --report-data) is never a part of the policy: without one the evidence is not fresh, and that is said. ' +
    'Each result names the digests of evidence, policy and collateral, and is signed by the key of this home. In the control plane only approved policies count (elulmc security set-attestation-policy).',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  local: 'fallback',
  hostPaths: ['evidence', ...ATTESTATION_PATHS],
  input,
  output,
  frameworks: { csf: 'DE.CM', atlas: ['AML.T0010.000', 'AML.T0112'] },
  examples: [
    'elulmc security verify-attestation',
    'elulmc security verify-attestation --evidence evidence.json --policy racks --nonce 5f0c...',
    'elulmc security verify-attestation --evidence report.bin --report-data 5f0c... --collateral ./collateral --policy racks.json --at 2026-03-01T00:00:00Z',
  ],
  errors: ['NOT_FOUND', 'NOT_ALLOWED', 'FIELD_INVALID', 'USAGE', 'CONFIG_INVALID', 'KEY_FILE_UNSAFE', 'DATABASE_UNAVAILABLE'],
  plan: (_context, given) => {
    checkUsage(given);
    return Promise.resolve({ changes: [], notes: [] });
  },
  perform: async (context, given) => {
    checkUsage(given);
    const clock = clockOf(given);
    const parts = boundPartsOf(context, given);
    const found = given.evidence === undefined ? registeredHosts(context, clock.ms) : { hosts: [givenEvidence(context, given.evidence)], findings: [] };
    const hosts: JudgedHost[] = [];
    for (const one of found.hosts) hosts.push(judged(one, given, parts, await policyFor(context, given, one)));
    const isRegistered = found.hosts.length > 0 || found.findings.length > 0;
    const chosen = isRegistered ? null : given.policy === undefined ? await defaultPolicy(context) : await choosePolicy(context, given.policy, 'policy');
    const wishes = { root: '/', host: null, tcti: null, attestationKey: null, nonce: null, reportData: null, parts };
    const here = isRegistered ? null : await collectFrom(context, wishes, chosen);
    if (here !== null) hosts.push({ name: here.file.host, items: [...here.items, ...gpuItems(parts, here.file.host, here.question)], chosen });
    const judgment = judge(context, hosts, { collateral: given.collateral, clock });
    const findings = [...found.findings, ...judgment.findings];
    const answerCode = answerFor(judgment.answers, found.findings, here === null ? 10 : answerWithout(here, chosen));
    const optional = hosts.length > 0 && hosts.every((host) => host.chosen?.policy.enclave === 'optional');
    return {
      output: {
        hosts: hosts.flatMap(({ name }) => name ?? []),
        answerCode,
        looked: [...(here?.looked ?? [])],
        facts: [...(here?.facts ?? [])],
        evidence: judgment.evidence,
        findings,
        notBound: given.reportData === undefined ? notBoundIn(parts) : [],
        clock: { value: new Date(clock.ms).toISOString(), source: clock.source },
        keyId: judgment.keyId,
      },
      verdict: verdictOf(answerCode, findings, optional),
      summary: summaryOf(answerCode, judgment.evidence, findings, optional),
    };
  },
  undo: 'Nothing to take back: it changes nothing.',
  render: attestationLines,
});
