import { sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import type { UpstreamAdapter, UpstreamAddress } from './adapter.ts';
import { readMetrics, readModels, readOrNotReady } from './load-reading.ts';
import type { ListedModel } from './load-reading.ts';
import { meanOf, sumOf } from './prometheus-text.ts';
import { readObject, readUpstream } from './read-upstream.ts';

const RUNNING = ['llamacpp:requests_processing'];
const WAITING = ['llamacpp:requests_deferred'];
/** Releases before autumn 2025; later ones do not tell. */
const KV_USED = ['llamacpp:kv_cache_usage_ratio'];
/** Mean since the last reading of the metrics. */
const THROUGHPUT = ['llamacpp:predicted_tokens_seconds'];

const POLL_MS = 250;

async function isHealthy(address: UpstreamAddress, signal: AbortSignal): Promise<boolean> {
  try {
    return (await readObject(address, '/health', signal))?.['status'] === 'ok';
  } catch {
    return false;
  }
}

/** Busy slots; null where `/slots` is switched off. Works without `--metrics`. */
async function busySlots(address: UpstreamAddress, signal: AbortSignal): Promise<number | null> {
  const reply = await readUpstream(address, { path: '/slots' }, signal);
  if (reply.status !== 200) return null;
  try {
    const slots: unknown = JSON.parse(reply.text);
    return Array.isArray(slots) ? slots.filter((slot) => asRecord(slot)?.['is_processing'] === true).length : null;
  } catch {
    return null;
  }
}

async function findModel(address: UpstreamAddress, name: string, signal: AbortSignal): Promise<ListedModel | undefined> {
  return (await readModels(address, '/models', signal))?.find((model) => model.id === name);
}

/** A router (started without a model) loads on request; a server with its one model gives no status and has nothing to wake. */
async function loadInRouter(address: UpstreamAddress, name: string, signal: AbortSignal): Promise<void> {
  let model = await findModel(address, name, signal);
  if (model?.status === 'unloaded') {
    const reply = await readUpstream(address, { path: '/models/load', body: { model: name } }, signal);
    if (reply.status !== 200) throw new ElulmcError('UPSTREAM_UNAVAILABLE', `${address.name} does not load ${name}: status ${String(reply.status)}`);
    model = await findModel(address, name, signal);
  }
  while (model?.status === 'loading' || (model?.status === 'unloaded' && !model.failed)) {
    await sleep(POLL_MS, signal);
    model = await findModel(address, name, signal);
  }
  if (model?.failed === true) throw new ElulmcError('UPSTREAM_UNAVAILABLE', `${address.name} failed to load ${name}`);
}

/**
 * llama.cpp server, written for v0.5.0 (`/v1/responses` came in January 2026). Load needs `--metrics`; without it only
 * the busy slots are told. In router mode metrics and slots belong to one model each and are not read.
 */
export const llamaCpp: UpstreamAdapter = {
  engine: 'llama.cpp',
  endpoints: new Set(['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/responses']),
  streamUsage: true,
  probe: isHealthy,
  load: (address, signal) =>
    readOrNotReady(async () => {
      if (!(await isHealthy(address, signal))) return null;
      const models = await readModels(address, '/v1/models', signal);
      if (models === undefined) return null;
      const samples = await readMetrics(address, signal);
      return {
        ready: true,
        running: sumOf(samples, RUNNING) ?? (await busySlots(address, signal)),
        waiting: sumOf(samples, WAITING),
        kvUsed: meanOf(samples, KV_USED),
        tokensPerSecond: sumOf(samples, THROUGHPUT),
        loadedModels: models.filter((model) => model.status === null || model.status === 'loaded').map((model) => model.id),
      };
    }),
  wake: loadInRouter,
};
