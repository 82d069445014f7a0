import { monotonicMs, sleep } from '../../core/clock.ts';
import { asRecord } from '../../core/json.ts';
import { readInternal } from './internal-client.ts';
import type { GatewayLink } from './internal-client.ts';
import type { GatewayService, GatewayStatus, WorkerStatus } from './service.ts';

const STATUS_TIMEOUT_MS = 500;
const POLL_MS = 10;
const MAX_STATUS_BYTES = 1024 * 1024;

async function statusOf(link: GatewayLink): Promise<GatewayStatus> {
  try {
    const answer = await readInternal(link, '/status', { timeoutMs: STATUS_TIMEOUT_MS, maxBytes: MAX_STATUS_BYTES });
    const workers = asRecord(JSON.parse(answer.body.toString('utf8')))?.['workers'];
    if (answer.status !== 200 || !Array.isArray(workers)) return { name: link.name, reachable: false, workers: [] };
    return { name: link.name, reachable: true, workers: workers as WorkerStatus[] };
  } catch {
    return { name: link.name, reachable: false, workers: [] };
  }
}

/** `links` is asked at every call: gateways come and go while the control plane runs. */
export function createGatewayService(links: () => readonly GatewayLink[]): GatewayService {
  const status = (): Promise<readonly GatewayStatus[]> => Promise.all(links().map(statusOf));
  return {
    status,
    async waitForVersion(version, timeoutMs) {
      const started = monotonicMs();
      for (;;) {
        const gateways = await status();
        const workers = gateways.filter((gateway) => gateway.reachable).flatMap((gateway) => gateway.workers);
        const applied = workers.length > 0 && workers.every((worker) => worker.postureVersion >= version);
        const tookMs = monotonicMs() - started;
        if (applied || tookMs >= timeoutMs || links().length === 0) return { applied, gateways, tookMs };
        await sleep(POLL_MS);
      }
    },
  };
}
