import { monotonicMs, sleep } from '../../core/clock.ts';
import { asElulmcError } from '../../core/errors.ts';
import type { GenerationOptions, Prompt } from '../client/generation.ts';
import type { ModelClient } from '../client/model-client.ts';
import { requireCount } from '../statistics/checked-numbers.ts';
import { seededGenerator } from '../statistics/seeded-generator.ts';
import { poissonArrivals } from './arrivals.ts';
import type { ServedRequest } from './served-request.ts';

export interface LoadOptions {
  /** Must let all requests run at once that the rate may need (`concurrency`), and repeat none (`retries: 0`). */
  readonly client: ModelClient;
  /** Drawn from with the seed, one for each request. */
  readonly prompts: readonly Prompt[];
  readonly generation: GenerationOptions;
  readonly perSecond: number;
  readonly durationMs: number;
  readonly seed: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Sends requests at the times of a Poisson process, whether or not earlier ones are answered, and records what comes back. Failed
 * requests are recorded, too. Throws a RangeError for bad numbers or no prompts, and the signal's reason.
 */
export async function driveLoad(options: LoadOptions): Promise<readonly ServedRequest[]> {
  const { client, prompts, generation, perSecond, durationMs, seed, onProgress = () => undefined, signal } = options;
  requireCount('prompts.length', prompts.length, 1);
  const arrivals = poissonArrivals(perSecond, durationMs, seed);
  const random = seededGenerator(seed, 'load-prompts');
  const chosen = arrivals.map(() => prompts[random.below(prompts.length)] ?? '');
  const startMs = monotonicMs();
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  let done = 0;

  async function serve(dueMs: number, prompt: Prompt): Promise<ServedRequest> {
    try {
      const { times, usage } = await client.stream(prompt, { ...generation, signal: either });
      const eventMs = times.eventMs.map((at) => at - startMs);
      return { dueMs, eventMs, endedMs: times.endedMs - startMs, outputTokens: usage?.completionTokens ?? eventMs.length, error: null };
    } catch (error) {
      either.throwIfAborted();
      return { dueMs, eventMs: [], endedMs: monotonicMs() - startMs, outputTokens: 0, error: asElulmcError(error).code };
    } finally {
      done += 1;
      onProgress(done, arrivals.length);
    }
  }

  const running: Promise<ServedRequest>[] = [];
  try {
    for (const [i, dueMs] of arrivals.entries()) {
      const leftMs = dueMs - (monotonicMs() - startMs);
      if (leftMs > 0) await sleep(leftMs, either);
      const request = serve(dueMs, chosen[i] ?? '');
      // Looked at below; until then a failure must not count as unhandled.
      request.catch(() => undefined);
      running.push(request);
    }
    return await Promise.all(running);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
}
