import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { defineOperation } from '../declaration.ts';

const input = z.strictObject({
  request: z
    .string()
    .refine((id) => isId('apr', id), 'must be the id of a request: apr_...')
    .describe('Id of the request.'),
  reason: z
    .string()
    .min(1)
    .max(500)
    .regex(/^\P{Cc}+$/u, 'must be one line of printable characters')
    .describe('Why: who asked reads it, and so does the ledger.'),
});

const output = z.object({ request: z.string(), operation: z.string(), declinedBy: z.string(), reason: z.string() });

export const decline = defineOperation({
  room: 'governance',
  name: 'decline',
  runbookLine: null,
  summary: 'Refuse a request for an approval.',
  description:
    'Ends a request that was not used yet, whoever has signed it: it can be neither signed nor used any more. One approver is enough. A request that was declined already stays as it is.',
  risk: 'change',
  permission: 'approve',
  approvals: 0,
  partOfApproving: true,
  input,
  positional: ['request'],
  output,
  frameworks: { csf: 'PR.AA' },
  examples: ['elulmc governance decline apr_01jd8zq4xv0000000000000000 --reason "wait for the change window"'],
  errors: ['APPROVAL_UNKNOWN', 'APPROVAL_USED', 'APPROVAL_IN_USE', 'APPROVAL_EXPIRED', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const request = await context.services.approvals.find(given.request);
    if (request === undefined) throw new ElulmcError('APPROVAL_UNKNOWN', `there is no request ${given.request}`, { field: 'request' });
    if (request.declined !== null) return { changes: [], notes: [`${request.id} was declined by ${request.declined.by}`] };
    return { changes: [`decline ${request.id} for ${request.statement.operation}`], notes: [] };
  },
  perform: async (context, given) => {
    const { id, statement, declined } = await context.services.approvals.decline(given.request, context.actor.id, given.reason);
    const { by, reason } = declined ?? { by: context.actor.id, reason: given.reason };
    return {
      output: { request: id, operation: statement.operation, declinedBy: by, reason },
      verdict: 'ok',
      summary: `${id} for ${statement.operation} is declined by ${by}.`,
    };
  },
  undo: 'None: ask anew with elulmc governance request.',
});
