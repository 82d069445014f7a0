import { z } from 'zod';
import type { SigningCheck } from '../../artifacts/signing/check-report.ts';
import type { VerifiedSigner } from '../../artifacts/signing/signer.ts';
import type { Performed } from '../declaration.ts';

/** `fail`: it is not what was vouched for; `policy`: true and not good enough; `note`: worth saying; `unknown`: could not be looked at. */
const OUTCOMES = ['pass', 'fail', 'policy', 'note', 'skipped', 'unknown'] as const;

/** One named check, of the signature (docs/formats/model-signature.md) or of the registration. */
export interface VerificationCheck extends Omit<SigningCheck, 'outcome'> {
  readonly outcome: (typeof OUTCOMES)[number];
}

type Verdict = Performed<unknown>['verdict'];

const MOST_NAMES = 100;
const names = z.array(z.string());

/** What is known about one model. */
export const verifiedModel = z.object({
  model: z.string().describe('NAME@VERSION of a registered model, else the path as given.'),
  id: z.string().nullable().describe('mdl_... of a registered model.'),
  digest: z.string().nullable().describe('Digest that the model is addressed by; null when nothing vouches for one.'),
  location: z.string(),
  verdict: z.enum(['ok', 'finding', 'violation', 'inconclusive']),
  summary: z.string(),
  checks: z.array(z.object({ name: z.string(), outcome: z.enum(OUTCOMES), expected: z.string().nullable(), found: z.string().nullable() })),
  signature: z.string().nullable().describe('File of the signature that was verified.'),
  signer: z
    .object({
      method: z.enum(['key', 'certificate', 'sigstore']),
      keyHint: z.string().nullable(),
      curve: z.string().nullable(),
      subject: z.string().nullable(),
      certificate: z.string().nullable(),
      issuer: z.string().nullable(),
    })
    .nullable()
    .describe('Null unless the signature holds.'),
  changed: names.describe(`At most ${String(MOST_NAMES)} of each list.`),
  missing: names,
  extra: names,
  differences: z.int().describe('Length of the three lists together, before they were cut.'),
  bytes: z.int().describe('Bytes that were hashed.'),
  recorded: z.boolean().describe('Whether a result about this digest was kept for the gate verify-model.'),
});

export type VerifiedModel = z.output<typeof verifiedModel>;

/** The worst check decides. */
export function verdictOf(checks: readonly VerificationCheck[]): Verdict {
  const has = (wanted: VerificationCheck['outcome']): boolean => checks.some(({ outcome }) => outcome === wanted);
  if (has('fail')) return 'violation';
  if (has('policy')) return 'finding';
  return has('unknown') ? 'inconclusive' : 'ok';
}

const ORDER: readonly Verdict[] = ['violation', 'finding', 'inconclusive', 'ok'];

export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return ORDER.find((verdict) => verdicts.includes(verdict)) ?? 'ok';
}

function signerText(signer: VerifiedSigner): string {
  if (signer.method === 'key') return `key ${signer.keyHint?.slice(0, 16) ?? ''}`;
  return signer.method === 'certificate' ? `certificate ${signer.subject ?? ''}` : `${signer.subject ?? ''} (${signer.issuer ?? ''})`;
}

/** What was found, and where it is wrong what was expected. */
function detailOf({ outcome, expected, found }: VerificationCheck): string {
  return outcome === 'fail' && expected !== null ? `${found ?? 'nothing'} (expected ${expected})` : (found ?? expected ?? '');
}

/** The sentence about one model: the first thing that is wrong with it, else what was checked. */
export function sentenceAbout(checks: readonly VerificationCheck[], signer: VerifiedSigner | null): string {
  const verdict = verdictOf(checks);
  const outcome = { violation: 'fail', finding: 'policy', inconclusive: 'unknown', ok: 'pass' }[verdict];
  const wrong = checks.filter((check) => check.outcome === outcome);
  const [first] = wrong;
  if (verdict !== 'ok' && first !== undefined) {
    const more =
      wrong.length > 1
        ? ` (and ${wrong
            .slice(1)
            .map(({ name }) => name)
            .join(', ')})`
        : '';
    return `${first.name}: ${detailOf(first)}${more}`;
  }
  const same = checks.some(({ name, outcome: is }) => name === 'registered-files' && is === 'pass') ? ['the files are those that were registered'] : [];
  return [...same, signer === null ? 'no signature was verified' : `signed by ${signerText(signer)}`].join(', ');
}

/** Cut for a report; `differences` says how many there were. */
export function cutDifferences({
  changed,
  missing,
  extra,
}: {
  readonly changed: readonly string[];
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}) {
  const cut = (list: readonly string[]): string[] => list.slice(0, MOST_NAMES);
  return { changed: cut(changed), missing: cut(missing), extra: cut(extra), differences: changed.length + missing.length + extra.length };
}

function checkLine(check: VerificationCheck): string {
  return `  ${check.outcome.padEnd(8)} ${check.name.padEnd(18)} ${detailOf(check)}`.trimEnd();
}

/** One model with every check; several as one line each, and what is wrong below. */
export function verificationLines(models: readonly VerifiedModel[]): readonly string[] {
  const [only] = models;
  if (models.length === 1 && only !== undefined)
    return [`${only.verdict}  ${only.model}${only.model === only.location ? '' : `  ${only.location}`}`, ...only.checks.map(checkLine)];
  return models.flatMap(({ verdict, model, summary, checks }) => [
    `${verdict.padEnd(12)}  ${model}  ${summary}`,
    ...checks.filter(({ outcome }) => outcome === 'fail' || outcome === 'policy' || outcome === 'unknown').map(checkLine),
  ]);
}
