import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { monotonicMs, sleep } from '../../src/core/clock.ts';
import { newId } from '../../src/core/ids.ts';
import type { RunView, StepView, WaitsFor } from '../../src/runbook/run-view.ts';
import { hasEnded } from '../../src/services/runs/service.ts';
import { askUntilAnswered } from '../fixtures/control-plane.ts';
import type { Answer } from '../fixtures/control-plane.ts';
import type { Approvers } from './approvers.ts';
import { ISSUE_KEY, markFile, SECTION } from './chaos-runbook.ts';
import type { Lane } from './chaos-runbook.ts';
import type { Scene } from './scene.ts';

const LOOK_EVERY_MS = 50;
/** Longer than a restart and a takeover together on a slow machine. */
const STANDSTILL_MS = 180_000;

/** What a person said about a step that was interrupted. */
export interface Decision {
  readonly index: number;
  readonly step: 'retry' | 'skip';
}

export interface DrivenRun {
  readonly id: string;
  readonly lane: Lane;
  readonly decisions: Decision[];
}

/** Whether a process of this step still runs somewhere on this machine: what a person would look for before deciding. */
function runsStill(runId: string): boolean {
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'latin1').split('\0').includes(`ELULMC_STEP=${runId}`);
    } catch {
      return false;
    }
  });
}

/** Brings one run to its end, as its operator would: repeats what nobody answered, under the same id. */
export class RunDriver {
  readonly #scene: Scene;
  readonly #approvers: Approvers;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(scene: Scene, approvers: Approvers) {
    this.#scene = scene;
    this.#approvers = approvers;
    this.#headers = { authorization: `Bearer ${scene.operator.token}`, 'content-type': 'application/json' };
  }

  /** Rejects when the run stands still or something is answered that should not be. */
  async drive(run: DrivenRun): Promise<RunView> {
    const { id, lane } = run;
    const started = await this.#post('/v1/runbooks/runs', { text: lane.text, section: SECTION, runId: id, parameters: { RUN: id } });
    if (started.status !== 200) throw new Error(`${id} was not started: ${JSON.stringify(started)}`);
    let seen = '';
    let seenAtMs = monotonicMs();
    for (;;) {
      const view = await this.view(id);
      if (hasEnded(view.state)) return view;
      const now = JSON.stringify([view.attempt, view.waitsFor, view.steps.map(({ state, runId, approval }) => [state, runId, approval])]);
      if (now !== seen) {
        seen = now;
        seenAtMs = monotonicMs();
      }
      if (monotonicMs() - seenAtMs > STANDSTILL_MS) throw new Error(`${id} stands still: ${view.state}, ${JSON.stringify(view.waitsFor)}`);
      if (view.waitsFor !== null) await this.#respond(run, view, view.waitsFor);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async view(id: string): Promise<RunView> {
    const answer = await askUntilAnswered(this.#scene.hosts, `/v1/runbooks/runs/${id}`, { headers: this.#headers });
    if (answer.status !== 200) throw new Error(`${id} cannot be shown: ${JSON.stringify(answer)}`);
    return answer.body as unknown as RunView;
  }

  #post(path: string, body: object): Promise<Answer> {
    return askUntilAnswered(this.#scene.hosts, path, { method: 'POST', headers: this.#headers, body: JSON.stringify(body) });
  }

  async #respond(run: DrivenRun, view: RunView, waits: WaitsFor): Promise<void> {
    const step = view.steps.find(({ id }) => id === waits.step);
    if (step === undefined) throw new Error(`${run.id} waits for a step that it has not: ${JSON.stringify(waits)}`);
    switch (waits.kind) {
      case 'approval':
        if (step.approval === null) throw new Error(`${run.id} waits for no request`);
        return this.#approvers.sign(step.approval.request, step.approval.people);
      case 'confirmation':
        return this.#confirm(run.id, step);
      case 'decision':
        return this.#decide(run, step);
      case 'parameters':
      case 'window':
        throw new Error(`${run.id} waits for what this runbook cannot need: ${JSON.stringify(waits)}`);
    }
  }

  async #confirm(id: string, step: StepView): Promise<void> {
    const file = { name: 'seen.txt', base64: Buffer.from(id).toString('base64') };
    const answer = await this.#post(`/v1/runbooks/runs/${id}/answer`, { step: step.id, decision: 'confirmed', note: 'seen', file });
    this.#demand(answer, `the step ${String(step.index)} of ${id} cannot be confirmed`);
  }

  /** Looks at what was done before it says anything, as the sentence of the step asks for. */
  async #decide(run: DrivenRun, step: StepView): Promise<void> {
    while (runsStill(step.runId)) await sleep(LOOK_EVERY_MS);
    const wasDone = step.index === ISSUE_KEY ? await this.#hasKey(run.id) : existsSync(markFile(this.#scene.folder, run.id, step.index));
    const decision = { index: step.index, step: wasDone ? 'skip' : 'retry' } as const;
    run.decisions.push(decision);
    const answer = await this.#post(`/v1/runbooks/runs/${run.id}/resume`, { step: decision.step });
    this.#demand(answer, `nothing can be decided about the step ${String(step.index)} of ${run.id}`);
  }

  async #hasKey(name: string): Promise<boolean> {
    return (await this.#scene.select('select id from api_key where name = $1', [name])).length > 0;
  }

  /** RUN_STATE: an earlier call, answered to nobody, was carried out. */
  #demand({ status, body }: Answer, what: string): void {
    if (status >= 300 && body['code'] !== 'RUN_STATE') throw new Error(`${what}: ${JSON.stringify(body)}`);
  }
}

export function newRun(lane: Lane): DrivenRun {
  return { id: newId('run'), lane, decisions: [] };
}
