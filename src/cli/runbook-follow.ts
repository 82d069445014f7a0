import { monotonicMs, sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import { byName } from '../operations/catalogue.ts';
import { durationText } from '../runbook/export.ts';
import type { RunStreamEvents, RunView, StepView } from '../runbook/run-view.ts';
import { hasEnded } from '../services/runs/service.ts';
import { controlAddress } from './control-address.ts';
import { follow, problemOf, RemoteProblem } from './control-client.ts';
import type { Session } from './context.ts';
import type { Progress } from './output.ts';
import { outputLines } from './report-text.ts';
import { askAboutStep, sendAnswer } from './runbook-answer.ts';
import { runPath } from './runbook-request.ts';
import { INDENT, printStepState, stepStateText, whatText } from './runbook-state-text.ts';

/** How a run is followed. */
export interface FollowMode {
  /** Questions of steps for people are asked here. */
  readonly asks: boolean;
  /** Goes on while the run waits for somebody; else it is left there. */
  readonly keepsWaiting: boolean;
}

/** A control plane that is started again is back long before. */
const LOST_LIMIT_MS = 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;
/** Answers of a control plane that is about to be another one. */
const PASSING: ReadonlySet<string> = new Set(['CONTROL_STANDBY', 'LEADERSHIP_LOST', 'DATABASE_UNAVAILABLE']);
const MAX_KEPT_OUTPUT = 64 * 1024;

function isLost(thrown: unknown): boolean {
  if (thrown instanceof ElulmcError) return thrown.code === 'CONTROL_UNREACHABLE';
  return PASSING.has(problemOf(thrown)?.code ?? '');
}

/** Shows a run as it goes: one line for each change, what processes print, and what the run waits for. */
class RunFollower {
  readonly #session: Session;
  readonly #id: string;
  readonly #mode: FollowMode;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #shown = new Map<string, string>();
  readonly #output = new Map<string, string>();
  /** By call: what an operation shows only once stands in the first report of it and in no later one. */
  readonly #reports = new Map<string, StepView['report']>();
  #progress: Progress | undefined;
  #asking: { readonly step: string; readonly stop: AbortController } | undefined;
  #failure: unknown;
  #lostAtMs: number | undefined;
  #saidWait = '';
  /** Texts are written in the order of the events, though some must wait for a module. */
  #queue: Promise<void> = Promise.resolve();
  #view: RunView | undefined;

  constructor(session: Session, id: string, mode: FollowMode, signal: AbortSignal, seen: RunView | undefined) {
    if (seen !== undefined) {
      for (const step of seen.steps) this.#shown.set(step.id, stepStateText(step, seen));
      if (!mode.asks && seen.waitsFor !== null) this.#saidWait = JSON.stringify(seen.waitsFor);
    }
    this.#session = session;
    this.#id = id;
    this.#mode = mode;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  async follow(): Promise<RunView> {
    try {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = this.#lostAtMs === undefined ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
        if (await this.#connected()) break;
        await sleep(pauseMs, this.#signal).catch(() => undefined);
      }
      await this.#queue;
    } finally {
      this.#asking?.stop.abort();
      this.#progress?.end();
    }
    if (this.#failure !== undefined) throw this.#failure as Error;
    if (this.#view === undefined) throw new ElulmcError('CONTROL_UNREACHABLE', 'the control plane did not show the run');
    return this.#view;
  }

  /** False when the connection was lost and is worth another try. */
  async #connected(): Promise<boolean> {
    try {
      await follow(controlAddress(this.#session.context), { path: `${runPath(this.#id)}/events`, signal: this.#signal }, (name, data) =>
        this.#event(name, data),
      );
      return true;
    } catch (thrown) {
      await this.#queue;
      if (this.#failure !== undefined) throw this.#failure as Error;
      if (!isLost(thrown)) throw thrown;
      this.#lost(thrown);
      return false;
    }
  }

  #lost(thrown: unknown): void {
    this.#lostAtMs ??= monotonicMs();
    if (monotonicMs() - this.#lostAtMs < LOST_LIMIT_MS) {
      this.#progress ??= this.#session.output.progress();
      this.#progress.text('the control plane does not answer; trying again');
      return;
    }
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ElulmcError('CONTROL_UNREACHABLE', `${detail}; the run goes on when it is back: elulmc runbook show ${this.#id} --follow`, { cause: thrown });
  }

  #event(name: string, data: unknown): boolean {
    if (this.#lostAtMs !== undefined) {
      this.#lostAtMs = undefined;
      this.#say(() => {
        this.#session.output.words('The control plane answers again.');
      });
    }
    switch (name as keyof RunStreamEvents | 'error') {
      case 'run': {
        const view = this.#withFirstReports(data as RunView);
        this.#view = view;
        this.#later(() => this.#show(view));
        return hasEnded(view.state) || (view.waitsFor !== null && !this.#mode.keepsWaiting);
      }
      case 'progress':
        this.#progress?.text((data as RunStreamEvents['progress']).text);
        return false;
      case 'output':
        this.#printed(data as RunStreamEvents['output']);
        return false;
      case 'error':
        throw new RemoteProblem(data as Problem);
      default:
        return false;
    }
  }

  #withFirstReports(view: RunView): RunView {
    const steps = view.steps.map((step) => {
      if (step.report !== null && !this.#reports.has(step.runId)) this.#reports.set(step.runId, step.report);
      return step.report === null ? step : { ...step, report: this.#reports.get(step.runId) ?? step.report };
    });
    return { ...view, steps };
  }

  #later(work: () => void | Promise<void>): void {
    this.#queue = this.#queue.then(work).catch((thrown: unknown) => {
      this.#fail(thrown);
    });
  }

  #fail(thrown: unknown): void {
    this.#failure ??= thrown;
    this.#stop.abort(thrown);
  }

  /** Writes lines without leaving a piece of the progress line in them. */
  #say(write: () => void): void {
    this.#progress?.end();
    this.#progress = undefined;
    write();
  }

  async #show(view: RunView): Promise<void> {
    for (const step of view.steps) {
      const text = stepStateText(step, view);
      const earlier = this.#shown.get(step.id);
      if (earlier === text || (earlier === undefined && step.state === 'pending')) continue;
      this.#shown.set(step.id, text);
      await this.#changed(step, view);
    }
    this.#waits(view);
    const now = view.steps.find(({ state }) => state === 'running');
    if (this.#asking !== undefined || (now === undefined && view.waitsFor === null)) return;
    this.#progress ??= this.#session.output.progress();
    this.#progress.text(now === undefined ? (view.waitsFor?.text ?? '') : whatText(now));
  }

  async #changed(step: StepView, view: RunView): Promise<void> {
    this.#flush(step.id);
    const { output } = this.#session;
    const count = `${String(step.index + 1)}/${String(view.steps.length)}`;
    const isOver = step.endedAt !== null && hasEnded(step.state);
    const rest = `${count}  ${whatText(step)}${isOver ? `${endText(step)} (${durationText(step.startedAt, step.endedAt)})` : ''}`;
    const lines = isOver ? await resultLines(step) : [];
    this.#say(() => {
      if (output.json || !isOver) output.words(`${stepStateText(step, view)}  ${rest}`);
      else printStepState(output, step, view, rest);
      if (!output.json) for (const line of lines) output.data(`${INDENT}${line}`);
    });
    this.#write(step.id);
  }

  #waits(view: RunView): void {
    const { waitsFor } = view;
    if (this.#asking !== undefined && (waitsFor?.kind !== 'confirmation' || waitsFor.step !== this.#asking.step)) {
      this.#asking.stop.abort();
      this.#asking = undefined;
    }
    const said = waitsFor === null ? '' : JSON.stringify(waitsFor);
    if (waitsFor === null || said === this.#saidWait) return;
    this.#saidWait = said;
    const step = view.steps.find(({ id }) => id === waitsFor.step);
    if (waitsFor.kind === 'confirmation' && this.#mode.asks && step !== undefined) {
      this.#say(() => undefined);
      this.#ask(step);
      return;
    }
    this.#say(() => {
      this.#session.output.words(`${INDENT}waits: ${waitsFor.text}\n${INDENT}next:  ${waitsFor.help}`);
    });
  }

  /** Asks beside the events: somebody else may answer first, and then the question goes away. */
  #ask(step: StepView): void {
    const asking = { step: step.id, stop: new AbortController() };
    this.#asking = asking;
    const signal = AbortSignal.any([this.#signal, asking.stop.signal]);
    const work = async (): Promise<void> => {
      await sendAnswer(this.#session, this.#id, await askAboutStep(this.#session, step, signal), signal);
    };
    work()
      .catch((thrown: unknown) => {
        if (signal.aborted) return;
        // Not taken: it is asked again as soon as the run is seen to wait for it.
        if (isLost(thrown)) this.#saidWait = '';
        else this.#fail(thrown);
      })
      .finally(() => {
        if (this.#asking === asking) this.#asking = undefined;
      });
  }

  /** What a process prints. */
  #printed({ step, text }: RunStreamEvents['output']): void {
    this.#output.set(step, `${this.#output.get(step) ?? ''}${text}`);
    this.#later(() => {
      this.#write(step);
    });
  }

  /** Writes whole lines, once it was said that the step runs: the first output may come before that. */
  #write(step: string): void {
    const kept = this.#output.get(step) ?? '';
    if (kept === '' || (!this.#shown.has(step) && kept.length <= MAX_KEPT_OUTPUT)) return;
    const lines = kept.split('\n');
    const rest = lines.pop() ?? '';
    const isLong = rest.length > MAX_KEPT_OUTPUT;
    this.#output.set(step, isLong ? '' : rest);
    const whole = isLong ? [...lines, rest] : lines;
    if (whole.length === 0) return;
    this.#say(() => {
      for (const line of whole) this.#session.output.words(`${INDENT}| ${line}`);
    });
  }

  #flush(step: string): void {
    this.#write(step);
    const rest = this.#output.get(step) ?? '';
    this.#output.delete(step);
    if (rest !== '') this.#session.output.words(`${INDENT}| ${rest}`);
  }
}

/** How a step ended, after what it is. The sentence of a person's step is not said again. */
function endText({ kind, summary, evidence }: StepView): string {
  if (kind !== 'prose') return `: ${summary}`;
  return evidence === null ? '' : `: by ${evidence.by}${evidence.note === '' ? '' : `: ${evidence.note}`}`;
}

async function resultLines({ operation, report }: StepView): Promise<readonly string[]> {
  const [room = '', name = ''] = (operation ?? '').split(' ');
  const entry = report === null ? undefined : byName(room, name);
  return entry === undefined ? [] : outputLines(await entry.load(), report?.output);
}

/**
 * Follows a run until it has ended, or until it waits and this mode does not. A lost connection is tried again for a minute. The
 * run goes on whatever happens here. What stands in `seen` was shown before. INTERRUPTED when the signal aborts or the person
 * leaves a question.
 */
export async function followRun(session: Session, id: string, mode: FollowMode, signal: AbortSignal, seen?: RunView): Promise<RunView> {
  return new RunFollower(session, id, mode, signal, seen).follow();
}
