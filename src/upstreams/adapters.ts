import { ElulmcError } from '../core/errors.ts';
import type { UpstreamAdapter } from './adapter.ts';
import { embedded } from './embedded.ts';
import { llamaCpp } from './llama-cpp.ts';
import { ollama } from './ollama.ts';
import { sglang } from './sglang.ts';
import { vllm } from './vllm.ts';

const adapters = new Map([vllm, sglang, llamaCpp, ollama, embedded].map((adapter) => [adapter.engine, adapter]));

/** The adapter of an engine by its name in the configuration. Throws CONFIG_INVALID for a name that has none. */
export function adapterFor(engine: string): UpstreamAdapter {
  const adapter = adapters.get(engine);
  if (adapter === undefined) {
    throw new ElulmcError('CONFIG_INVALID', `engine is ${JSON.stringify(engine)}; it must be one of ${[...adapters.keys()].join(', ')}`, { field: 'engine' });
  }
  return adapter;
}
