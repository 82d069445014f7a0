import { sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { Actor } from '../services/people/service.ts';
import { keepContent } from '../services/runs/content-files.ts';
import { hasEnded } from '../services/runs/service.ts';
import { prepareRun } from './prepare.ts';
import { runBody } from './run-advance.ts';
import type { AdvanceParts } from './run-advance.ts';
import { approvalView } from './run-approval.ts';
import { isSameRun, newRun } from './run-begin.ts';
import { RunEngine } from './run-engine.ts';
import { headOf, viewOf } from './run-model.ts';
import type { RunRecord, RunRow, StepRow } from './run-model.ts';
import { LiveRuns, preparedOf } from './run-parts.ts';
import type { RunParts } from './run-parts.ts';
import { RunRecorder } from './run-record.ts';
import { checkedSecrets, checkedValues, demandOperator, demandRights, sha256Of } from './run-requests.ts';
import type { AbortRequest, AnswerRequest, ResumeRequest, StartRequest } from './run-requests.ts';
import { resumed } from './run-resume.ts';
import { MAX_EVIDENCE_BYTES } from './run-view.ts';
import type { RunStreamEvents, RunView } from './run-view.ts';
import { RunViewers } from './run-viewers.ts';
import { stepRunId } from './step-run-id.ts';

/** How long a stop waits for what is being performed. */
const CLOSE_PATIENCE_MS = 10_000;
const MAX_STEPS = 1_000;

/** Runs of runbooks: durable, each step applied once. */
export interface RunService {
  /** Starts a run, or gives the one that was started under the same id. Rejects before the first step when it cannot be run as a whole. */
  start(request: StartRequest, actor: Actor, origin?: string): Promise<RunView>;
  /** NOT_FOUND when there is no such run. */
  view(id: string, actor: Actor): Promise<RunView>;
  /** Newest first. */
  list(limit: number): Promise<readonly Omit<RunView, 'steps'>[]>;
  answer(id: string, answer: AnswerRequest, actor: Actor): Promise<void>;
  resume(id: string, request: ResumeRequest, actor: Actor): Promise<RunView>;
  abort(id: string, request: AbortRequest, actor: Actor): Promise<RunView>;
  /** Shows the run now and at each change; the returned function ends that. */
  follow(id: string, actor: Actor, viewer: <N extends keyof RunStreamEvents>(name: N, data: RunStreamEvents[N]) => void): () => void;
  close(): Promise<void>;
}

class Runs implements RunService {
  readonly #tools: AdvanceParts;
  readonly #engine: RunEngine;
  readonly #stop: AbortController;
  readonly #unlisten: () => void;

  constructor(tools: AdvanceParts, engine: RunEngine, stop: AbortController) {
    this.#tools = tools;
    this.#engine = engine;
    this.#stop = stop;
    this.#unlisten = tools.parts.approvals.onDecided(({ ref }) => {
      if (ref !== null) engine.wakeById(ref);
    });
  }

  async start(request: StartRequest, actor: Actor, origin = 'request'): Promise<RunView> {
    const { parts, live, recorder } = this.#tools;
    const documentSha256 = sha256Of(request.text);
    const id = request.runId ?? newId('run');
    const earlier = request.runId === undefined ? undefined : await parts.store.find(id);
    if (earlier !== undefined) return this.#repeated(earlier, request, actor, documentSha256);
    const prepared = await prepareRun(parts.catalogue, request.text, request.section, parts.trusted);
    if (prepared.steps.length > MAX_STEPS) throw new ElulmcError('USAGE', `the section has more than ${String(MAX_STEPS)} steps`, { field: 'section' });
    const { stored, secrets } = checkedValues(prepared, request.parameters);
    const attempt = recorder.begin(id, 'runbook run', actor.id);
    const record = newRun({ id, request, actor, origin, prepared, documentSha256, parameters: stored, secrets: Object.keys(secrets), attempt });
    if (!(await parts.store.create(record, request.text))) {
      const other = await parts.store.find(id);
      if (other === undefined) throw new ElulmcError('CONFLICT', `${id} is being started`, { field: 'runId' });
      return this.#repeated(other, request, actor, documentSha256);
    }
    live.begin(id, prepared, secrets);
    await this.#engine.start(record.run);
    return this.view(id, actor);
  }

  /** The same run id is the same run, or a mistake. */
  #repeated(earlier: RunRecord, request: StartRequest, actor: Actor, documentSha256: string): Promise<RunView> {
    const { id } = earlier.run;
    if (isSameRun(earlier, request, actor, documentSha256)) return this.view(id, actor);
    throw new ElulmcError('CONFLICT', `${id} belongs to another run: another text, section, parameter, change or caller`, { field: 'runId' });
  }

  async view(id: string, actor: Actor): Promise<RunView> {
    const view = await loadView(this.#tools.parts, id);
    if (view === undefined) throw new ElulmcError('NOT_FOUND', `there is no run ${id.slice(0, 40)}`);
    return this.#withShownOnce(view, actor);
  }

  async list(limit: number): Promise<readonly Omit<RunView, 'steps'>[]> {
    return (await this.#tools.parts.store.newest(limit)).map(headOf);
  }

  async answer(id: string, { step: stepId, decision, note, file }: AnswerRequest, actor: Actor): Promise<void> {
    const record = await this.#find(id);
    demandOperator(actor, record, 'answer a step of');
    const step = record.steps.find(({ details }) => details.shown.id === stepId);
    if (step === undefined) throw new ElulmcError('FIELD_INVALID', `the run has no step ${stepId}`, { field: 'step' });
    refuseUnlessWaiting(record, step);
    const bytes = Buffer.from(file?.base64 ?? '', 'base64');
    if (bytes.length > MAX_EVIDENCE_BYTES) throw new ElulmcError('FIELD_INVALID', `file: more than ${String(MAX_EVIDENCE_BYTES)} bytes`, { field: 'file' });
    const kept = file === undefined ? null : { name: file.name, sha256: keepContent(this.#tools.parts.home.content, bytes), bytes: bytes.length };
    const run = await this.#tools.parts.store.change(id, step.index, (now) => {
      const [row] = now.steps;
      if (row === undefined) throw new ElulmcError('RUN_STATE', `${id} does not wait for this answer`);
      refuseUnlessWaiting(now, row);
      const details = { ...row.details, answer: { by: actor.id, decision, note, file: kept } };
      return { steps: [{ ...row, details }], answer: now.run };
    });
    this.#engine.wake(run);
  }

  async resume(id: string, request: ResumeRequest, actor: Actor): Promise<RunView> {
    const { parts, live, recorder, viewers } = this.#tools;
    const record = await this.#find(id);
    demandOperator(actor, record, 'resume');
    const secrets = checkedSecrets(record, request.parameters);
    const attempt = record.run.attempt + 1;
    const next = recorder.begin(stepRunId(id, `resume ${String(attempt)}`), 'runbook resume', actor.id, request.step ?? 'retry');
    // What it would do, before anything says that it does.
    resumed(record, request, next);
    demandRights(actor, record, await preparedOf(parts, live.of(id), record));
    const { waitsFor } = record.run.details;
    if (waitsFor?.kind === 'decision') await recorder.decided(record, { ...next, id: newId('run') }, `${request.step ?? 'retry'}: ${waitsFor.text}`);
    const run = await parts.store.change(id, 'all', (now) => resumed(now, request, next));
    live.addSecrets(id, secrets);
    if (run.attempt === record.run.attempt) this.#engine.wake(run);
    else await this.#engine.start(run);
    viewers.changed(id);
    return this.view(id, actor);
  }

  async abort(id: string, { undo, reason }: AbortRequest, actor: Actor): Promise<RunView> {
    const record = await this.#find(id);
    demandOperator(actor, record, 'abort');
    const { attempt } = record.run;
    const own = this.#tools.recorder.begin(stepRunId(id, `abort ${String(attempt)}`), 'runbook abort', actor.id);
    const run = await this.#tools.parts.store.change(id, null, ({ run: now }) => {
      if (now.state === 'succeeded' || now.state === 'aborted' || now.details.abort !== null || now.attempt !== attempt) {
        throw new ElulmcError('RUN_STATE', `${id} is ${now.details.abort === null ? now.state : 'being aborted'}, so it cannot be aborted`);
      }
      const details = { ...now.details, abort: { undo, reason, by: actor.id, byKind: actor.kind, record: own } };
      const aborting: RunRow = hasEnded(now.state) ? { ...now, state: 'running', attempt: attempt + 1, endedAt: null, details } : { ...now, details };
      return { run: aborting, answer: aborting };
    });
    this.#tools.live.of(id).process?.abort(new ElulmcError('INTERRUPTED', 'the run was aborted'));
    if (run.attempt === attempt) this.#engine.wake(run);
    else await this.#engine.start(run);
    this.#tools.viewers.changed(id);
    return this.view(id, actor);
  }

  follow(id: string, actor: Actor, viewer: <N extends keyof RunStreamEvents>(name: N, data: RunStreamEvents[N]) => void): () => void {
    return this.#tools.viewers.add(id, (name, data) => {
      viewer(name, name === 'run' ? (this.#withShownOnce(data as RunView, actor) as typeof data) : data);
    });
  }

  async close(): Promise<void> {
    this.#unlisten();
    this.#stop.abort(new ElulmcError('INTERRUPTED', 'the control plane is stopping'));
    const patience = new AbortController();
    const late = sleep(CLOSE_PATIENCE_MS, patience.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled([...this.#tools.busy]), late]);
    patience.abort();
    await this.#engine.close();
  }

  async #find(id: string): Promise<RunRecord> {
    const record = await this.#tools.parts.store.find(id);
    if (record === undefined) throw new ElulmcError('NOT_FOUND', `there is no run ${id.slice(0, 40)}`);
    return record;
  }

  /** What is shown once goes to who started the run, with the first view that holds the report. */
  #withShownOnce(view: RunView, actor: Actor): RunView {
    if (actor.id !== view.actor) return view;
    const { live } = this.#tools;
    const steps = view.steps.map((step) => {
      if (step.report === null) return step;
      const output = live.showOnce(view.id, step.index);
      return output === undefined ? step : { ...step, report: { ...step.report, output } };
    });
    return { ...view, steps };
  }
}

