import type { UpstreamAdapter } from './adapter.ts';
import { answersOk, readMetrics, readModels, readOrNotReady } from './load-reading.ts';
import { meanOf, sumOf } from './prometheus-text.ts';

const RUNNING = ['sglang:num_running_reqs'];
const WAITING = ['sglang:num_queue_reqs'];
const KV_USED = ['sglang:token_usage'];
const THROUGHPUT = ['sglang:gen_throughput'];

/**
 * SGLang, written for 0.5 (`/v1/responses` came with it). Load needs `--enable-metrics`. `/health` is asked and never
 * `/health_generate`, which generates a token. `wake` does nothing: SGLang does not tell whether its memory is released,
 * and `/resume_memory_occupation` ends the scheduler, and with it the server, when it is not.
 */
export const sglang: UpstreamAdapter = {
  engine: 'sglang',
  endpoints: new Set(['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/responses']),
  streamUsage: true,
  probe: (address, signal) => answersOk(address, '/health', signal),
  load: (address, signal) =>
    readOrNotReady(async () => {
      if (!(await answersOk(address, '/health', signal))) return null;
      const models = await readModels(address, '/v1/models', signal);
      if (models === undefined) return null;
      const samples = await readMetrics(address, signal);
      return {
        ready: true,
        running: sumOf(samples, RUNNING),
        waiting: sumOf(samples, WAITING),
        kvUsed: meanOf(samples, KV_USED),
        tokensPerSecond: sumOf(samples, THROUGHPUT),
        loadedModels: models.map((model) => model.id),
      };
    }),
  wake: () => Promise.resolve(),
};
