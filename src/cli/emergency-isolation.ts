import { existsSync } from 'node:fs';
import { monotonicMs, wallAt } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { EXIT } from '../core/exit-codes.ts';
import type { ExitCode } from '../core/exit-codes.ts';
import { doneEntry, intentEntry } from '../operations/entries.ts';
import type { RecordedRun } from '../operations/entries.ts';
import { planDigest } from '../operations/plan-digest.ts';
import type { OperationReport } from '../operations/report.ts';
import { spoolEntries } from '../operations/spool.ts';
import { readEndpoints } from '../services/installation/endpoints.ts';
import type { IsolationTarget } from '../services/posture/service.ts';
import { controlAddress, localAddress } from './control-address.ts';
import type { ControlAddress } from './control-address.ts';
import { callOperation, RemoteProblem } from './control-client.ts';
import type { Session } from './context.ts';
import { interruptible } from './interrupt.ts';

const OPERATION = 'security emergency-isolation';
/** How long each way may take before the next one is tried. */
const WAY_MS = 300;
/** How long to wait for the rest of the answer once the control plane has said that the isolation is written. */
const ANSWER_MS = 10_000;
/** Refusals that another way must not go around: the command itself is wrong, or the person may not do it. */
const FINAL: ReadonlySet<ExitCode> = new Set([EXIT.usage, EXIT.notAllowed]);

interface Isolated {
  /** What stands in the report as `output`, in the shape of the operation as far as it is known. */
  readonly output: Record<string, unknown>;
  readonly change: string;
  readonly summary: string;
}

