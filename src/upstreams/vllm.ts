import type { UpstreamAdapter } from './adapter.ts';
import { answersOk } from './load-reading.ts';
import { wakeSleeping } from './sleep-mode.ts';
import { readVllmLoad } from './vllm-load.ts';

/**
 * vLLM, written for 0.10 to 0.15. It registers all four endpoints; which of them a model serves depends on its task
 * (chat needs a chat template, embeddings a pooling model), and it answers 4xx itself where the model does not fit.
 */
export const vllm: UpstreamAdapter = {
  engine: 'vllm',
  endpoints: new Set(['/v1/chat/completions', '/v1/completions', '/v1/embeddings', '/v1/responses']),
  streamUsage: true,
  probe: (address, signal) => answersOk(address, '/health', signal),
  load: readVllmLoad,
  wake: (address, _model, signal) => wakeSleeping(address, signal),
};
