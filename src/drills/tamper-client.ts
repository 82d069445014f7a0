import { monotonicMs, sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import type { RunView } from '../runbook/run-view.ts';
import { hasEnded } from '../services/runs/service.ts';
import { exchange } from './http-client.ts';
import { operate } from './operate.ts';
import type { ScratchInstallation } from './scratch-installation.ts';

type Ground = Pick<ScratchInstallation, 'controlUrl' | 'gatewayUrl' | 'personToken'>;

const ASK_EVERY_MS = 50;
const PATIENCE_MS = 60_000;

/** How the control plane answered a change of the stage: the stage, or the code of the error. */
export async function changeStage({ controlUrl, personToken }: Ground, model: string, stage: string): Promise<string> {
  const url = `${controlUrl}/v1/operations/deployment/change-stage`;
  const answer = await exchange({ url, method: 'POST', token: personToken, body: { model, stage } });
  const body = asRecord(JSON.parse(answer.body));
  const said = answer.status === 200 ? asRecord(body?.['output'])?.['to'] : body?.['code'];
  return typeof said === 'string' ? said : `status ${String(answer.status)}`;
}

/** Asks the model through the gateway; true when it answered. */
export async function isServed(ground: Ground): Promise<boolean> {
  const { key } = await operate(ground, 'governance/issue-key', { name: 'drill tamper', models: ['demo'] });
  const body = { model: 'demo', messages: [{ role: 'user', content: 'Call me Ishmael.' }], max_tokens: 2, temperature: 0 };
  const answer = await exchange({ url: `${ground.gatewayUrl}/chat/completions`, method: 'POST', token: String(key), body });
  return answer.status === 200;
}

async function scheduledRuns({ controlUrl, personToken }: Ground): Promise<readonly RunView[]> {
  const answer = await exchange({ url: `${controlUrl}/v1/runbooks/runs?limit=100`, method: 'GET', token: personToken });
  const runs = answer.status === 200 ? (asRecord(JSON.parse(answer.body))?.['runs'] as readonly RunView[]) : [];
  return runs.filter(({ origin }) => origin === 'schedule:model-integrity');
}

/** The first scheduled check that was begun after this instant (RFC 3339), once it has ended. OPERATION_FAILED when none comes. */
export async function nextCheck(ground: Ground, after: string): Promise<RunView> {
  const end = monotonicMs() + PATIENCE_MS;
  while (monotonicMs() < end) {
    const runs = (await scheduledRuns(ground)).filter(({ openedAt, state }) => openedAt > after && hasEnded(state));
    const first = runs.toSorted((a, b) => (a.openedAt < b.openedAt ? -1 : 1))[0];
    if (first !== undefined) return first;
    await sleep(ASK_EVERY_MS);
  }
  throw new ElulmcError('OPERATION_FAILED', `no scheduled check ended within ${String(PATIENCE_MS / 1000)} s`);
}
