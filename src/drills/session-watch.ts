import { monotonicMs, sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import { exchange } from './http-client.ts';

const ASK_EVERY_MS = 25;

/** A client that holds a session token and asks with it until it is refused. */
export interface SessionWatch {
  readonly requestIds: string[];
  /** When the token was refused first (monotonic); null while it holds. */
  voidAtMs: number | null;
}

export async function issueSession(gatewayUrl: string, apiKey: string, watch: SessionWatch): Promise<string> {
  const answer = await exchange({ url: `${gatewayUrl}/sessions`, method: 'POST', token: apiKey, body: { ttl_seconds: 600 } });
  if (answer.requestId !== null) watch.requestIds.push(answer.requestId);
  const token = answer.status === 201 ? asRecord(JSON.parse(answer.body))?.['token'] : undefined;
  if (typeof token !== 'string') throw new ElulmcError('OPERATION_FAILED', `no session token: ${String(answer.status)} ${answer.body.slice(0, 300)}`);
  return token;
}

/** Asks until the token is void. A request that was under way at that moment ends with REVOKED and has an entry of its own. */
export async function watchSession(gatewayUrl: string, token: string, watch: SessionWatch, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await exchange({ url: `${gatewayUrl}/models`, method: 'GET', token });
    if (answer.status === 401) watch.voidAtMs ??= monotonicMs();
    if (answer.status === 401 && answer.body.includes('"SESSION_REVOKED"')) return;
    if (answer.requestId !== null) watch.requestIds.push(answer.requestId);
    await sleep(ASK_EVERY_MS);
  }
}
