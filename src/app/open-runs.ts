import type { Home } from '../core/home.ts';
import type { LedgerLog } from '../ledger/log.ts';
import { catalogue } from '../operations/catalogue.ts';
import type { OperationServices } from '../operations/context.ts';
import type { Door } from '../operations/door.ts';
import { openRecorder } from '../operations/recorder.ts';
import type { RecordedSince } from '../operations/spool.ts';
import type { RunDetails, StepDetails } from '../runbook/run-model.ts';
import { openRunService } from '../runbook/run-service.ts';
import type { RunService } from '../runbook/run-service.ts';
import type { TrustedRunbooks } from '../runbook/trusted-runbooks.ts';
import { openDurableEngine } from '../services/runs/durable-engine.ts';
import { createRunStore } from '../services/runs/run-store.ts';
import type { Leadership } from '../store/leadership.ts';

export interface OpenRunsOptions {
  readonly home: Home;
  readonly leadership: Leadership;
  readonly services: OperationServices;
  readonly door: Door;
  readonly log: LedgerLog;
  readonly recordedSince: RecordedSince;
  readonly trusted: TrustedRunbooks;
  readonly say: (text: string) => void;
}

/** The runs of the leading control plane. Call after resolveOpenRuns: it goes on with every run that was left open. */
export function openRuns({ home, leadership, services, door, log, recordedSince, trusted, say }: OpenRunsOptions): Promise<RunService> {
  const { database, fence } = leadership;
  return openRunService({
    catalogue,
    door,
    trusted,
    home,
    recorder: openRecorder(log, home.spool),
    recordedSince,
    logName: log.name,
    logSize: () => log.size(),
    store: createRunStore<RunDetails, StepDetails>(database),
    // The end of this process is what makes the engine take up its runs again.
    openEngine: (body) =>
      openDurableEngine({
        database,
        fence,
        body,
        onProblem: say,
        onFailure: (text) => {
          fence.onLost(`the engine of durable runs failed: ${text}`);
        },
      }),
    people: services.people,
    approvals: services.approvals,
    gate: services,
    confirmLeadership: () => leadership.confirm(),
    onLeadershipLost: () => {
      fence.onLost('a step of a run was refused');
    },
    onEvent: say,
  });
}
