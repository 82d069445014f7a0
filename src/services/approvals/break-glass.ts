import { wallAt } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { insertBreakGlass, reviewBreakGlass, selectBreakGlass, selectUnreviewedBreakGlass } from '../../store/break-glass-rows.ts';
import type { BreakGlassRow } from '../../store/break-glass-rows.ts';
import type { Database } from '../../store/database.ts';

/** A call that one person made without the approvals or outside the windows that it needed. */
export interface BreakGlassUse {
  readonly runId: string;
  /** `deployment resume-operations` */
  readonly operation: string;
  readonly actor: string;
  readonly reason: string;
  readonly at: string;
  readonly review: { readonly by: string; readonly at: string; readonly note: string } | null;
}

export interface BreakGlassService {
  /** Durable when it resolves. The same run is recorded once; CONFLICT when that was reviewed already: nobody would look at it again. */
  record(use: Omit<BreakGlassUse, 'at' | 'review'>): Promise<void>;
  find(runId: string): Promise<BreakGlassUse | undefined>;
  /** Newest first; at most 100. */
  unreviewed(): Promise<readonly BreakGlassUse[]>;
  /** Repeating a review changes nothing. NOT_FOUND for an unknown run, NOT_ALLOWED for who used it, CONFLICT when somebody else has reviewed it. */
  review(runId: string, by: string, note: string): Promise<BreakGlassUse>;
}

const MOST_SHOWN = 100;

function useOf({ reviewedBy: by, reviewedAt: at, note, ...use }: BreakGlassRow): BreakGlassUse {
  return { ...use, review: by === null || at === null || note === null ? null : { by, at, note } };
}

/** CONFLICT when a run that broke the glass was reviewed, and would break it again. */
export function checkUnreviewed({ runId, review }: BreakGlassUse): void {
  if (review !== null) throw new ElulmcError('CONFLICT', `${runId} broke the glass and ${review.by} has reviewed that: make a new call`, { field: 'runId' });
}

/** NOT_FOUND, NOT_ALLOWED or CONFLICT unless this person may review the use now. */
export function checkReviewer(use: BreakGlassUse | undefined, runId: string, by: string): asserts use is BreakGlassUse {
  if (use === undefined) throw new ElulmcError('NOT_FOUND', `no call ${runId.slice(0, 64)} broke the glass`, { field: 'run' });
  if (use.actor === by) throw new ElulmcError('NOT_ALLOWED', 'who broke the glass does not review it', { field: 'run' });
  if (use.review !== null && use.review.by !== by) throw new ElulmcError('CONFLICT', `${use.review.by} reviewed it at ${use.review.at}`, { field: 'run' });
}

export function createBreakGlassService(database: Database): BreakGlassService {
  const find = async (runId: string): Promise<BreakGlassUse | undefined> => {
    const row = await database.run((statements) => selectBreakGlass(statements, runId));
    return row === undefined ? undefined : useOf(row);
  };
  return {
    record: (use) =>
      database.transaction(async (statements) => {
        const row = await insertBreakGlass(statements, { ...use, at: wallAt(), reviewedBy: null, reviewedAt: null, note: null });
        checkUnreviewed(useOf(row));
      }),
    find,
    unreviewed: async () => (await database.run((statements) => selectUnreviewedBreakGlass(statements, MOST_SHOWN))).map(useOf),
    async review(runId, by, note) {
      checkReviewer(await find(runId), runId, by);
      const row = await database.transaction((statements) => reviewBreakGlass(statements, runId, { by, at: wallAt(), note }));
      const use = row === undefined ? undefined : useOf(row);
      checkReviewer(use, runId, by);
      return use;
    },
  };
}