/** The first event comes after the isolation is written: then the wait may be longer. Undefined: try the next way. */
async function byControl(session: Session, address: ControlAddress, input: Record<string, unknown>, runId: string): Promise<OperationReport | undefined> {
  const late = new AbortController();
  const giveUp = (): void => {
    late.abort(new Error('too late'));
  };
  let timer = setTimeout(giveUp, WAY_MS);
  const onProgress = (): void => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, ANSWER_MS);
  };
  try {
    return await callOperation(address, OPERATION, input, { runId, signal: late.signal, onProgress });
  } catch (thrown) {
    if (thrown instanceof RemoteProblem && FINAL.has(thrown.problem.exit)) throw thrown;
    const { message } = thrown as Error;
    session.output.words(`control plane: ${late.signal.aborted ? `no answer within ${String(WAY_MS)} ms` : message}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** As who signed in; as the user of this host when that token is refused or there is none. */
async function askControl(session: Session, input: Record<string, unknown>, runId: string): Promise<OperationReport | undefined> {
  const local = localAddress(session.context);
  let address: ControlAddress | undefined;
  try {
    address = controlAddress(session.context);
    return await byControl(session, address, input, runId);
  } catch (thrown) {
    const isSignIn = thrown instanceof RemoteProblem ? thrown.problem.code === 'NOT_SIGNED_IN' : address === undefined;
    if (!isSignIn) throw thrown;
    session.output.words(`control plane: ${(thrown as Error).message}`);
    if (local === undefined || local.token === address?.token) return undefined;
    return byControl(session, local, input, runId);
  }
}

/** Undefined when a name cannot be turned into a target without the control plane: then everything is isolated instead. */
function directTargets(input: Readonly<Record<string, unknown>>): readonly IsolationTarget[] | 'active-upstreams' | undefined {
  const { all, model, upstream, key } = input;
  if (all === true) return [{ scope: 'all', target: null }];
  if (typeof key === 'string' && !key.startsWith('key_')) return undefined;
  const named = Object.entries({ model, upstream, key }).flatMap(([scope, target]) =>
    typeof target === 'string' ? [{ scope: scope as IsolationTarget['scope'], target }] : [],
  );
  return named.length > 0 ? named : 'active-upstreams';
}

async function byDatabase(session: Session, input: Record<string, unknown>, runId: string, actor: string): Promise<Isolated | undefined> {
  const { environment, home } = session.context;
  const databaseUrl = readEndpoints(home)?.databaseUrl ?? environment.databaseUrl;
  const targets = directTargets(input);
  if (databaseUrl === undefined || targets === undefined) {
    session.output.words(`database: ${databaseUrl === undefined ? 'its address is not known' : 'a key is known there by its id only (key_...)'}`);
    return undefined;
  }
  const startedMs = monotonicMs();
  try {
    const { isolateDirectly } = await import('../services/posture/isolate-directly.ts');
    const author = { actor, runId, operation: OPERATION };
    const { version, changed, isolated } = await isolateDirectly({ databaseUrl, targets, reason: reasonOf(input), author, timeoutMs: WAY_MS });
    const names = isolated.map(({ scope, target }) => (target === null ? 'everything' : `${scope} ${target}`)).join(', ') || 'nothing new';
    session.output.words('Isolated through the database: names were not checked, and no gateway was asked.');
    return {
      output: { way: 'database', version, changed, isolated, tookMs: Math.round(monotonicMs() - startedMs) },
      change: `isolate ${names}, written to the database`,
      summary: `Isolated ${names} in posture version ${String(version)}, through the database without the control plane.`,
    };
  } catch (thrown) {
    session.output.words(`database: ${(thrown as Error).message}`);
    return undefined;
  }
}

async function byKillSwitch(session: Session, input: Record<string, unknown>, actor: string): Promise<Isolated> {
  const { home } = session.context;
  if (!existsSync(home.ledger)) {
    throw new ElulmcError(
      'CONTROL_UNREACHABLE',
      `NOTHING IS ISOLATED: ${home.root} is not the home of an installation; set ELULMC_HOME to it and run the command again`,
    );
  }
  const { writeKillSwitch } = await import('../services/posture/kill-switch-file.ts');
  const startedMs = monotonicMs();
  writeKillSwitch(home.killswitch, reasonOf(input), actor);
  const isNarrower = ['model', 'upstream', 'key'].some((field) => input[field] !== undefined);
  if (isNarrower) session.output.words('The kill switch knows no targets: everything on this host is isolated, not only what was named.');
  session.output.words(`Isolated by the kill-switch file ${home.killswitch}. Lift it with: elulmc deployment resume-operations --kill-switch`);
  return {
    output: {
      way: 'kill-switch',
      changed: true,
      isolated: [{ scope: 'all', target: null }],
      file: home.killswitch,
      tookMs: Math.round(monotonicMs() - startedMs),
    },
    change: 'isolate everything on this host by the kill-switch file',
    summary: 'Isolated everything on this host by the kill-switch file: neither the control plane nor the database answered.',
  };
}

function reasonOf(input: Readonly<Record<string, unknown>>): string {
  return typeof input['reason'] === 'string' ? input['reason'] : 'emergency isolation';
}

/** Leaves the record that the control plane appends at its next start. The effect stands whether or not it can be written. */
function leaveRecord(session: Session, run: RecordedRun, summary: string, tookMs: number): 'spool' | 'none' {
  try {
    spoolEntries(session.context.home.spool, run.runId, [intentEntry(run), doneEntry(run, { outcome: 'ok', summary, tookMs })]);
    return 'spool';
  } catch {
    return 'none';
  }
}

/**
 * Stops traffic by the first way that works: the control plane (300 ms), the posture row in the database (300 ms), the
 * kill-switch file of this host. stderr says which. Rejects only when the command is wrong, not allowed, or nothing worked.
 */
export async function isolateInEmergency(session: Session, input: Record<string, unknown>, runId: string): Promise<OperationReport> {
  const startedAt = wallAt();
  const startedMs = monotonicMs();
  return interruptible(async () => {
    // A control plane that has not answered by now may not answer at all: the next way must not begin with reading modules.
    setTimeout(() => void import('../services/posture/isolate-directly.ts').catch(() => undefined), WAY_MS / 3).unref();
    const report = await askControl(session, input, runId);
    if (report !== undefined) {
      session.output.words('Isolated through the control plane.');
      return report;
    }
    const actor = `local:${String(session.context.uid)}`;
    const isolated = (await byDatabase(session, input, runId, actor)) ?? (await byKillSwitch(session, input, actor));
    const plan = { changes: [isolated.change], notes: [] };
    const planSha256 = planDigest(OPERATION, input, plan.changes);
    const run: RecordedRun = { runId, actor, operation: OPERATION, ref: null, input, plan, planSha256 };
    const tookMs = monotonicMs() - startedMs;
    const recorded = leaveRecord(session, run, isolated.summary, tookMs);
    return {
      runId,
      operation: OPERATION,
      dryRun: false,
      verdict: 'ok',
      exit: EXIT.ok,
      summary: isolated.summary,
      plan,
      planSha256,
      output: isolated.output,
      startedAt,
      tookMs,
      approval: null,
      recorded,
      entries: { intent: null, done: null },
    };
  });
}
