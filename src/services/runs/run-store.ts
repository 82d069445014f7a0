import { ElulmcError } from '../../core/errors.ts';
import type { Database, Statements } from '../../store/database.ts';
import {
  insertRunbookRun,
  lockRunbookRun,
  selectNewestRuns,
  selectOpenRunbookRuns,
  selectRunbookRun,
  selectRunbookStep,
  selectRunbookSteps,
  selectRunbookText,
  updateRunbookRun,
  updateRunbookStep,
} from '../../store/run-rows.ts';
import type { RunRow, StepRow } from '../../store/run-rows.ts';
import type { RunStore, StoredRun, StoredState, StoredStep } from './service.ts';

function runOf<R>({ document, state, details, ...rest }: RunRow): StoredRun<R> {
  return { ...rest, documentSha256: document, state: state as StoredState, details: details as R };
}

function runRow<R>({ documentSha256, ...rest }: StoredRun<R>): RunRow {
  return { ...rest, document: documentSha256 };
}

function stepOf<S>({ index, state, details }: StepRow): StoredStep<S> {
  return { index, state: state as StoredState, details: details as S };
}

async function stepsFor(statements: Statements, id: string, index: number | 'all' | null): Promise<readonly StepRow[]> {
  if (index === 'all') return await selectRunbookSteps(statements, id);
  const step = index === null ? undefined : await selectRunbookStep(statements, id, index);
  return step === undefined ? [] : [step];
}

/** Runs in the database. `R` and `S` are what the interpreter of runs keeps in the details of runs and steps. */
export function createRunStore<R, S>(database: Database): RunStore<R, S> {
  return {
    create: ({ run, steps }, text) =>
      database.transaction((statements) =>
        insertRunbookRun(
          statements,
          runRow(run),
          steps.map((step) => ({ ...step, run: run.id })),
          text,
        ),
      ),
    find: async (id) => {
      const row = await database.run((statements) => selectRunbookRun(statements, id));
      if (row === undefined) return undefined;
      const steps = await database.run((statements) => selectRunbookSteps(statements, id));
      return { run: runOf<R>(row), steps: steps.map((step) => stepOf<S>(step)) };
    },
    text: (sha256) => database.run((statements) => selectRunbookText(statements, sha256)),
    newest: async (limit) => (await database.run((statements) => selectNewestRuns(statements, limit))).map((row) => runOf<R>(row)),
    open: async () => (await database.run(selectOpenRunbookRuns)).map((row) => runOf<R>(row)),
    change: (id, index, work) =>
      database.transaction(async (statements) => {
        const row = await lockRunbookRun(statements, id);
        if (row === undefined) throw new ElulmcError('NOT_FOUND', `there is no run ${id.slice(0, 40)}`);
        const steps = await stepsFor(statements, id, index);
        const change = work({ run: runOf<R>(row), steps: steps.map((step) => stepOf<S>(step)) });
        if (change.run !== undefined) await updateRunbookRun(statements, runRow(change.run));
        for (const step of change.steps ?? []) await updateRunbookStep(statements, { ...step, run: id });
        return change.answer;
      }),
  };
}
