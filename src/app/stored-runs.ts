import type { OperationReport } from '../operations/report.ts';
import type { OperationRun, OperationRuns, RunEnd } from '../operations/runs.ts';
import type { Database } from '../store/database.ts';
import { closeRun, findRun, openRun, selectOpenRuns } from '../store/operation-run-rows.ts';
import type { OperationRunRow } from '../store/operation-run-rows.ts';

function runOf({ id, outcome, report, ...rest }: OperationRunRow): { readonly run: OperationRun; readonly end: RunEnd | null } {
  const end = outcome === null ? null : { outcome: outcome as RunEnd['outcome'], report: report as OperationReport | null };
  return { run: { runId: id, ...rest }, end };
}

/** The door's rows in the database. */
export function createStoredRuns(database: Database): OperationRuns {
  return {
    open: ({ runId, ...rest }) => openRun(database, { id: runId, ...rest }),
    close: (runId, end) => closeRun(database, runId, end.outcome, end.report),
    find: async (runId) => {
      const row = await findRun(database, runId);
      return row === undefined ? undefined : runOf(row);
    },
    openRuns: async () => (await selectOpenRuns(database)).map((row) => runOf(row).run),
  };
}
