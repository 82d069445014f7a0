import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import type { UpstreamAdapter, UpstreamAddress } from './adapter.ts';
import { readOrNotReady } from './load-reading.ts';
import { readObject, readUpstream } from './read-upstream.ts';

/** A model of many gigabytes is read from disk. */
const LOAD_MS = 10 * 60_000;

async function isHealthy(address: UpstreamAddress, signal: AbortSignal): Promise<boolean> {
  try {
    return typeof (await readObject(address, '/api/version', signal))?.['version'] === 'string';
  } catch {
    return false;
  }
}

async function loadedModels(address: UpstreamAddress, signal: AbortSignal): Promise<string[] | undefined> {
  const models = (await readObject(address, '/api/ps', signal))?.['models'];
  if (!Array.isArray(models)) return undefined;
  return models.map((item) => asRecord(item)?.['name']).filter((name) => typeof name === 'string');
}

/**
 * Ollama, written for 0.13.3 and later (`/v1/responses` came with it). It tells neither its queue nor its cache nor its
 * speed; it loads a model at the first request for it, so it is ready without one.
 */
export const ollama: UpstreamAdapter = {
  engine: 'ollama',
  endpoints: new Set(['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/responses']),
  streamUsage: true,
  probe: isHealthy,
  load: (address, signal) =>
    readOrNotReady(async () => {
      if (!(await isHealthy(address, signal))) return null;
      const models = await loadedModels(address, signal);
      if (models === undefined) return null;
      return { ready: true, running: null, waiting: null, kvUsed: null, tokensPerSecond: null, loadedModels: models };
    }),
  /** A request without a prompt loads the model; `keep_alive: -1` keeps it there. */
  async wake(address, model, signal) {
    const body = { model, keep_alive: -1, stream: false };
    const reply = await readUpstream(address, { path: '/api/generate', body, timeoutMs: LOAD_MS }, signal);
    if (reply.status === 404) throw new ElulmcError('MODEL_UNKNOWN', `${address.name} has no model ${model}`);
    if (reply.status !== 200) throw new ElulmcError('UPSTREAM_UNAVAILABLE', `${address.name} does not load ${model}: status ${String(reply.status)}`);
  },
};
