import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Readings that are taken when somebody asks for the metrics. */
export interface Gauges {
  running(): number;
  waiting(): number;
  /** Used share of the sequences' memory, 0 to 1. */
  kvUsed(): number;
}

const FIRST_TOKEN_BUCKETS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20];
const REQUEST_BUCKETS = [0.05, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60];

/** Metrics by vLLM's names and labels, so that what reads vLLM reads this engine. Times in seconds. */
export class EngineMetrics {
  readonly #registry = new Registry();
  readonly promptTokens: Counter;
  readonly generationTokens: Counter;
  readonly firstTokenSeconds: Histogram;
  readonly requestSeconds: Histogram;

  constructor(model: string, gauges: Gauges) {
    const registers = [this.#registry];
    this.#registry.setDefaultLabels({ model_name: model, engine: '0' });
    const gauge = (name: string, help: string, read: () => number): void => {
      // Registers itself; prom-client binds `this` to the gauge.
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    gauge('vllm:num_requests_running', 'Number of requests that are generating.', () => gauges.running());
    gauge('vllm:num_requests_waiting', 'Number of requests that wait for a free sequence.', () => gauges.waiting());
    gauge('vllm:kv_cache_usage_perc', 'Used share of the KV cache, 1 is all of it.', () => gauges.kvUsed());
    this.promptTokens = new Counter({ name: 'vllm:prompt_tokens_total', help: 'Number of prompt tokens evaluated.', registers });
    this.generationTokens = new Counter({ name: 'vllm:generation_tokens_total', help: 'Number of tokens generated.', registers });
    this.firstTokenSeconds = new Histogram({
      name: 'vllm:time_to_first_token_seconds',
      help: 'Time from the request to its first token.',
      buckets: FIRST_TOKEN_BUCKETS,
      registers,
    });
    this.requestSeconds = new Histogram({
      name: 'vllm:e2e_request_latency_seconds',
      help: 'Time from the request to its last token.',
      buckets: REQUEST_BUCKETS,
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
