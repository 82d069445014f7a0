import type { OperationReport } from '../operations/report.ts';
import type { OperationRuns, RunEnd, StoredOperationRun } from '../operations/runs.ts';
import type { Database } from '../store/database.ts';
import { adoptRun, closeRun, findRun, keepReport, openRun, selectOpenRuns } from '../store/operation-run-rows.ts';
import type { OperationRunRow } from '../store/operation-run-rows.ts';

function runOf({ id, outcome, report, ...rest }: OperationRunRow): { readonly run: StoredOperationRun; readonly end: RunEnd | null } {
  const stored = report as OperationReport | null;
  if (outcome === null) return { run: { runId: id, ...rest, kept: stored }, end: null };
  return { run: { runId: id, ...rest, kept: null }, end: { outcome: outcome as RunEnd['outcome'], report: stored } };
}

/** The door's rows in the database; `log` is the name of this control plane's own log. */
export function createStoredRuns(database: Database, log: string): OperationRuns {
  return {
    open: ({ runId, ...rest }) => openRun(database, { id: runId, ...rest, log }),
    adopt: async (run, logSize) => {
      await adoptRun(database, run.runId, log, logSize);
      return { ...run, log, logSize, begunIn: run.begunIn ?? run.log };
    },
    keep: (runId, report) => keepReport(database, runId, report),
    close: (runId, end) => closeRun(database, runId, end.outcome, end.report),
    find: async (runId) => {
      const row = await findRun(database, runId);
      return row === undefined ? undefined : runOf(row);
    },
    openRuns: async () => (await selectOpenRuns(database)).map((row) => runOf(row).run),
  };
}
