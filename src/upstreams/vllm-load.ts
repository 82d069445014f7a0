import type { UpstreamAddress, UpstreamLoad } from './adapter.ts';
import { answersOk, readMetrics, readModels, readOrNotReady } from './load-reading.ts';
import { meanOf, sumOf } from './prometheus-text.ts';
import { isSleeping } from './sleep-mode.ts';
import { TokenRate } from './token-rate.ts';

const RUNNING = ['vllm:num_requests_running'];
const WAITING = ['vllm:num_requests_waiting'];
/** The second is its name before vLLM 0.10. */
const KV_USED = ['vllm:kv_cache_usage_perc', 'vllm:gpu_cache_usage_perc'];
const GENERATED = ['vllm:generation_tokens_total'];

const rates = new TokenRate();

/** Load of an engine that speaks vLLM's dialect; ready when it is healthy, awake and lists its models. */
export function readVllmLoad(address: UpstreamAddress, signal: AbortSignal): Promise<UpstreamLoad> {
  return readOrNotReady(async () => {
    if (!(await answersOk(address, '/health', signal)) || (await isSleeping(address, signal))) return null;
    const models = await readModels(address, '/v1/models', signal);
    if (models === undefined) return null;
    const samples = await readMetrics(address, signal);
    return {
      ready: true,
      running: sumOf(samples, RUNNING),
      waiting: sumOf(samples, WAITING),
      kvUsed: meanOf(samples, KV_USED),
      tokensPerSecond: rates.update(address, sumOf(samples, GENERATED)),
      loadedModels: models.map((model) => model.id),
    };
  });
}
