import type { Home } from '../core/home.ts';
import type { CatalogueEntry } from '../operations/catalogue.ts';
import type { GateServices } from '../operations/change-gate.ts';
import type { Door } from '../operations/door.ts';
import type { ApprovalService } from '../services/approvals/service.ts';
import type { PeopleService } from '../services/people/service.ts';
import type { DurableEngine, EngineBody } from '../services/runs/service.ts';
import type { ParameterValues } from './parameters.ts';
import { prepareRun } from './prepare.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunRecord, RunRows } from './run-model.ts';
import type { RecordParts } from './run-record.ts';
import type { TrustedRunbooks } from './trusted-runbooks.ts';
import { ElulmcError } from '../core/errors.ts';

/** What runs need of the control plane. */
export interface RunParts extends RecordParts {
  readonly catalogue: readonly CatalogueEntry[];
  readonly door: Pick<Door, 'call'>;
  readonly store: RunRows;
  readonly openEngine: (body: EngineBody) => Promise<DurableEngine>;
  readonly people: Pick<PeopleService, 'find'>;
  readonly approvals: Pick<ApprovalService, 'find' | 'open' | 'use' | 'policyFor' | 'onDecided'>;
  readonly trusted: TrustedRunbooks;
  /** What may hold up a process: a step that is an operation meets them at the door. */
  readonly gate: GateServices;
  readonly home: Home;
  /** Resolves while this control plane leads; asked before what cannot be taken back and is in no transaction. */
  readonly confirmLeadership: () => Promise<void>;
  /** Another control plane leads: nothing that this one does counts any more. */
  readonly onLeadershipLost: () => void;
  /** What nobody waits for and somebody should read. */
  readonly onEvent: (text: string) => void;
}

/** What this process knows about a run and no row holds. */
export interface LiveRun {
  /** Values of secret parameters; gone after a restart. */
  readonly secrets: Map<string, string>;
  prepared: Promise<PreparedRun> | undefined;
  /** Kills the process that runs. */
  process: AbortController | undefined;
  /** Outputs of steps, by index, with what is shown once to who started the run. */
  readonly shownOnce: Map<number, object>;
  hasEnded: boolean;
}

export class LiveRuns {
  readonly #runs = new Map<string, LiveRun>();

  of(id: string): LiveRun {
    let live = this.#runs.get(id);
    if (live === undefined) {
      live = { secrets: new Map(), prepared: undefined, process: undefined, shownOnce: new Map(), hasEnded: false };
      this.#runs.set(id, live);
    }
    // Whoever asks works on it: a run that had failed goes on.
    live.hasEnded = false;
    return live;
  }

  begin(id: string, prepared: PreparedRun, secrets: ParameterValues): void {
    this.of(id).prepared = Promise.resolve(prepared);
    this.addSecrets(id, secrets);
  }

  addSecrets(id: string, secrets: ParameterValues): void {
    for (const [name, value] of Object.entries(secrets)) this.of(id).secrets.set(name, value);
  }

  /** The run has ended: its secrets go, and nothing stays but what nobody has seen yet. */
  forget(id: string): void {
    const live = this.#runs.get(id);
    if (live === undefined) return;
    live.secrets.clear();
    live.prepared = undefined;
    live.hasEnded = true;
    this.#drop(id, live);
  }

  /** What the step shows only once; undefined from the second time on. */
  showOnce(id: string, step: number): object | undefined {
    const live = this.#runs.get(id);
    const output = live?.shownOnce.get(step);
    if (live === undefined || output === undefined) return undefined;
    live.shownOnce.delete(step);
    this.#drop(id, live);
    return output;
  }

  #drop(id: string, live: LiveRun): void {
    if (live.hasEnded && live.shownOnce.size === 0) this.#runs.delete(id);
  }
}

/** The steps of a run as the pinned text gives them. RUNBOOK_INVALID when they are not those that the run was started with. */
export async function preparedOf(parts: RunParts, live: LiveRun, { run, steps }: RunRecord): Promise<PreparedRun> {
  live.prepared ??= prepareAgain(parts, run.documentSha256, run.details.section);
  let prepared: PreparedRun;
  try {
    prepared = await live.prepared;
  } catch (error) {
    live.prepared = undefined;
    throw error;
  }
  const isSame = prepared.steps.length === steps.length && steps.every((step, at) => prepared.steps[at]?.step.id === step.details.shown.id);
  if (!isSame) throw new ElulmcError('RUNBOOK_INVALID', 'this version of the program reads other steps in the runbook than the one that started the run');
  return prepared;
}

async function prepareAgain(parts: RunParts, documentSha256: string, section: string): Promise<PreparedRun> {
  const text = await parts.store.text(documentSha256);
  if (text === undefined) throw new ElulmcError('RUNBOOK_INVALID', `the text ${documentSha256} of the run is not stored`);
  return prepareRun(parts.catalogue, text, section, parts.trusted);
}

/** Stored values and those that only this process knows. */
export function valuesOf({ run }: RunRecord, live: LiveRun): ParameterValues {
  return { ...run.details.parameters, ...Object.fromEntries(live.secrets) };
}
