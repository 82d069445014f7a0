import { monotonicMs, sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { processRunner } from '../services/processes/process-runner.ts';
import type { DrillReport } from './drill-report.ts';
import { closeConnections } from './http-client.ts';
import { measure } from './measure.ts';
import type { Observed } from './measure.ts';
import { operate } from './operate.ts';
import type { DrillGround } from './operate.ts';
import { issueSession, watchSession } from './session-watch.ts';
import type { SessionWatch } from './session-watch.ts';
import { Traffic } from './traffic.ts';
import type { CallSeen } from './traffic.ts';

/** Fewer open streams at the command and the drill has shown nothing. */
const MIN_STREAMS = 8;
const STREAMS = 12;
const STREAM_TOKENS = 200;
const PLAIN_CALLERS = 2;
const PLAIN_PAUSE_MS = 50;
const CALLS_BEFORE = 30;
const PATIENCE_MS = 30_000;
const COMMAND_LIMIT_MS = 60_000;
const SECTION = 'Model Compromise Response/Immediate Actions';

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = monotonicMs() + PATIENCE_MS;
  while (!condition()) {
    if (monotonicMs() > end) throw new ElulmcError('OPERATION_FAILED', `${what} did not come within ${String(PATIENCE_MS / 1000)} s`);
    await sleep(5);
  }
}

async function issueKey(ground: DrillGround): Promise<{ readonly id: string; readonly text: string }> {
  const output = await operate(ground, 'governance/issue-key', { name: 'drill model-compromise', models: [ground.model] });
  const { keyId, key } = output;
  if (typeof keyId !== 'string' || typeof key !== 'string') throw new ElulmcError('OPERATION_FAILED', 'issue-key gave no key');
  return { id: keyId, text: key };
}

/** The command, as a person would type it, in a process of its own. */
async function runImmediateActions(ground: DrillGround): Promise<{ readonly startedAtMs: number; readonly endedAtMs: number }> {
  const startedAtMs = monotonicMs();
  const argv = [...ground.command, 'runbook', 'run', ground.runbook, '--section', SECTION, '--yes', '--json'];
  const result = await processRunner.run(argv, { env: { ...ground.env, ELULMC_TOKEN: ground.personToken }, timeoutMs: COMMAND_LIMIT_MS });
  if (result.code !== 0) {
    throw new ElulmcError('OPERATION_FAILED', `the runbook ended with code ${String(result.code)}: ${result.stderr.slice(-1000)}${result.stdout.slice(-500)}`);
  }
  return { startedAtMs, endedAtMs: monotonicMs() };
}

async function rehearse(ground: DrillGround, key: { readonly id: string; readonly text: string }, onProgress: (text: string) => void): Promise<Observed> {
  const watch: SessionWatch = { requestIds: [], voidAtMs: null };
  const session = await issueSession(ground.gatewayUrl, key.text, watch);
  const tokens = [key.text, key.text, session];
  const traffic = new Traffic({ gatewayUrl: ground.gatewayUrl, model: ground.model, tokens, plainCallers: PLAIN_CALLERS, pauseMs: PLAIN_PAUSE_MS });
  const answered = (since: number, match: (call: CallSeen) => boolean): number | undefined =>
    traffic.calls.find((call) => call.at >= since && call.status === 200 && match(call))?.at;
  const isPrimary = (call: CallSeen): boolean => call.model === ground.primaryModel;
  const watching = new AbortController();
  onProgress(`starting ${String(STREAMS)} streams and ${String(PLAIN_CALLERS)} clients that call again and again`);
  traffic.startPlainCalls();
  traffic.openStreams(STREAMS, STREAM_TOKENS);
  const watcher = watchSession(ground.gatewayUrl, session, watch, watching.signal);
  try {
    await until('traffic', () => traffic.openNow() >= MIN_STREAMS && traffic.calls.filter((call) => call.status === 200).length >= CALLS_BEFORE);
    const streams = traffic.streams.filter((stream) => stream.firstByteAtMs !== null && stream.endedAtMs === null);
    onProgress(`${String(streams.length)} streams open; running "${SECTION}"`);
    const { startedAtMs, endedAtMs } = await runImmediateActions(ground);
    await until('the end of every stream', () => streams.every((stream) => stream.endedAtMs !== null));
    await until('the end of the session', () => watch.voidAtMs !== null);
    await until('an answer of the backup', () => answered(startedAtMs, (call) => !isPrimary(call)) !== undefined);
    onProgress('resuming normal service');
    const resumedAtMs = monotonicMs();
    await operate(ground, 'deployment/resume-operations', { restoreRoutes: true });
    await until('an answer of the primary', () => answered(resumedAtMs, isPrimary) !== undefined);
    watching.abort();
    await Promise.all([traffic.stop(), watcher]);
    return {
      traffic,
      watch,
      streams,
      startedAtMs,
      endedAtMs,
      resumedAtMs,
      backupAtMs: answered(startedAtMs, (call) => !isPrimary(call)) ?? Number.NaN,
      normalAtMs: answered(resumedAtMs, isPrimary) ?? Number.NaN,
    };
  } finally {
    watching.abort();
    await Promise.allSettled([traffic.stop(), watcher]);
    closeConnections();
  }
}

/** The three immediate actions while clients are served, the way back to normal service, and the proof of all of it. */
export async function drillModelCompromise(ground: DrillGround, onProgress: (text: string) => void): Promise<DrillReport> {
  const key = await issueKey(ground);
  const observed = await rehearse(ground, key, onProgress);
  onProgress('verifying the ledger from genesis');
  await ground.settle();
  return measure(ground, key.id, observed, MIN_STREAMS);
}
