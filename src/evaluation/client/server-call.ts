import { sleep } from '../../core/clock.ts';
import type { UpstreamAddress } from '../../upstreams/adapter.ts';
import { openExchange, readWhole } from './http-exchange.ts';
import type { ExchangeLimits, OpenReply } from './http-exchange.ts';
import { readJson } from './read-json.ts';
import { RequestQueue } from './request-queue.ts';
import { BusyUpstream, retryAfterMs, withRetries } from './retries.ts';
import type { RetryPolicy } from './retries.ts';
import { UpstreamRefusal } from './upstream-failure.ts';

export interface ServerCallOptions extends Partial<ExchangeLimits>, Partial<RetryPolicy> {
  /** Requests at once; the others wait. Default 4. */
  readonly concurrency?: number;
}

/** Enough for the log-probabilities of a long prompt with twenty alternatives each. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 120_000;
const CONCURRENCY = 4;
const RETRIES = 4;
const MAX_WAIT_MS = 60_000;
const NEVER = new AbortController().signal;

/**
 * POST requests to one model server, so many at once, repeated where that helps. Everything that is thrown is an ElulmcError
 * (UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT, UPSTREAM_INVALID; UpstreamRefusal for an answer other than 200), except for the
 * reason of the caller's own signal.
 */
export class ServerCalls {
  readonly address: UpstreamAddress;
  readonly #limits: ExchangeLimits;
  readonly #retries: RetryPolicy;
  readonly #queue: RequestQueue;

  constructor(address: UpstreamAddress, options: ServerCallOptions = {}) {
    const { concurrency = CONCURRENCY, timeoutMs = TIMEOUT_MS, maxAnswerBytes = MAX_ANSWER_BYTES } = options;
    const { retries = RETRIES, maxWaitMs = MAX_WAIT_MS, pause = sleep } = options;
    this.address = address;
    this.#limits = { timeoutMs, maxAnswerBytes };
    this.#retries = { retries, maxWaitMs, pause };
    this.#queue = new RequestQueue(concurrency);
  }

  /** The JSON value of a 200 reply. A place in the queue is kept while waiting for a busy server, which eases it for all. */
  json(path: string, body: object, signal: AbortSignal = NEVER): Promise<unknown> {
    const attempt = async (): Promise<unknown> => readJson(await readWhole(await this.#open(path, body, signal)), this.address.name);
    return this.#queue.run(() => withRetries(attempt, this.#retries, signal), signal);
  }

  /**
   * Hands the open 200 reply to `read` while it holds its place. `onSend` is told of each attempt. Once the reply is open, nothing
   * is repeated.
   */
  stream<T>(path: string, body: object, read: (reply: OpenReply) => Promise<T>, signal: AbortSignal = NEVER, onSend: () => void = () => undefined): Promise<T> {
    const attempt = (): Promise<OpenReply> => {
      onSend();
      return this.#open(path, body, signal);
    };
    return this.#queue.run(async () => {
      const reply = await withRetries(attempt, this.#retries, signal);
      try {
        return await read(reply);
      } finally {
        await reply.body.return();
      }
    }, signal);
  }

  async #open(path: string, body: object, signal: AbortSignal): Promise<OpenReply> {
    const reply = await openExchange(this.address, path, body, this.#limits, signal);
    if (reply.status === 200) return reply;
    const refusal = new UpstreamRefusal(this.address.name, reply.status, await readWhole(reply));
    throw refusal.isBusy ? new BusyUpstream(refusal, retryAfterMs(reply.headers['retry-after'])) : refusal;
  }
}
