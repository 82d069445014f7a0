import { createHash, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, sha256OfJson } from '../core/canonical-json.ts';
import { answerCodeOf } from './answer.ts';
import type { Given } from './evidence-kind.ts';
import { fingerprintOf, isTestRoot } from './roots.ts';
import type { RootName } from './roots.ts';
import type { Appraisal } from './verify-evidence.ts';

const MS_PER_DAY = 86_400_000;
const HEADER = { alg: 'EdDSA', typ: 'elulmc-attestation-result+jwt' } as const;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/u);
const nullableText = z.string().nullable();
const days = z.int().nullable();

const resultDocument = z.strictObject({
  v: z.literal(1),
  kind: z.string(),
  evidence_sha256: sha256,
  policy_sha256: sha256,
  challenge: z.strictObject({ report_data: nullableText, nonce: nullableText }),
  collateral: z.array(z.strictObject({ name: z.string(), sha256: sha256.nullable(), issued: nullableText, next_update: nullableText })),
  roots: z.array(z.strictObject({ name: z.string(), sha256, test: z.boolean() })),
  clock: z.strictObject({ value: z.string(), source: z.enum(['system', 'argument']) }),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      outcome: z.enum(['pass', 'fail', 'not-applicable', 'unknown']),
      code: nullableText,
      expected: nullableText,
      found: nullableText,
    }),
  ),
  tcb: z.strictObject({ status: z.string(), advisories: z.array(z.string()), level_date: nullableText }).nullable(),
  expires_in_days: z.strictObject({ vek: days, collateral: days, rim_signer: days }),
  verdict: z.enum(['accept', 'reject']),
  reason: nullableText,
  answer_code: z.union([z.literal(0), z.literal(12), z.literal(13), z.literal(14)]),
});

/** What was found about one piece of evidence, with the digests of all that it was judged by. */
export type AttestationResult = z.output<typeof resultDocument>;

/** What the result is made of. */
export interface Appraised {
  readonly kind: string;
  /** The policy as it was given, before it was parsed. */
  readonly policy: unknown;
  readonly given: Given;
  readonly appraisal: Appraisal;
  readonly clockSource: 'system' | 'argument';
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function isoOrNull(ms: number | null): string | null {
  return ms === null || !Number.isFinite(ms) ? null : new Date(ms).toISOString();
}

/** Every input with its digest, and the parts of a larger input whose dates were looked at. */
function collateralOf({ given: { inputs }, appraisal: { list } }: Appraised): AttestationResult['collateral'] {
  const whole = inputs['collateral'];
  const dated = list.collateral.map(({ name, issuedMs, nextUpdateMs }) => {
    const bytes = inputs[name] ?? whole;
    return { name, sha256: bytes === undefined ? null : digestOf(bytes), issued: isoOrNull(issuedMs), next_update: isoOrNull(nextUpdateMs) };
  });
  const names = new Set(dated.map(({ name }) => name));
  const others = Object.entries(inputs).flatMap(([name, bytes]) =>
    bytes === undefined || names.has(name) ? [] : [{ name, sha256: digestOf(bytes), issued: null, next_update: null }],
  );
  return [...dated, ...others];
}

function rootsOf({ given: { roots } }: Appraised): AttestationResult['roots'] {
  return Object.entries(roots).map(([name, root]) => ({ name, sha256: fingerprintOf(root), test: isTestRoot(name as RootName, root) }));
}

/** Whole days until each ends, counted down; negative when it is over. */
function daysLeft({ given: { clockMs }, appraisal: { list } }: Appraised): AttestationResult['expires_in_days'] {
  const left = (what: 'vek' | 'collateral' | 'rim_signer'): number | null => {
    const at = list.expiries.get(what);
    return at === undefined || !Number.isFinite(at) ? null : Math.floor((at - clockMs) / MS_PER_DAY);
  };
  return { vek: left('vek'), collateral: left('collateral'), rim_signer: left('rim_signer') };
}

/** The result document (docs/formats/attestation.md, section 5). */
export function attestationResult(appraised: Appraised): AttestationResult {
  const { kind, policy, given, appraisal, clockSource } = appraised;
  const { reason, list } = appraisal;
  const { tcb } = list;
  return {
    v: 1,
    kind,
    evidence_sha256: digestOf(given.evidence),
    policy_sha256: sha256OfJson(policy),
    challenge: { report_data: given.challenge.reportData?.toString('hex') ?? null, nonce: given.challenge.nonce?.toString('hex') ?? null },
    collateral: collateralOf(appraised),
    roots: rootsOf(appraised),
    clock: { value: new Date(given.clockMs).toISOString(), source: clockSource },
    checks: [...list.checks],
    tcb: tcb === null ? null : { status: tcb.status, advisories: [...tcb.advisories], level_date: tcb.levelDate },
    expires_in_days: daysLeft(appraised),
    verdict: reason === null ? 'accept' : 'reject',
    reason,
    answer_code: answerCodeOf(reason),
  };
}

function keyIdOf(key: KeyObject): string {
  return digestOf(key.export({ type: 'spki', format: 'der' }));
}

function encode(value: unknown): string {
  return Buffer.from(canonicalJson(value), 'utf8').toString('base64url');
}

/** Signs with an Ed25519 key that signs nothing else: a compact JWS (RFC 7515, RFC 8037) over canonical JSON. */
export function signAttestationResult(result: AttestationResult, privateKey: KeyObject): string {
  const head = `${encode({ ...HEADER, kid: keyIdOf(createPublicKey(privateKey)) })}.${encode(result)}`;
  return `${head}.${sign(null, Buffer.from(head, 'latin1'), privateKey).toString('base64url')}`;
}

function decode(text: string | undefined): Buffer | undefined {
  const bytes = Buffer.from(text ?? '', 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The result in a text that `signAttestationResult` made with the private part of this Ed25519 key; undefined for every other text. */
export function openAttestationResult(text: string, publicKey: KeyObject): AttestationResult | undefined {
  const [head, body, signature, ...more] = text.split('.');
  const [payload, signed] = [decode(body), decode(signature)];
  if (publicKey.asymmetricKeyType !== 'ed25519' || more.length > 0 || payload === undefined || signed === undefined) return undefined;
  if (head !== encode({ ...HEADER, kid: keyIdOf(publicKey) }) || body === undefined) return undefined;
  if (!verify(null, Buffer.from(`${head}.${body}`, 'latin1'), publicKey, signed)) return undefined;
  const parsed = resultDocument.safeParse(parseJson(payload));
  return parsed.success ? parsed.data : undefined;
}
