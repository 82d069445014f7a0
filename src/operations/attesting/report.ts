import { z } from 'zod';

/** 0 and 12 to 14 of evidence (attestation/answer.ts); 10: no enclave is there; 11: hints, but no interface that answers. */
export const ANSWERS = [0, 10, 11, 12, 13, 14] as const;
export type Answer = (typeof ANSWERS)[number];

/** The worst first: what is not verified, what the policy refuses, what is missing. */
const WORST: readonly Answer[] = [12, 13, 14, 11, 10, 0];

/** The answer about several pieces of evidence; of none: 10. */
export function worstAnswer(answers: readonly Answer[]): Answer {
  return WORST.find((answer) => answers.includes(answer)) ?? 10;
}

const check = z.object({ name: z.string(), outcome: z.string(), code: z.string().nullable(), expected: z.string().nullable(), found: z.string().nullable() });

const days = z.int().nullable();

export const evidenceReport = z.object({
  host: z.string().nullable(),
  kind: z.string(),
  interface: z.string().describe('Where it was collected; given: from a file.'),
  collectedAt: z.string().nullable(),
  verdict: z.enum(['accept', 'reject', 'not-counted']).describe('not-counted: the policy does not list its kind.'),
  reason: z.string().nullable(),
  answerCode: z.literal(ANSWERS).nullable(),
  challenge: z.enum(['given', 'kept', 'none']).describe('Who knows what was asked: the caller, this installation, or nobody.'),
  checks: z.array(check),
  tcb: z.object({ status: z.string(), advisories: z.array(z.string()), levelDate: z.string().nullable() }).nullable(),
  expiresInDays: z.object({ vek: days, collateral: days, rimSigner: days }),
  evidenceSha256: z.string(),
  policy: z.object({ name: z.string(), version: z.int().nullable(), sha256: z.string() }).nullable().describe('sha256: of the whole policy file.'),
  policyApproved: z.boolean().nullable().describe('Null where nobody can say: without a control plane, or without a policy.'),
  collateral: z.array(z.object({ name: z.string(), sha256: z.string().nullable(), issued: z.string().nullable(), nextUpdate: z.string().nullable() })),
  roots: z.array(z.object({ name: z.string(), sha256: z.string(), test: z.boolean() })),
  result: z
    .string()
    .nullable()
    .describe('The signed result: a compact JWS (docs/formats/attestation.md, section 5). Null when it does not count or no key could be read.'),
});

export type EvidenceReport = z.output<typeof evidenceReport>;

const lookedFor = z.object({
  interface: z.string(),
  at: z.string(),
  outcome: z.enum(['found', 'absent', 'denied', 'failed', 'unusable']),
  detail: z.string().nullable(),
});

/** `blocks`: it makes the call end with a finding. */
const finding = z.object({ code: z.string(), host: z.string().nullable(), blocks: z.boolean(), text: z.string() });

export type AttestationFinding = z.output<typeof finding>;

/** What both operations answer with. */
export const attestationOutput = {
  answerCode: z.literal(ANSWERS).describe('0 verified; 10 no enclave; 11 hints only; 12 not verified; 13 the policy is not met; 14 collateral is missing.'),
  looked: z.array(lookedFor).describe('Interfaces that were looked for, in their order.'),
  facts: z.array(z.object({ name: z.string(), value: z.string(), hint: z.boolean() })).describe('What the host says of itself; nothing of it is proved.'),
  evidence: z.array(evidenceReport),
  findings: z.array(finding),
  notBound: z.array(z.string()).describe('What the challenge did not bind: tlsKey, modelDigest, gpuReports.'),
  clock: z.object({ value: z.string(), source: z.enum(['system', 'argument']) }),
  keyId: z.string().nullable().describe('SHA-256 of the key that signed the results.'),
} as const;

type Output = z.output<z.ZodObject<typeof attestationOutput>>;

export const ANSWER_TEXTS: Readonly<Record<Answer, string>> = {
  0: 'verified, and the policy is met',
  10: 'no enclave is present',
  11: 'there are hints of an enclave, but no interface gives evidence',
  12: 'the evidence is not verified',
  13: 'the policy is not met',
  14: 'collateral is missing or expired',
};

