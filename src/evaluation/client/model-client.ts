import { monotonicMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { UpstreamAddress } from '../../upstreams/adapter.ts';
import { readEvents } from './event-stream.ts';
import { generationCall } from './generation-body.ts';
import { GenerationBuilder } from './generation-reply.ts';
import type { Generation, GenerationOptions, Prompt, StreamedGeneration } from './generation.ts';
import { askPrompt, probePrompts, whyUnsupported } from './prompt-capability.ts';
import type { PromptCapability } from './prompt-capability.ts';
import { PROMPT_METHODS, unsupported } from './prompt-logprobs.ts';
import type { PromptLogprobs, PromptMethod, Unsupported } from './prompt-logprobs.ts';
import { readIdentity } from './server-identity.ts';
import type { ServerIdentity } from './server-identity.ts';
import { ServerCalls } from './server-call.ts';
import type { ServerCallOptions } from './server-call.ts';
import type { PromptCaller } from './ways/way.ts';

export interface ModelClientOptions extends ServerCallOptions {
  readonly upstream: UpstreamAddress;
  readonly model: string;
  /** Whether the server understands `stream_options`; default true. */
  readonly streamUsage?: boolean;
  /** Ways to ask for log-probabilities of prompts; default all. */
  readonly promptMethods?: readonly PromptMethod[];
  /** What an earlier probe of the same server found. */
  readonly capability?: PromptCapability;
}

export interface PromptOptions {
  /** Alternatives to name in the place of each token; default 0. TGI names none. */
  readonly top?: number;
  readonly signal?: AbortSignal;
}

/**
 * A model behind an OpenAI-compatible server, as the evaluators see it. Everything that is thrown is an ElulmcError
 * (UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT, UPSTREAM_INVALID), except for the reason of a signal that the caller gave.
 */
export interface ModelClient {
  readonly upstream: UpstreamAddress;
  readonly model: string;
  generate(prompt: Prompt, options: GenerationOptions): Promise<Generation>;
  /** The same as a stream, with the time of each event. A stream that breaks is not repeated. */
  stream(prompt: Prompt, options: GenerationOptions): Promise<StreamedGeneration>;
  /** Log-probabilities of a text's tokens by the way that the probe found; the text is made well-formed Unicode first. */
  promptLogprobs(text: string, options?: PromptOptions): Promise<PromptLogprobs | Unsupported>;
  /** Probes once; a probe that failed is tried again. */
  capability(signal?: AbortSignal): Promise<PromptCapability>;
  identity(signal?: AbortSignal): Promise<ServerIdentity>;
}

const NEVER = new AbortController().signal;
const STREAM_END = '[DONE]';

function parseEvent(data: string, upstream: string): unknown {
  try {
    return JSON.parse(data);
  } catch (error) {
    throw new ElulmcError('UPSTREAM_INVALID', `${upstream} streams something that is not JSON`, { cause: error });
  }
}

/** The promise's outcome, or the signal's reason when that comes first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const leave = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', leave);
    });
  });
}

class HttpModelClient implements ModelClient {
  readonly upstream: UpstreamAddress;
  readonly model: string;
  readonly #calls: ServerCalls;
  readonly #streamUsage: boolean;
  readonly #methods: readonly PromptMethod[];
  #capability: Promise<PromptCapability> | undefined;

  constructor({ upstream, model, streamUsage = true, promptMethods = PROMPT_METHODS, capability, ...options }: ModelClientOptions) {
    this.upstream = upstream;
    this.model = model;
    this.#calls = new ServerCalls(upstream, options);
    this.#streamUsage = streamUsage;
    this.#methods = promptMethods;
    this.#capability = capability === undefined ? undefined : Promise.resolve(capability);
  }

  async generate(prompt: Prompt, options: GenerationOptions): Promise<Generation> {
    const { path, body } = generationCall(this.model, prompt, options, 'no');
    const builder = new GenerationBuilder(this.upstream.name);
    builder.add(await this.#calls.json(path, body, options.signal));
    return builder.whole();
  }

  stream(prompt: Prompt, options: GenerationOptions): Promise<StreamedGeneration> {
    const { path, body } = generationCall(this.model, prompt, options, this.#streamUsage ? 'with-usage' : 'plain');
    let sentMs = monotonicMs();
    const read = async (chunks: AsyncIterable<Uint8Array>): Promise<StreamedGeneration> => {
      const builder = new GenerationBuilder(this.upstream.name);
      const eventMs: number[] = [];
      let isComplete = false;
      for await (const data of readEvents(chunks)) {
        isComplete ||= data === STREAM_END;
        // What comes after the end is not part of the answer, but reading it keeps the connection.
        if (!isComplete && builder.add(parseEvent(data, this.upstream.name))) eventMs.push(monotonicMs());
      }
      const whole = builder.whole();
      if (!isComplete && whole.finishReason === null) throw new ElulmcError('UPSTREAM_INVALID', `${this.upstream.name} ended its stream before its answer`);
      return { ...whole, times: { sentMs, eventMs, endedMs: monotonicMs() } };
    };
    return this.#calls.stream(
      path,
      body,
      ({ body: chunks }) => read(chunks),
      options.signal,
      () => (sentMs = monotonicMs()),
    );
  }

  async promptLogprobs(text: string, { top = 0, signal }: PromptOptions = {}): Promise<PromptLogprobs | Unsupported> {
    const capability = await this.capability(signal);
    if (capability.method === null) return unsupported(whyUnsupported(capability));
    return askPrompt(this.#caller(signal), capability.method, text.toWellFormed(), top);
  }

  capability(signal: AbortSignal = NEVER): Promise<PromptCapability> {
    // Shared by all who ask, so one of them leaving must not end it for the others.
    if (this.#capability === undefined) {
      const probe = probePrompts(this.#caller(undefined), this.#methods);
      this.#capability = probe;
      probe.catch(() => (this.#capability = undefined));
    }
    return unlessAborted(this.#capability, signal);
  }

  identity(signal: AbortSignal = NEVER): Promise<ServerIdentity> {
    return readIdentity(this.upstream, this.model, signal);
  }

  #caller(signal: AbortSignal | undefined): PromptCaller {
    return { model: this.model, json: (path, body) => this.#calls.json(path, body, signal) };
  }
}

/** Throws a RangeError for a concurrency below 1. */
export function createModelClient(options: ModelClientOptions): ModelClient {
  return new HttpModelClient(options);
}
