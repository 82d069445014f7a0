import { readRequestIds, verifyLedger } from '../services/ledgers/recorded-requests.ts';
import type { DrillReport, TimelineEvent } from './drill-report.ts';
import type { DrillGround } from './operate.ts';
import type { SessionWatch } from './session-watch.ts';
import type { StreamSeen, Traffic } from './traffic.ts';

const MAX_LISTED = 20;

/** What the clients of a drill saw. Times are monotonic milliseconds. */
export interface Observed {
  readonly traffic: Traffic;
  readonly watch: SessionWatch;
  /** The streams that were being served at the command. */
  readonly streams: readonly StreamSeen[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly resumedAtMs: number;
  readonly backupAtMs: number;
  readonly normalAtMs: number;
}

/** Requests that passed authentication: only those have an entry; a token that was void already is counted in a summary. */
function idsSeen({ traffic, watch }: Observed): Set<string> {
  const calls = traffic.calls.filter((call) => call.code !== 'SESSION_REVOKED');
  const ids = [...traffic.streams, ...calls].map((seen) => seen.requestId).filter((id) => id !== null);
  return new Set([...ids, ...watch.requestIds]);
}

function timelineOf(observed: Observed, cut: readonly StreamSeen[], lastByteMs: number): TimelineEvent[] {
  const at = (ms: number): number => Math.round(ms - observed.startedAtMs);
  const refused = observed.traffic.calls.find((call) => call.at >= observed.startedAtMs && call.code === 'ISOLATED');
  const events: TimelineEvent[] = [
    { atMs: 0, event: 'command typed' },
    { atMs: at(lastByteMs), event: `last byte served; ${String(cut.length)} streams cut` },
    { atMs: at(observed.watch.voidAtMs ?? Number.NaN), event: 'session tokens void' },
    { atMs: at(observed.backupAtMs), event: "backup's first answer" },
    { atMs: at(observed.endedAtMs), event: 'command done' },
    { atMs: at(observed.resumedAtMs), event: 'resume-operations --restore-routes' },
    { atMs: at(observed.normalAtMs), event: 'normal service again' },
  ];
  if (refused !== undefined) events.push({ atMs: at(refused.at), event: 'first new request refused' });
  return events.sort((a, b) => a.atMs - b.atMs);
}

/** Compares what the clients saw with what the logs prove. */
export async function measure(ground: DrillGround, keyId: string, observed: Observed, minStreams: number): Promise<DrillReport> {
  const { startedAtMs, streams } = observed;
  const cut = streams.filter((stream) => stream.errorCode === 'ISOLATED');
  const lastByteMs = Math.max(...streams.map((stream) => stream.lastByteAtMs ?? startedAtMs));
  const seen = idsSeen(observed);
  const logs = await verifyLedger(ground.ledger);
  const logged = await readRequestIds(ground.ledger, keyId);
  const onlySeen = [...seen].filter((id) => !logged.has(id));
  const onlyLogged = [...logged].filter((id) => !seen.has(id));
  const bad = logs.filter((log) => log.failure !== null);
  const failures = [
    ...(streams.length < minStreams ? [`only ${String(streams.length)} streams were open at the command; ${String(minStreams)} are needed`] : []),
    ...(cut.length < streams.length ? [`${String(streams.length - cut.length)} streams were not cut with ISOLATED`] : []),
    ...(onlySeen.length > 0 ? [`${String(onlySeen.length)} requests that clients saw are in no log`] : []),
    ...(onlyLogged.length > 0 ? [`${String(onlyLogged.length)} requests in the logs were seen by no client`] : []),
    ...bad.map((log) => `log ${log.name} does not verify: ${String(log.failure)}`),
  ];
  return {
    drill: 'model-compromise',
    ok: failures.length === 0,
    failures,
    live: ground.live,
    requestsSeen: seen.size,
    requestsLogged: logged.size,
    onlySeen: onlySeen.slice(0, MAX_LISTED),
    onlyLogged: onlyLogged.slice(0, MAX_LISTED),
    streamsOpen: streams.length,
    streamsCut: cut.length,
    cutMs: Math.round(lastByteMs - startedAtMs),
    sessionVoidMs: Math.round((observed.watch.voidAtMs ?? Number.NaN) - startedAtMs),
    backupFirstAnswerMs: Math.round(observed.backupAtMs - startedAtMs),
    commandMs: Math.round(observed.endedAtMs - startedAtMs),
    normalServiceMs: Math.round(observed.normalAtMs - observed.resumedAtMs),
    ledger: { verified: bad.length === 0, logs: logs.map(({ name, size, root }) => ({ name, size, root })) },
    timeline: timelineOf(observed, cut, lastByteMs),
  };
}