const MARKS: Readonly<Record<string, string>> = { pass: 'ok', fail: 'FAIL' };
const LONGEST = 120;

function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}

function checkLine({ name, outcome, code, expected, found }: EvidenceReport['checks'][number]): string {
  const compared = [code, expected === null ? null : `expected ${short(expected)}`, found === null ? null : `found ${short(found)}`];
  const why = outcome === 'fail' ? compared.filter((part) => part !== null).join('; ') : (found ?? '');
  return `    ${(MARKS[outcome] ?? outcome).padEnd(8)}${why === '' ? name : `${name.padEnd(22)} ${why}`}`;
}

/** The checks in their order; those that do not apply at the end, with what they have in common. */
function checkLines(checks: EvidenceReport['checks']): readonly string[] {
  const others = new Map<string, string[]>();
  for (const { name, outcome, found } of checks) if (outcome === 'not-applicable') others.set(found ?? '', [...(others.get(found ?? '') ?? []), name]);
  const made = checks.filter(({ outcome }) => outcome !== 'not-applicable');
  return [...made.map(checkLine), ...[...others].map(([why, names]) => `    not made (${why}): ${names.join(', ')}`)];
}

function expiryText({ vek, collateral, rimSigner }: EvidenceReport['expiresInDays']): readonly string[] {
  const ends = Object.entries({ 'endorsement key': vek, collateral, 'signer of reference values': rimSigner }).filter(([, left]) => left !== null);
  return ends.length === 0 ? [] : [`  expires in days: ${ends.map(([name, left]) => `${name} ${String(left)}`).join(', ')}`];
}

function evidenceLines(report: EvidenceReport): readonly string[] {
  const { host, kind, interface: from, verdict, reason, collectedAt, policy, policyApproved, checks, tcb } = report;
  const head = `${kind} of ${host ?? 'the given file'} (${from}${collectedAt === null ? '' : `, ${collectedAt}`}): ${verdict}${reason === null ? '' : `, ${reason}`}`;
  if (verdict === 'not-counted') return [head, ''];
  const approval = policyApproved === null ? 'nobody can say here whether it is approved' : policyApproved ? 'approved' : 'NOT APPROVED';
  const version = policy?.version === null ? '' : `@${String(policy?.version)}`;
  return [
    head,
    ...checkLines(checks),
    ...(tcb === null ? [] : [`  level: ${tcb.status}, of ${tcb.levelDate ?? 'no date'}${tcb.advisories.length === 0 ? '' : `, ${tcb.advisories.join(' ')}`}`]),
    ...expiryText(report.expiresInDays),
    ...report.roots.filter(({ test }) => test).map(({ name, sha256 }) => `  root: ${name} of the policy, not the pinned one: SHA-256 ${sha256}`),
    `  policy: ${policy === null ? 'none' : `${policy.name}${version} (${approval}), SHA-256 ${policy.sha256}`}`,
    `  evidence: SHA-256 ${report.evidenceSha256}; challenge: ${report.challenge}`,
    '',
  ];
}

/** Plain lines for a terminal. The signed results are in the JSON only. */
export function attestationLines({ answerCode, looked, facts, evidence, findings, notBound }: Output): readonly string[] {
  const width = Math.max(0, ...looked.map(({ interface: name }) => name.length));
  return [
    ...looked.map(({ interface: name, at, outcome, detail }) => `${outcome.padEnd(9)} ${name.padEnd(width)}  ${at}${detail === null ? '' : `  (${detail})`}`),
    ...facts.map(({ name, value, hint }) => `${hint ? 'hint' : 'fact'}      ${name}: ${value}`),
    ...(looked.length + facts.length > 0 ? [''] : []),
    ...evidence.flatMap(evidenceLines),
    ...findings.map(({ code, host, blocks, text }) => `${blocks ? 'finding' : 'note'}: ${code}: ${host === null ? '' : `${host}: `}${text}`),
    ...(evidence.length === 0 || notBound.length === 0 ? [] : [`not bound: ${notBound.join(', ')}`]),
    `answer ${String(answerCode)}: ${ANSWER_TEXTS[answerCode]}`,
  ];
}
