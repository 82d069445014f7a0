import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { checkReviewer } from '../../services/approvals/break-glass.ts';
import { grants } from '../../services/people/roles.ts';
import type { Actor } from '../../services/people/service.ts';
import { defineOperation } from '../declaration.ts';

const input = z.strictObject({
  run: z
    .string()
    .refine((id) => isId('run', id), 'must be the id of a run: run_...')
    .describe('Run that broke the glass: elulmc governance approvals lists them.'),
  note: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^\P{Cc}+$/u, 'must be one line of printable characters')
    .describe('What the review has found: the ledger keeps it.'),
});

const output = z.object({ run: z.string(), operation: z.string(), actor: z.string(), reason: z.string(), reviewedBy: z.string(), note: z.string() });

function checkRole(actor: Actor): void {
  if (actor.kind === 'person' && (grants(actor.role, 'approve') || grants(actor.role, 'administer'))) return;
  throw new ElulmcError('NOT_ALLOWED', 'governance review-break-glass needs the role approver or admin');
}

export const reviewBreakGlass = defineOperation({
  room: 'governance',
  name: 'review-break-glass',
  runbookLine: null,
  summary: 'Review a call that went past approvals or windows.',
  description:
    'Ends the task that a use of --break-glass has left: until then every sign-in shows it. The review is made by another person, with the role approver or admin. ' +
    'What the call did is in the ledger under its run id. Repeating a review changes nothing.',
  risk: 'change',
  permission: 'read',
  approvals: 0,
  partOfApproving: true,
  input,
  positional: ['run'],
  output,
  frameworks: { csf: 'GV.OV' },
  examples: ['elulmc governance review-break-glass run_01jd8zq4xv0000000000000000 --note "justified: INC-7, both approvers asleep"'],
  errors: ['NOT_FOUND', 'NOT_ALLOWED', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    checkRole(context.actor);
    const use = await context.services.breakGlass.find(given.run);
    checkReviewer(use, given.run, context.actor.id);
    const done = use.review === null ? [] : [`it was reviewed at ${use.review.at}`];
    return { changes: use.review === null ? [`record the review of ${use.operation} by ${use.actor}`] : [], notes: done };
  },
  perform: async (context, given) => {
    checkRole(context.actor);
    const { runId, operation, actor, reason, review } = await context.services.breakGlass.review(given.run, context.actor.id, given.note);
    const { by, note } = review ?? { by: context.actor.id, note: given.note };
    return {
      output: { run: runId, operation, actor, reason, reviewedBy: by, note },
      verdict: 'ok',
      summary: `${by} reviewed ${operation} by ${actor} (${runId}): ${note}`,
    };
  },
  undo: 'None: a review stands.',
});
