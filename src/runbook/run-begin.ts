import { wallAt } from '../core/clock.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { Actor } from '../services/people/service.ts';
import type { ParameterValues } from './parameters.ts';
import { shownStep } from './plan.ts';
import type { PreparedRun } from './prepare.ts';
import type { AttemptRecord, RunRecord, StepRow } from './run-model.ts';
import type { StartRequest } from './run-requests.ts';
import { stepRunId } from './step-run-id.ts';

export interface NewRun {
  readonly id: string;
  readonly request: StartRequest;
  readonly actor: Actor;
  readonly origin: string;
  readonly prepared: PreparedRun;
  readonly documentSha256: string;
  /** Without secrets. */
  readonly parameters: ParameterValues;
  /** Names of the secrets that were given. */
  readonly secrets: readonly string[];
  readonly attempt: AttemptRecord;
}

/** The rows of a run before its first step. */
export function newRun({ id, request, actor, origin, prepared, documentSha256, parameters, secrets, attempt }: NewRun): RunRecord {
  const { prose, change, section: wanted } = request;
  const { runbook, section, steps } = prepared;
  const details = {
    ...{ runbook, section, wanted: wanted ?? null, actor: actor.id, actorKind: actor.kind, origin, change: change ?? null, prose, parameters, secrets },
    ...{ waitsFor: null, exit: null, summary: '', record: attempt, abort: null },
  };
  return {
    run: { id, documentSha256, state: 'pending', attempt: 1, openedAt: wallAt(), endedAt: null, details },
    steps: steps.map((step, index): StepRow => {
      const nothing = { report: null, problem: null, approval: null, evidence: null, output: null, undone: null, answer: null, process: null };
      const begun = { exit: EXIT.ok, summary: '', startedAt: null, endedAt: null, ends: false, interrupted: false, retries: 0, begunBy: null };
      return { index, state: 'pending', details: { shown: shownStep(step), runId: stepRunId(id, step.step.id), ...begun, ...nothing } };
    }),
  };
}

function sameEntries(a: ParameterValues, b: ParameterValues): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}

/** Whether a request under the id of this run asks for this very run. Secrets are compared by their names: their values are not kept. */
export function isSameRun({ run }: RunRecord, request: StartRequest, actor: Actor, documentSha256: string): boolean {
  const { details } = run;
  const isSecret = ([name]: readonly [string, string]): boolean => details.secrets.includes(name);
  const given = Object.entries(request.parameters);
  return (
    details.actor === actor.id &&
    run.documentSha256 === documentSha256 &&
    details.prose === request.prose &&
    details.wanted === (request.section ?? null) &&
    details.change === (request.change ?? null) &&
    given.filter(isSecret).length === details.secrets.length &&
    sameEntries(Object.fromEntries(given.filter((entry) => !isSecret(entry))), details.parameters)
  );
}
