import type { UpstreamAdapter } from './adapter.ts';
import { answersOk } from './load-reading.ts';
import { wakeSleeping } from './sleep-mode.ts';
import { readVllmLoad } from './vllm-load.ts';

/** The engine of src/engine: vLLM's dialect, text generation only. Its `/health` is 503 while the model sleeps. */
export const embedded: UpstreamAdapter = {
  engine: 'embedded',
  endpoints: new Set(['/v1/chat/completions', '/v1/completions']),
  streamUsage: true,
  probe: (address, signal) => answersOk(address, '/health', signal),
  load: readVllmLoad,
  wake: (address, _model, signal) => wakeSleeping(address, signal),
};
