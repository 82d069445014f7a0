import { ElulmcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { byName } from '../operations/catalogue.ts';
import { readRunbookFile } from '../runbook/parse.ts';
import type { Decision, RunAnswer, RunEvents, RunReport, ShownStep, StepResult } from '../runbook/run-events.ts';
import { askChoice, canAsk } from './ask.ts';
import { controlAddress } from './control-address.ts';
import type { ControlAddress } from './control-address.ts';
import { ask, follow, RemoteProblem } from './control-client.ts';
import type { Session } from './context.ts';
import { interruptible } from './interrupt.ts';
import type { Progress } from './output.ts';
import { readSettings, resolveParameters } from './parameter-values.ts';
import type { Settings } from './parameter-values.ts';
import { outputLines } from './report-text.ts';

interface RunOptions {
  readonly section?: string;
  readonly set?: readonly string[];
  readonly setFile?: readonly string[];
  readonly runId?: string;
  readonly yes?: boolean;
  readonly input?: boolean;
}

const EMERGENCY = 'in an emergency use it directly: elulmc security emergency-isolation works without the control plane';
const CHOICES: readonly { readonly value: Decision; readonly label: string }[] = [
  { value: 'confirmed', label: 'Done' },
  { value: 'skipped', label: 'Skip it' },
  { value: 'stop', label: 'Stop the run' },
];

class RunFollower {
  readonly #session: Session;
  readonly #address: ControlAddress;
  readonly #settings: Settings;
  readonly #mayAsk: boolean;
  readonly #runId: string;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  #progress: Progress | undefined;
  #failure: unknown;
  /** Texts are written in the order of the events, though some must wait for a module or a person. */
  #queue: Promise<void> = Promise.resolve();
  report: RunReport | undefined;

  constructor(session: Session, address: ControlAddress, settings: Settings, mayAsk: boolean, runId: string, signal: AbortSignal) {
    this.#session = session;
    this.#address = address;
    this.#settings = settings;
    this.#mayAsk = mayAsk;
    this.#runId = runId;
    this.#stop = new AbortController();
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  async follow(body: unknown): Promise<void> {
    try {
      await follow(this.#address, { path: '/v1/runbooks/run', body, signal: this.#signal }, (name, data) => this.#event(name, data));
      await this.#queue;
    } catch (thrown) {
      throw this.#failure ?? thrown;
    } finally {
      this.#progress?.end();
    }
  }

  #event(name: string, data: unknown): boolean {
    const events = data as RunEvents[keyof RunEvents];
    switch (name as keyof RunEvents) {
      case 'prepared':
        this.#later(() => this.#prepared(events as RunEvents['prepared']));
        return false;
      case 'step-started':
        this.#later(() => {
          this.#started(events as ShownStep);
        });
        return false;
      case 'step-progress':
        this.#progress?.text((events as RunEvents['step-progress']).text);
        return false;
      case 'step-done':
        this.#later(() => this.#done(events as StepResult));
        return false;
      case 'question':
        this.#later(() => this.#question(events as ShownStep));
        return false;
      case 'error':
        throw new RemoteProblem(events as RunEvents['error']);
      case 'run-done':
        this.report = events as RunReport;
        return true;
      default:
        return false;
    }
  }

  /** What fails here ends the run: the connection is closed, and the control plane starts no other step. */
  #later(work: () => void | Promise<void>): void {
    this.#queue = this.#queue.then(work).catch((thrown: unknown) => {
      this.#failure ??= thrown;
      this.#stop.abort(thrown);
    });
  }

  async #answer(body: RunAnswer): Promise<void> {
    await ask(this.#address, { path: `/v1/runbooks/runs/${this.#runId}/answer`, body, signal: this.#signal });
  }

  async #prepared({ section, needs, steps }: RunEvents['prepared']): Promise<void> {
    const values = await resolveParameters(this.#session, this.#settings, needs, this.#mayAsk, this.#signal);
    if (needs.length > 0) await this.#answer({ parameters: values });
    this.#session.output.words(`${section}: ${String(steps.length)} steps, run ${this.#runId}`);
  }

  #started(step: ShownStep): void {
    this.#session.output.words(`> line ${String(step.line)}: ${step.text}`);
    this.#progress = this.#session.output.progress();
  }

  async #question(step: ShownStep): Promise<void> {
    this.#progress?.end();
    const decision = (await askChoice(this.#session.context.stdio, this.#signal, step.text, CHOICES)) ?? 'stop';
    await this.#answer({ step: step.id, decision });
  }

  async #done(result: StepResult): Promise<void> {
    this.#progress?.end();
    const { output } = this.#session;
    if (output.json) return;
    output.data(`${result.outcome.padEnd(12)}  ${result.operation ?? result.text}: ${result.summary}`);
    const [room = '', name = ''] = (result.operation ?? '').split(' ');
    const entry = result.report === null ? undefined : byName(room, name);
    if (entry === undefined) return;
    for (const line of outputLines(await entry.load(), result.report?.output)) output.data(`              ${line}`);
  }
}

function withEmergency(thrown: unknown): unknown {
  if (!(thrown instanceof ElulmcError) || thrown.code !== 'CONTROL_UNREACHABLE') return thrown;
  return new ElulmcError('CONTROL_UNREACHABLE', `${thrown.message}; ${EMERGENCY}`, { cause: thrown });
}

function printEnd(session: Session, report: RunReport): void {
  const { output } = session;
  if (output.json) output.object(report);
  for (const step of report.steps) if (step.outcome === 'not-run' && !output.json) output.data(`${'not-run'.padEnd(12)}  ${step.operation ?? step.text}`);
  output.words(report.summary);
  const help = report.steps.find((step) => step.problem !== null)?.problem;
  if (help !== null && help !== undefined) output.problem(help);
}

/** `runbook run`: sends the document to the control plane and follows the run. Exits with the code of the worst step. */
export async function runFile(session: Session, file: string, options: RunOptions): Promise<void> {
  const settings = readSettings(options.set ?? [], options.setFile ?? [], session.context.runbookParameter);
  const text = readRunbookFile(file);
  const mayAsk = options.input !== false && canAsk(session.context.stdio);
  const prose = options.yes === true ? 'skip' : mayAsk ? 'ask' : 'refuse';
  const runId = options.runId ?? newId('run');
  const section = options.section === undefined ? {} : { section: options.section };
  const report = await interruptible(async (signal) => {
    try {
      const follower = new RunFollower(session, controlAddress(session.context), settings, mayAsk, runId, signal);
      await follower.follow({ text, prose, runId, offered: [...settings.set.keys(), ...settings.files.keys()], ...section });
      return follower.report;
    } catch (thrown) {
      throw withEmergency(thrown);
    }
  });
  if (report === undefined) throw new ElulmcError('CONTROL_UNREACHABLE', 'the control plane gave no result of the run');
  printEnd(session, report);
  session.exit = report.exit;
}
