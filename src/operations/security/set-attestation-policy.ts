import { z } from 'zod';
import { fingerprintOf } from '../../attestation/roots.ts';
import type { AttestationPolicy } from '../../attestation/policy.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { Touched } from '../../services/approvals/service.ts';
import { readNamedFile } from '../attesting/fields.ts';
import { parsePolicyText, POLICY_NAME, sha256Of } from '../attesting/policies.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';

const MAX_POLICY_BYTES = 256 * 1024;

const input = z.strictObject({
  file: z.string().min(1).max(4096).describe('Policy file (docs/formats/attestation.md, section 3).'),
  name: z.string().regex(POLICY_NAME, 'must be 1 to 64 letters, digits, dots, dashes or underscores').describe('Name that --policy and config.yaml use.'),
});

type Input = z.output<typeof input>;

const output = z.object({
  name: z.string(),
  version: z.int(),
  sha256: z.string().describe('Of the policy file.'),
  changed: z.boolean().describe('False when exactly this text held already.'),
  kinds: z.array(z.string()),
  exceptions: z.array(z.string()).describe('What is looser than its default.'),
  roots: z.array(z.string()).describe('Roots that take the place of pinned ones.'),
});

interface Wanted {
  readonly text: string;
  readonly sha256: string;
  readonly policy: AttestationPolicy;
  /** Version that holds; 0: none. */
  readonly held: number;
  /** Whether exactly this text holds already. */
  readonly done: boolean;
}

async function wantedPolicy(context: OperationContext, given: Input): Promise<Wanted> {
  const bytes = readNamedFile(context, given.file, 'file');
  if (bytes.length > MAX_POLICY_BYTES) throw new ElulmcError('FIELD_INVALID', `file: ${given.file} is larger than 256 KiB`, { field: 'file' });
  const text = bytes.toString('utf8');
  const policy = parsePolicyText(text, 'file');
  const sha256 = sha256Of(bytes);
  const current = await context.services.attestationPolicies.find(given.name);
  return { text, sha256, policy, held: current?.version ?? 0, done: current?.sha256 === sha256 };
}

function rootLines({ roots }: AttestationPolicy): string[] {
  return Object.entries(roots).map(([name, root]) => `${name} SHA-256 ${fingerprintOf(root)}`);
}

/** What approvers sign: the text by its digest, and everything in it that lets more pass. */
function changeLines({ name }: Input, { sha256, policy, held }: Wanted): string[] {
  const before = held === 0 ? '' : `, instead of version ${String(held)}`;
  return [
    `set the attestation policy ${name} to SHA-256 ${sha256} for ${[...policy.kinds.keys()].join(', ') || 'no kind of evidence'}${before}`,
    ...[...policy.exceptions].map(([about, { reason, owner, review }]) => `let more pass than by default: ${about} (${reason}; ${owner}, until ${review})`),
    ...rootLines(policy).map((line) => `believe another root than the pinned one: ${line}`),
  ];
}

/** The text is an object of its own: a file that was changed after it was approved is another plan. */
function touchedBy({ name }: Input, { sha256, held }: Wanted): readonly Touched[] {
  return [
    { object: `attestation-policy:${name}`, version: String(held) },
    { object: `attestation-policy:${name}:text`, version: sha256 },
  ];
}

function demandPlanned(context: OperationContext, given: Input, { sha256 }: Wanted): void {
  const planned = context.planned?.find(({ object }) => object === `attestation-policy:${given.name}:text`);
  if (planned !== undefined && planned.version !== sha256)
    throw new ElulmcError('CONFLICT', `file: ${given.file} was changed while the call was under way`, { field: 'file' });
}

export const setAttestationPolicy = defineOperation({
  room: 'security',
  name: 'set-attestation-policy',
  runbookLine: null,
  summary: 'Let a policy file decide about evidence of machines.',
  description:
    'Keeps the text of the file under a name, in the next version. In the control plane elulmc security verify-attestation and elulmc deployment check-enclave let only such policies decide. Approvers sign the digest of the text, and each exception and root in it is shown to them. ' +
    'A policy that cannot be followed (an unknown key, kind or factor, something looser without a reason, an owner and a review date) is refused before anybody is asked. A policy may bring roots of its own in the place of pinned ones; results that rest on one are marked.',
  risk: 'change',
  permission: 'secure',
  approvals: 1,
  hostPaths: ['file'],
  input,
  positional: ['file'],
  output,
  frameworks: { csf: 'PR.DS' },
  examples: [
    'elulmc security set-attestation-policy racks.json --name racks --dry-run',
    'elulmc security set-attestation-policy racks.json --name racks --approval apr_...',
  ],
  errors: ['NOT_FOUND', 'NOT_ALLOWED', 'FIELD_INVALID', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const wanted = await wantedPolicy(context, given);
    const notes = wanted.done ? [`${given.name} holds exactly this text already, as version ${String(wanted.held)}`] : [];
    return { changes: wanted.done ? [] : changeLines(given, wanted), notes, touches: touchedBy(given, wanted) };
  },
  perform: async (context, given) => {
    const wanted = await wantedPolicy(context, given);
    demandPlanned(context, given, wanted);
    const { text, sha256, policy, held, done } = wanted;
    const { name } = given;
    const set = done ? null : await context.services.attestationPolicies.set({ name, text, sha256, setBy: context.actor.id, after: held }, context.runId);
    const version = set?.version ?? held;
    return {
      output: { name, version, sha256, changed: !done, kinds: [...policy.kinds.keys()], exceptions: [...policy.exceptions.keys()], roots: rootLines(policy) },
      verdict: 'ok',
      summary: done ? `${name} held this text already, as version ${String(version)}.` : `${name} is version ${String(version)}, SHA-256 ${sha256}.`,
    };
  },
  undo: 'elulmc security set-attestation-policy with the file of the version before.',
});
