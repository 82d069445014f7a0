import { ElulmcError } from '../../core/errors.ts';
import type { ChangeRequest } from './service.ts';

/** Whether two changes touch the same thing; without systems a change touches everything. */
export function sharesSystem(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 || b.length === 0 || a.some((system) => b.includes(system));
}

/** CONFLICT unless the change was reviewed in exactly this way. */
export function refuseOtherReview(change: ChangeRequest, review: Omit<NonNullable<ChangeRequest['review']>, 'at'>): void {
  const before = change.review;
  if (before?.by === review.by && before.decision === review.decision && before.note === review.note) return;
  throw new ElulmcError('CONFLICT', `${change.id} was ${before?.decision ?? 'reviewed'} by ${before?.by ?? 'somebody'} already`, { field: 'change' });
}

/** CONFLICT for a change that was not approved, CHANGE_CONFLICT that names the change whose time and system it would share. */
export function refuseSchedule(
  change: ChangeRequest,
  span: { readonly startsAt: string; readonly endsAt: string },
  overlapping: readonly ChangeRequest[],
): void {
  if (change.review?.decision !== 'approved') throw new ElulmcError('CONFLICT', `${change.id} was not approved`, { field: 'change' });
  const other = overlapping.find((candidate) => candidate.id !== change.id && sharesSystem(candidate.systems, change.systems));
  if (other === undefined) return;
  const shared = change.systems.filter((system) => other.systems.includes(system));
  const about = shared.length > 0 ? shared.join(', ') : (other.systems.length > 0 ? other.systems : change.systems).join(', ') || 'everything';
  const time = `from ${other.schedule?.startsAt ?? ''} to ${other.schedule?.endsAt ?? ''}`;
  throw new ElulmcError('CHANGE_CONFLICT', `${other.id} changes ${about} ${time}; ${change.id} wants ${span.startsAt} to ${span.endsAt}`, {
    field: 'startsAt',
  });
}
