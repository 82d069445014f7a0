import { ElulmcError } from '../core/errors.ts';
import { isId, newId } from '../core/ids.ts';
import { findRunbookFile, runbookFolders } from '../runbook/runbook-files.ts';
import { readRunbookFile } from '../runbook/parse.ts';
import type { RunbookPlan, RunView, StartRunBody } from '../runbook/run-view.ts';
import { WHOLE_DOCUMENT } from '../runbook/sections.ts';
import { canAsk } from './ask.ts';
import { controlAddress } from './control-address.ts';
import { ask } from './control-client.ts';
import type { Session } from './context.ts';
import { interruptible } from './interrupt.ts';
import { readSettings, resolveParameters } from './parameter-values.ts';
import { followMode, followToEnd, sayWhereItIs } from './runbook-end.ts';
import { sectionText } from './runbook-state-text.ts';

export interface SectionOptions {
  readonly section?: string;
  readonly all?: boolean;
}

interface RunOptions extends SectionOptions {
  readonly set?: readonly string[];
  readonly setFile?: readonly string[];
  readonly runId?: string;
  readonly change?: string;
  readonly yes?: boolean;
  readonly input?: boolean;
  readonly wait?: boolean;
  readonly detach?: boolean;
}

/** The section as the control plane takes it. USAGE when both options are given. */
export function chosenSection({ section, all }: SectionOptions): { readonly section?: string } {
  if (section !== undefined && all === true) throw new ElulmcError('USAGE', 'give --section or --all, not both', { field: 'section' });
  if (all === true) return { section: WHOLE_DOCUMENT };
  return section === undefined ? {} : { section };
}

/** The text of a runbook: a file, or one of those that can be named. */
export function readRunbook(session: Session, file: string): string {
  return readRunbookFile(findRunbookFile(file, runbookFolders(session.context.home)));
}

/** What a section needs and would do; `preview` false asks only what it needs, which is recorded nowhere. */
export async function askPlan(session: Session, body: Record<string, unknown>, signal: AbortSignal): Promise<RunbookPlan> {
  return (await ask(controlAddress(session.context), { path: '/v1/runbooks/plan', body, signal })) as RunbookPlan;
}

function refuseProse(plan: RunbookPlan): void {
  const person = plan.steps.find(({ kind }) => kind === 'prose');
  if (person === undefined) return;
  throw new ElulmcError(
    'USAGE',
    `nothing was run: line ${String(person.line)} is a step for a person, and nobody can be asked; --yes skips such steps, --wait or --detach lets the run wait for elulmc runbook confirm`,
  );
}

async function start(session: Session, body: StartRunBody & { readonly runId: string }, signal: AbortSignal): Promise<RunView> {
  try {
    return (await ask(controlAddress(session.context), { path: '/v1/runbooks/runs', body, signal })) as RunView;
  } catch (thrown) {
    const refused =
      thrown instanceof ElulmcError && thrown.code === 'CONTROL_UNREACHABLE' && (thrown.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
    if (refused || !(thrown instanceof ElulmcError)) throw thrown;
    // The answer never came: the run may have begun, and its id tells.
    const how = `it may have begun: elulmc runbook show ${body.runId}, or the same command with --run-id ${body.runId}`;
    throw new ElulmcError(thrown.code, `${thrown.message}; ${how}`, { cause: thrown });
  }
}

/** `runbook run`: starts the run in the control plane and follows it. Exits with the code of the run, 4 where it is left waiting. */
export async function runFile(session: Session, file: string, options: RunOptions): Promise<void> {
  const settings = readSettings(options.set ?? [], options.setFile ?? [], session.context.runbookParameter);
  const section = chosenSection(options);
  const runId = options.runId ?? newId('run');
  if (!isId('run', runId)) throw new ElulmcError('FIELD_INVALID', '--run-id is not an id of the form run_...', { field: 'runId' });
  const text = readRunbook(session, file);
  const mayAsk = options.input !== false && canAsk(session.context.stdio);
  const canWait = mayAsk || options.wait === true || options.detach === true;
  await interruptible(async (signal) => {
    const plan = await askPlan(session, { text, ...section, preview: false }, signal);
    if (options.yes !== true && !canWait) refuseProse(plan);
    const parameters = await resolveParameters(session, settings, plan.needs, mayAsk, signal);
    const change = options.change === undefined ? {} : { change: options.change };
    const view = await start(session, { text, ...section, runId, parameters, prose: options.yes === true ? 'skip' : 'wait', ...change }, signal);
    session.output.words(`${sectionText(view)}: ${String(plan.steps.length)} ${plan.steps.length === 1 ? 'step' : 'steps'}, run ${runId}`);
    if (options.detach !== true) {
      await followToEnd(session, runId, followMode(session, options), signal);
      return;
    }
    if (session.output.json) session.output.object(view);
    sayWhereItIs(session, runId);
  });
}