/** The run as it is, with what has been signed since. */
async function loadView({ store, approvals }: RunParts, id: string): Promise<RunView | undefined> {
  const record = await store.find(id);
  if (record === undefined) return undefined;
  const view = viewOf(record);
  const waiting = view.steps.find((step) => step.state === 'waiting-approval');
  const asked = waiting?.approval ?? null;
  const request = asked === null ? undefined : await approvals.find(asked.request);
  if (request === undefined) return view;
  return { ...view, steps: view.steps.map((step) => (step === waiting ? { ...step, approval: approvalView(request) } : step)) };
}

function refuseUnlessWaiting({ run }: RunRecord, { details }: StepRow): void {
  const waits = run.details.waitsFor;
  if (waits?.kind === 'confirmation' && waits.step === details.shown.id && details.answer === null && run.details.abort === null) return;
  throw new ElulmcError('RUN_STATE', `${run.id} does not wait for an answer to this step`, { field: 'step' });
}

/** Makes the runs that another control plane has left stand in our log from now on. */
async function adoptRuns({ parts: { store }, recorder }: AdvanceParts): Promise<void> {
  for (const { id, details } of await store.open()) {
    if (recorder.adopted(details) === null) continue;
    await store.change(id, null, ({ run }) => {
      const adopted = recorder.adopted(run.details);
      return { run: adopted === null ? undefined : { ...run, details: adopted }, answer: undefined };
    });
  }
}

/** Opens the runs of the control plane that leads, and goes on with those that another one has left. */
export async function openRunService(parts: RunParts): Promise<RunService> {
  const stop = new AbortController();
  const viewers = new RunViewers((id) => loadView(parts, id));
  const tools = { parts, live: new LiveRuns(), recorder: new RunRecorder(parts), viewers, stopping: stop.signal, busy: new Set<Promise<unknown>>() };
  // The engine goes on with runs as soon as it is open.
  await adoptRuns(tools);
  const engine = new RunEngine(parts, await parts.openEngine(runBody(tools)), stop.signal);
  const runs = new Runs(tools, engine, stop);
  try {
    await engine.takeUp();
  } catch (error) {
    await runs.close();
    throw error;
  }
  return runs;
}
