/** One metric in the form that prom-client aggregates over workers and prints. */
export interface MetricJson {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How values of several workers become one. */
  readonly aggregator: 'sum' | 'max' | 'min';
  readonly values: readonly { readonly value: number; readonly labels: Readonly<Record<string, string | number>>; readonly metricName?: string }[];
}

/** Values that are read when somebody asks. */
export interface Gauges {
  readonly activeRequests: number;
  readonly activeStreams: number;
  readonly ledgerLagSeconds: number;
  readonly leaseAgeSeconds: number;
  readonly postureVersion: number;
}

/** An exchange at its end. */
export interface EndedExchange {
  /** Null for somebody who did not prove who they are. */
  readonly operation: string | null;
  readonly model: string;
  /** Error code, `cancelled`, or empty for success. */
  readonly code: string;
  /** Whether a model server was asked. */
  readonly forwarded: boolean;
  readonly tookMs: number;
  /** Time to the first event, of a stream. */
  readonly firstEventMs: number | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
}

/** Upper bounds in seconds, as the OpenTelemetry GenAI conventions advise for durations and for the first token. */
const DURATION_BOUNDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const FIRST_TOKEN_BOUNDS = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const TOKEN_BOUNDS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576];

class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? Infinity)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  values(name: string, labels: Readonly<Record<string, string>>): MetricJson['values'] {
    let total = 0;
    const buckets = [...this.#counts].map((count, at) => {
      total += count;
      return { metricName: `${name}_bucket`, labels: { ...labels, le: this.#bounds[at] ?? '+Inf' }, value: total };
    });
    return [...buckets, { metricName: `${name}_sum`, labels, value: this.#sum }, { metricName: `${name}_count`, labels, value: total }];
  }
}

/** Counters of one (operation, model). */
interface Series {
  readonly operation: string;
  readonly model: string;
  /** By `error.type`; the empty text means success. */
  readonly durations: Map<string, Histogram>;
  readonly firstToken: Histogram;
  readonly inputTokens: Histogram;
  readonly outputTokens: Histogram;
}

/**
 * What a worker counts, in plain numbers: a request costs a few additions. Names follow the OpenTelemetry GenAI
 * conventions where they have one. Labels hold public model names and error codes, never keys or content.
 */
export class GatewayMetrics {
  readonly #series = new Map<string, Series>();
  readonly #rejects = new Map<string, number>();
  readonly #gauges: () => Gauges;

  constructor(gauges: () => Gauges) {
    this.#gauges = gauges;
  }

  ended(exchange: EndedExchange): void {
    const { code, operation } = exchange;
    if (code !== '' && !exchange.forwarded) this.#rejects.set(code, (this.#rejects.get(code) ?? 0) + 1);
    if (operation === null) return;
    const series = this.#of(operation, exchange.model);
    let durations = series.durations.get(code);
    if (durations === undefined) {
      durations = new Histogram(DURATION_BOUNDS);
      series.durations.set(code, durations);
    }
    durations.observe(exchange.tookMs / 1_000);
    if (exchange.firstEventMs !== null) series.firstToken.observe(exchange.firstEventMs / 1_000);
    if (exchange.promptTokens !== null) series.inputTokens.observe(exchange.promptTokens);
    if (exchange.completionTokens !== null) series.outputTokens.observe(exchange.completionTokens);
  }

  export(): readonly MetricJson[] {
    const gauges = this.#gauges();
    const rejects = [...this.#rejects].map(([reason, value]) => ({ value, labels: { reason } }));
    return [
      this.#histogram('gen_ai_server_request_duration_seconds', 'Time from the request to the last byte of its answer.', (series) =>
        [...series.durations].map(([error, histogram]) => [histogram, error === '' ? {} : { error_type: error }]),
      ),
      this.#histogram('gen_ai_server_time_to_first_token_seconds', 'Time from the request to the first byte of a stream.', (series) => [
        [series.firstToken, {}],
      ]),
      this.#histogram('gen_ai_client_token_usage', 'Tokens per request.', (series) => [
        [series.inputTokens, { gen_ai_token_type: 'input' }],
        [series.outputTokens, { gen_ai_token_type: 'output' }],
      ]),
      {
        name: 'elulmc_rejects_total',
        help: 'Requests refused before they reached a model server, by reason.',
        type: 'counter',
        aggregator: 'sum',
        values: rejects,
      },
      gauge('elulmc_active_requests', 'Requests that run now.', 'sum', gauges.activeRequests),
      gauge('elulmc_active_streams', 'Streams that flow now.', 'sum', gauges.activeStreams),
      gauge('elulmc_ledger_lag_seconds', 'Age of the oldest entry that waits for the disk.', 'max', gauges.ledgerLagSeconds),
      gauge('elulmc_posture_lease_age_seconds', 'Time since the posture was confirmed.', 'max', gauges.leaseAgeSeconds),
      gauge('elulmc_posture_version', 'Version of the posture that is applied.', 'min', gauges.postureVersion),
    ];
  }

  #of(operation: string, model: string): Series {
    const name = `${operation} ${model}`;
    let series = this.#series.get(name);
    if (series === undefined) {
      series = {
        operation,
        model,
        durations: new Map(),
        firstToken: new Histogram(FIRST_TOKEN_BOUNDS),
        inputTokens: new Histogram(TOKEN_BOUNDS),
        outputTokens: new Histogram(TOKEN_BOUNDS),
      };
      this.#series.set(name, series);
    }
    return series;
  }

  #histogram(name: string, help: string, read: (series: Series) => readonly (readonly [Histogram, Readonly<Record<string, string>>])[]): MetricJson {
    const values = [...this.#series.values()].flatMap((series) => {
      const common = { gen_ai_operation_name: series.operation, gen_ai_request_model: series.model };
      return read(series).flatMap(([histogram, labels]) => histogram.values(name, { ...common, ...labels }));
    });
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }
}

function gauge(name: string, help: string, aggregator: MetricJson['aggregator'], value: number): MetricJson {
  return { name, help, type: 'gauge', aggregator, values: [{ value, labels: {} }] };
}
