import { wallAt } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { findChange, insertChange, lockSchedule, reviewChange, scheduleChange, selectChanges, selectOverlapping } from '../../store/change-rows.ts';
import type { ChangeRow } from '../../store/change-rows.ts';
import type { Database } from '../../store/database.ts';
import type { ChangeRequest, ChangeService } from './service.ts';
import { refuseOtherReview, refuseSchedule, sharesSystem } from './rules.ts';

function stateOf(row: ChangeRow): ChangeRequest['state'] {
  if (row.startsAt !== null) return 'scheduled';
  return row.decision ?? 'submitted';
}

function changeOf(row: ChangeRow): ChangeRequest {
  const { runId: _runId, reviewedBy, reviewedAt, decision, note, scheduledBy, startsAt, endsAt, ...words } = row;
  const reviewed = reviewedBy !== null && reviewedAt !== null && decision !== null && note !== null;
  const scheduled = scheduledBy !== null && startsAt !== null && endsAt !== null;
  return {
    ...words,
    state: stateOf(row),
    review: reviewed ? { by: reviewedBy, at: reviewedAt, decision, note } : null,
    schedule: scheduled ? { by: scheduledBy, startsAt, endsAt } : null,
  };
}

function known(row: ChangeRow | undefined, id: string): ChangeRequest {
  if (row === undefined) throw new ElulmcError('NOT_FOUND', `there is no change ${JSON.stringify(id.slice(0, 80))}`, { field: 'change' });
  return changeOf(row);
}

/** Change requests in the database. */
export function createChangeService(database: Database): ChangeService {
  return {
    submit: async (change, runId) => {
      const row = { ...change, id: newId('chg'), runId, createdAt: wallAt() };
      return changeOf(await database.transaction((statements) => insertChange(statements, row)));
    },
    review: (id, review) =>
      database.transaction(async (statements) => {
        const given = { reviewedBy: review.by, reviewedAt: wallAt(), decision: review.decision, note: review.note };
        const reviewed = await reviewChange(statements, id, given);
        if (reviewed !== undefined) return changeOf(reviewed);
        const before = known(await findChange(statements, id), id);
        refuseOtherReview(before, review);
        return before;
      }),
    schedule: (id, schedule) =>
      database.transaction(async (statements) => {
        await lockSchedule(statements);
        const change = known(await findChange(statements, id), id);
        refuseSchedule(change, schedule, (await selectOverlapping(statements, schedule.startsAt, schedule.endsAt)).map(changeOf));
        const { by, startsAt, endsAt } = schedule;
        return known(await scheduleChange(statements, id, { scheduledBy: by, startsAt, endsAt }), id);
      }),
    find: async (id) => {
      const row = await database.run((statements) => findChange(statements, id));
      return row === undefined ? undefined : changeOf(row);
    },
    list: async (limit) => (await database.run((statements) => selectChanges(statements, limit))).map(changeOf),
    overlapping: async (from, to, systems) => {
      const rows = await database.run((statements) => selectOverlapping(statements, from, to));
      return rows.map(changeOf).filter((change) => sharesSystem(change.systems, systems));
    },
  };
}
