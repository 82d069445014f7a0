import { z } from 'zod';
import { duration } from '../../core/config.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { Json } from '../../ledger/entry.ts';
import type { OperationContext, PlannedCall } from '../context.ts';
import { defineOperation } from '../declaration.ts';

const input = z.strictObject({
  operation: z
    .string()
    .regex(/^[a-z]+ [a-z][a-z0-9-]*$/, 'must be named as in "deployment resume-operations"')
    .describe('Operation to be approved, in quotes: its room and its name.'),
  input: z.string().max(200_000).default('{}').describe('Its input as JSON, as POST /v1/operations takes it.'),
  reason: z
    .string()
    .min(1)
    .max(500)
    .regex(/^\P{Cc}+$/u, 'must be one line of printable characters')
    .describe('Why it is needed: approvers and the ledger read it.'),
  approvals: z.coerce.number().int().min(0).max(9).default(0).describe('Ask for at least so many people, where the policy asks for fewer.'),
  expiresIn: duration
    .optional()
    .describe('How long it can be approved and used, such as 30m or 4h. At most, and by default, approvals.validFor of config.yaml.'),
});

const output = z.object({
  request: z.string().describe('Id of the request.'),
  digest: z.string().describe('SHA-256 of what approvers sign: compare it with them.'),
  operation: z.string(),
  changes: z.array(z.string()),
  touches: z.array(z.object({ object: z.string(), version: z.string() })),
  required: z.int().describe('People other than you who must sign.'),
  expiresAt: z.string(),
  commands: z.array(z.string()).describe('What approvers type, then what you type.'),
});

type Input = z.output<typeof input>;

function parsedInput(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ElulmcError('FIELD_INVALID', 'input: is not JSON', { field: 'input' });
  }
}

/** FIELD_INVALID for what cannot be signed or needs no signature. */
async function planned(context: OperationContext, given: Input): Promise<PlannedCall> {
  const [room = '', name = ''] = given.operation.split(' ');
  const call = await context.plan(room, name, parsedInput(given.input), given.approvals);
  const refuse = (sentence: string, field: string): never => {
    throw new ElulmcError('FIELD_INVALID', `${field}: ${sentence}`, { field });
  };
  if (call.neverApproved) refuse(`${call.operation} never needs an approval: run it`, 'operation');
  if (call.secrets.length > 0) refuse(`${call.secrets.join(', ')} of ${call.operation} is secret and cannot be signed; leave it out`, 'input');
  if (call.policy.required === 0) refuse(`${call.operation} needs no approval now; --approvals 1 asks for one all the same`, 'approvals');
  return call;
}

function people(count: number): string {
  return count === 1 ? '1 person' : `${String(count)} people`;
}

export const request = defineOperation({
  room: 'governance',
  name: 'request',
  runbookLine: null,
  summary: 'Ask other people to approve one call of an operation.',
  description:
    'Plans the operation as you would call it now and stores what approvers sign: installation, environment, operation, input, changes, the versions of what it touches, the policy and an expiry. ' +
    'You must be allowed to run the operation yourself. The approval holds for exactly this: it is void when the plan, an object or the policy is another one, it is used once, and it ends. ' +
    'The input of the operation is kept in the database; the ledger has its digest.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  partOfApproving: true,
  input,
  positional: ['operation'],
  personal: ['input'],
  output,
  frameworks: { csf: 'PR.AA' },
  examples: [
    'elulmc governance request "deployment resume-operations" --reason "INC-7 is closed"',
    `elulmc governance request "deployment activate-backup" --input '{"model":"elulmc-demo"}' --reason "primary is slow" --expires-in 2h`,
  ],
  errors: ['NOT_FOUND', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const { operation, changes, notes, policy } = await planned(context, given);
    return { changes: [`ask ${people(policy.required)} to approve ${operation}`, ...changes.map((change) => `${operation} would: ${change}`)], notes };
  },
  perform: async (context, given) => {
    const { operation, input: signed, changes, touches, policy } = await planned(context, given);
    const opened = await context.services.approvals.open({
      runId: context.runId,
      requester: context.actor.id,
      effect: { operation, input: signed as Record<string, Json>, changes, touches, policy },
      reason: given.reason,
      ref: context.ref,
      validForMs: given.expiresIn,
    });
    const { statement, digest, id } = opened;
    return {
      output: {
        request: id,
        digest,
        operation: statement.operation,
        changes: [...statement.changes],
        touches: statement.touches.map((touched) => ({ ...touched })),
        required: statement.policy.required,
        expiresAt: statement.expiresAt,
        commands: [`elulmc governance approve ${id}`, `elulmc ${statement.operation} ... --approval ${id}`],
      },
      verdict: 'ok',
      summary: `${id} asks ${people(statement.policy.required)} to approve ${statement.operation} until ${statement.expiresAt}; digest ${digest}.`,
    };
  },
  undo: 'elulmc governance decline REQUEST --reason REASON',
  render: (made) => [
    `request   ${made.request}`,
    `digest    ${made.digest}`,
    `operation ${made.operation}`,
    ...made.changes.map((change) => `change    ${change}`),
    ...made.touches.map(({ object, version }) => `touches   ${object} (${version.slice(0, 16)})`),
    `needs     ${people(made.required)} by ${made.expiresAt}`,
    ...made.commands.map((command, index) => `${index === 0 ? 'approvers' : 'then you '} ${command}`),
  ],
});
