/** What an engine tells about its load. Null means that the engine does not tell; never a guess. */
export interface UpstreamLoad {
  readonly ready: boolean;
  readonly running: number | null;
  readonly waiting: number | null;
  /** Used share of the KV cache, 0 to 1. */
  readonly kvUsed: number | null;
  readonly tokensPerSecond: number | null;
  readonly loadedModels: readonly string[] | null;
}

export type Endpoint = '/v1/chat/completions' | '/v1/completions' | '/v1/embeddings' | '/v1/responses';

/** Where a model server is and how to talk to it. */
export interface UpstreamAddress {
  readonly name: string;
  /** Without a trailing slash. */
  readonly url: string;
  /** Bearer token, or null. */
  readonly token: string | null;
}

/** One engine. Every adapter is a file with one exported constant of this shape. */
export interface UpstreamAdapter {
  readonly engine: string;
  /** Inference endpoints that the engine serves; others are answered 501 by the gateway. */
  readonly endpoints: ReadonlySet<Endpoint>;
  /** Whether `stream_options: {"include_usage": true}` is understood. */
  readonly streamUsage: boolean;
  /** Cheap liveness probe; true when the engine can take requests now. Never throws. */
  probe(address: UpstreamAddress, signal: AbortSignal): Promise<boolean>;
  /** Reads load; an engine that cannot be reached gives `ready: false` and nulls. Never throws. */
  load(address: UpstreamAddress, signal: AbortSignal): Promise<UpstreamLoad>;
  /** Brings a model into memory where the engine can; resolves when it is there. Engines without this: nothing happens. */
  wake(address: UpstreamAddress, model: string, signal: AbortSignal): Promise<void>;
}
