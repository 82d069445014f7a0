import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import type { ApprovalRequest, ApprovalState } from '../../services/approvals/service.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';

const LIMIT = 200;
const STATES = ['open', 'approved', 'declined', 'expired', 'used'] as const satisfies readonly ApprovalState[];

const input = z.strictObject({
  request: z
    .string()
    .refine((id) => isId('apr', id), 'must be the id of a request: apr_...')
    .optional()
    .describe('Only this one, with everything that is signed. Default: every request that waits.'),
  all: z.boolean().default(false).describe('Also those that were used or declined, or have expired.'),
});

const shownRequest = z.object({
  id: z.string(),
  state: z.enum(STATES),
  operation: z.string(),
  environment: z.string(),
  input: z.record(z.string(), z.json()),
  changes: z.array(z.string()),
  touches: z.array(z.object({ object: z.string(), version: z.string() })),
  reason: z.string(),
  requester: z.string(),
  requesterName: z.string().nullable(),
  required: z.int(),
  signatures: z.array(z.object({ person: z.string(), name: z.string().nullable(), keyId: z.string(), at: z.string() })),
  declined: z.object({ by: z.string(), at: z.string(), reason: z.string() }).nullable(),
  usedBy: z.string().nullable().describe('Run that used it.'),
  ref: z.string().nullable().describe('Run of a runbook that waits for it.'),
  digest: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  payload: z.string().nullable().describe('What is signed, byte for byte; null in a list.'),
  token: z.string().nullable().describe('For --approval-token; null in a list and while signatures are missing.'),
});

const output = z.object({
  requests: z.array(shownRequest),
  breakGlass: z
    .array(z.object({ runId: z.string(), operation: z.string(), actor: z.string(), reason: z.string(), at: z.string() }))
    .describe('Calls past approvals or windows that nobody has reviewed yet.'),
});

type ShownRequest = z.output<typeof shownRequest>;

function shown(request: ApprovalRequest, names: ReadonlyMap<string, string>, token: string | null, payload: string | null): ShownRequest {
  const { statement, id, state, reason, declined, usedBy, ref, digest, createdAt } = request;
  const { operation, environment, changes, touches, requester, policy, expiresAt } = statement;
  return {
    id,
    state,
    operation,
    environment,
    input: Object.fromEntries(
      Object.entries(statement.input).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ) as ShownRequest['input'],
    changes: [...changes],
    touches: touches.map((touched) => ({ ...touched })),
    reason,
    requester,
    requesterName: names.get(requester) ?? null,
    required: policy.required,
    signatures: request.signatures.map(({ person, at, signature }) => ({ person, name: names.get(person) ?? null, keyId: signature.keyid, at })),
    declined: declined === null ? null : { ...declined },
    usedBy,
    ref,
    digest,
    createdAt,
    expiresAt,
    payload,
    token,
  };
}

async function namesOf(context: OperationContext): Promise<ReadonlyMap<string, string>> {
  return new Map((await context.services.people.list()).map(({ id, name }) => [id, name]));
}

async function chosen(context: OperationContext, given: z.output<typeof input>): Promise<readonly ShownRequest[]> {
  const { approvals } = context.services;
  const names = await namesOf(context);
  if (given.request === undefined) {
    const found = await approvals.list({ states: given.all ? STATES : ['open', 'approved'], limit: LIMIT });
    return found.map((request) => shown(request, names, null, null));
  }
  const request = await approvals.find(given.request);
  if (request === undefined) throw new ElulmcError('APPROVAL_UNKNOWN', `there is no request ${given.request}`, { field: 'request' });
  return [shown(request, names, approvals.tokenOf(request) ?? null, request.payload)];
}

function lines(request: ShownRequest): readonly string[] {
  const { id, state, operation, signatures, required, requesterName, requester, reason, expiresAt, payload } = request;
  const head = `${id}  ${state.padEnd(8)} ${String(signatures.length)}/${String(required)}  ${operation}  by ${requesterName ?? requester}  until ${expiresAt}  ${reason}`;
  if (payload === null) return [head];
  return [
    head,
    `environment ${request.environment}`,
    `input       ${JSON.stringify(request.input)}`,
    ...request.changes.map((change) => `change      ${change}`),
    ...request.touches.map(({ object, version }) => `touches     ${object} (${version})`),
    ...signatures.map(({ name, person, keyId, at }) => `signed      ${name ?? person} at ${at} with ${keyId}`),
    ...(request.declined === null ? [] : [`declined    ${request.declined.by} at ${request.declined.at}: ${request.declined.reason}`]),
    ...(request.usedBy === null ? [] : [`used by     ${request.usedBy}`]),
    `digest      ${request.digest}`,
    `payload     ${payload}`,
    ...(request.token === null ? [] : [`token       ${request.token}`]),
  ];
}

export const approvals = defineOperation({
  room: 'governance',
  name: 'approvals',
  runbookLine: null,
  summary: 'List what waits for an approval or a review, or show one request.',
  description:
    'Lists the requests that wait for signatures or for their use, and the calls past approvals and windows that nobody has reviewed. ' +
    'With an id it shows one request: the signed bytes, their digest, who has signed and, once complete, the token.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  partOfApproving: true,
  input,
  positional: ['request'],
  output,
  frameworks: { csf: 'PR.AA' },
  examples: ['elulmc governance approvals', 'elulmc governance approvals apr_01jd8zq4xv0000000000000000', 'elulmc governance approvals --all --json'],
  errors: ['APPROVAL_UNKNOWN', 'DATABASE_UNAVAILABLE'],
  plan: () => Promise.resolve({ changes: [], notes: [] }),
  perform: async (context, given) => {
    const requests = await chosen(context, given);
    const unreviewed = given.request === undefined ? await context.services.breakGlass.unreviewed() : [];
    const breakGlass = unreviewed.map(({ runId, operation, actor, reason, at }) => ({ runId, operation, actor, reason, at }));
    const waiting = requests.filter(({ state }) => state === 'open').length;
    const review =
      breakGlass.length === 0
        ? ''
        : ` ${breakGlass.length === 1 ? '1 use of break-glass waits' : `${String(breakGlass.length)} uses of break-glass wait`} for a review.`;
    return {
      output: { requests: [...requests], breakGlass },
      verdict: 'ok',
      summary: `${String(requests.length)} requests, ${String(waiting)} of them wait for signatures.${review}`,
    };
  },
  undo: 'Nothing to take back: it only reads.',
  render: ({ requests, breakGlass }) => [
    ...requests.flatMap(lines),
    ...breakGlass.map(({ runId, operation, actor, reason, at }) => `REVIEW ${runId}  ${operation}  by ${actor} at ${at}: ${reason}`),
    ...breakGlass.slice(0, 1).map(({ runId }) => `elulmc governance review-break-glass ${runId} --note NOTE`),
  ],
});
