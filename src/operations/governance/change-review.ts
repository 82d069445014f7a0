import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import type { ChangeRequest } from '../../services/changes/service.ts';
import { refuseOtherReview } from '../../services/changes/rules.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { aboutText, changeFields, changeId, changeInFull, changeNamed, printed } from './change-fields.ts';

const input = z.strictObject({
  change: changeId,
  decision: z.enum(['approved', 'declined']).describe('What the review came to.'),
  note: z.string().trim().max(10_000).default('').describe('What was looked at, or why it was declined.'),
});

type Input = z.output<typeof input>;

async function reviewable(context: OperationContext, given: Input): Promise<ChangeRequest> {
  const change = await changeNamed(context, given.change);
  if (context.actor.kind !== 'person') throw new ElulmcError('NOT_ALLOWED', 'a change is reviewed by a person');
  if (context.actor.id === change.requester) throw new ElulmcError('NOT_ALLOWED', `${change.id} is your own change: another person reviews it`);
  if (given.decision === 'declined' && given.note === '') {
    throw new ElulmcError('FIELD_INVALID', 'note: say why the change is declined', { field: 'note' });
  }
  if (change.review !== null) refuseOtherReview(change, { by: context.actor.id, decision: given.decision, note: given.note });
  return change;
}

export const changeReview = defineOperation({
  room: 'governance',
  name: 'change-review',
  runbookLine: null,
  summary: 'Approve or decline a change that another person asked for.',
  description:
    'The security review of a change: elulmc governance list-changes CHANGE shows what it says, with the plan of its operation and of its rollback. ' +
    'Nobody reviews their own change, and a change is reviewed once. What was approved may be scheduled. The note is kept in the database only.',
  risk: 'change',
  permission: 'secure',
  approvals: 0,
  input,
  positional: ['change'],
  personal: ['note'],
  output: z.object(changeFields),
  frameworks: { csf: 'PR.PS' },
  examples: [
    'elulmc governance change-review chg_01jd0000000000000000000000 --decision approved --note "plan and rollback read"',
    'elulmc governance change-review chg_01jd0000000000000000000000 --decision declined --note "no rollback for the database"',
  ],
  errors: ['NOT_FOUND', 'NOT_ALLOWED', 'CONFLICT', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const change = await reviewable(context, given);
    const verb = given.decision === 'approved' ? 'approve' : 'decline';
    return { changes: [`${verb} ${change.id}, a change of ${aboutText(change.systems)} (risk ${change.risk})`], notes: [] };
  },
  perform: async (context, given) => {
    const { id } = await reviewable(context, given);
    const change = await context.services.changes.review(id, { by: context.actor.id, decision: given.decision, note: given.note });
    const next = given.decision === 'approved' ? `; elulmc governance change-schedule ${id} gives it a time` : '';
    return { output: printed(change), verdict: 'ok', summary: `${given.decision === 'approved' ? 'Approved' : 'Declined'} ${id}${next}.` };
  },
  undo: 'A review is final: ask for the change anew with elulmc governance change-request.',
  render: changeInFull,
});
