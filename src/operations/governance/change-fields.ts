import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import type { ChangeRequest } from '../../services/changes/service.ts';
import type { OperationContext } from '../context.ts';

/** Argument of the operations about one change. */
export const changeId = z
  .string()
  .regex(/^chg_[0-9a-z]{26}$/, 'must be the id of a change: chg_...')
  .describe('The change: chg_....');

/** A change as operations print it. */
export const changeFields = {
  id: z.string(),
  title: z.string(),
  description: z.string(),
  risk: z.enum(['read', 'change', 'destroy']),
  systems: z.array(z.string()).describe('What it touches; empty: everything.'),
  operation: z.string().nullable(),
  planSha256: z.string().nullable().describe('Digest of the plan of that operation.'),
  changes: z.array(z.string()).describe('What that plan says.'),
  rollback: z.string().nullable(),
  requester: z.string(),
  createdAt: z.string(),
  state: z.enum(['submitted', 'approved', 'declined', 'scheduled']),
  review: z.object({ by: z.string(), at: z.string(), decision: z.enum(['approved', 'declined']), note: z.string() }).nullable(),
  schedule: z.object({ by: z.string(), startsAt: z.string(), endsAt: z.string() }).nullable(),
};

export function printed(change: ChangeRequest) {
  return {
    ...change,
    systems: [...change.systems],
    changes: [...change.changes],
    review: change.review === null ? null : { ...change.review },
    schedule: change.schedule === null ? null : { ...change.schedule },
  };
}

/** NOT_FOUND names the field. */
export async function changeNamed(context: OperationContext, id: string): Promise<ChangeRequest> {
  const change = await context.services.changes.find(id);
  if (change === undefined) throw new ElulmcError('NOT_FOUND', `there is no change ${id}; elulmc governance list-changes lists them`, { field: 'change' });
  return change;
}

export function aboutText(systems: readonly string[]): string {
  return systems.length === 0 ? 'everything' : systems.join(', ');
}

type PrintedChange = ReturnType<typeof printed>;

export function changeLine({ id, state, risk, systems, title, schedule }: PrintedChange): string {
  const time = schedule === null ? '' : `  ${schedule.startsAt} to ${schedule.endsAt}`;
  return `${id}  ${state.padEnd(9)}  ${risk.padEnd(7)}  ${aboutText(systems)}  ${title}${time}`;
}

export function changeInFull(change: PrintedChange): readonly string[] {
  const { review } = change;
  return [
    changeLine(change),
    change.description,
    `requested by ${change.requester} at ${change.createdAt}`,
    ...(change.operation === null ? [] : [`calls ${change.operation}, plan ${change.planSha256 ?? ''}:`, ...change.changes.map((line) => `  ${line}`)]),
    change.rollback === null ? '' : `rollback: ${change.rollback}`,
    review === null ? '' : `${review.decision} by ${review.by} at ${review.at}${review.note === '' ? '' : `: ${review.note}`}`,
  ].filter((line) => line !== '');
}
