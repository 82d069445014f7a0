import { monotonicMs, sleep } from '../core/clock.ts';
import type { GenerationRequest, Prompt } from './generation-request.ts';
import type { ModelSequence } from './loaded-model.ts';
import { LogprobsRecorder } from './logprobs.ts';
import type { Logprobs } from './logprobs.ts';
import { TextStream } from './text-stream.ts';
import { TokenSampler } from './token-sampler.ts';
import type { Distribution } from './token-sampler.ts';
import { EOS } from './vocabulary.ts';

/** A piece of one choice, in order; the last one says why the text ended. */
export interface Piece {
  readonly text: string;
  readonly logprobs: Logprobs | null;
  readonly finish: { readonly reason: 'stop' | 'length'; readonly stop: string | null } | null;
}

export interface ChoiceEvents {
  onPromptEvaluated(tokens: number): void;
  onToken(): void;
}

/** Waits so that tokens come at a steady rate from the first one on; null: as fast as it goes. */
class Pace {
  readonly #intervalMs: number | null;
  #nextAt: number | undefined;

  constructor(tokensPerSecond: number | null) {
    this.#intervalMs = tokensPerSecond === null ? null : 1000 / tokensPerSecond;
  }

  async wait(signal: AbortSignal): Promise<void> {
    if (this.#intervalMs === null) return;
    const now = monotonicMs();
    const due = this.#nextAt ?? now;
    this.#nextAt = due + this.#intervalMs;
    if (due > now) await sleep(due - now, signal);
  }
}

/** Tokens scored at once: bounds the memory of their distributions and how late an abort is seen. */
const SCORED_TOKENS = 64;

/**
 * Evaluates the prompt, and records its log-probabilities when they are to be echoed. The result predicts the first
 * token of the answer; undefined when no answer is wanted.
 */
async function evaluatePrompt(
  sequence: ModelSequence,
  prompt: Prompt,
  echoed: LogprobsRecorder | null,
  signal: AbortSignal,
): Promise<Distribution | undefined> {
  const { tokens, maxTokens } = prompt;
  await sequence.clear();
  if (echoed === null) return maxTokens === 0 ? undefined : sequence.append(tokens);
  let before: Distribution | undefined;
  for (let at = 0; at < tokens.length; at += SCORED_TOKENS) {
    signal.throwIfAborted();
    const slice = tokens.slice(at, at + SCORED_TOKENS);
    // What follows the last token of a prompt without an answer is not asked for, and may not fit.
    const evaluated = maxTokens === 0 && at + slice.length === tokens.length ? slice.slice(0, -1) : slice;
    const distributions = evaluated.length === 0 ? [] : await sequence.appendScored(evaluated);
    slice.forEach((token, i) => {
      echoed.add(token, before);
      before = distributions[i];
    });
  }
  return before;
}

/**
 * Generates one choice on a sequence that nobody else uses. Rejects with the signal's reason at the next token after
 * an abort.
 */
export async function* generateChoice(
  sequence: ModelSequence,
  prompt: Prompt,
  request: GenerationRequest,
  index: number,
  tokensPerSecond: number | null,
  events: ChoiceEvents,
  signal: AbortSignal,
): AsyncGenerator<Piece, void> {
  const recorder = request.logprobs === null ? null : new LogprobsRecorder(request.logprobs);
  const sampler = new TokenSampler(request.sampling, index);
  const text = new TextStream(request.stops);
  const pace = new Pace(tokensPerSecond);
  let distribution = await evaluatePrompt(sequence, prompt, request.echo ? recorder : null, signal);
  events.onPromptEvaluated(prompt.tokens.length);
  if (request.echo) yield { text: prompt.text, logprobs: recorder?.take() ?? null, finish: null };

  for (let count = 1; distribution !== undefined; count++) {
    await pace.wait(signal);
    signal.throwIfAborted();
    const token = sampler.pick(distribution);
    events.onToken();
    recorder?.add(token, distribution);
    const piece = text.push(token);
    if (token === EOS || text.stoppedBy !== null) {
      yield { text: piece + text.end(), logprobs: recorder?.take() ?? null, finish: { reason: 'stop', stop: text.stoppedBy } };
      return;
    }
    if (piece !== '' || recorder !== null) yield { text: piece, logprobs: recorder?.take() ?? null, finish: null };
    distribution = count < prompt.maxTokens ? await sequence.append([token]) : undefined;
  }
  yield { text: text.end(), logprobs: recorder?.take() ?? null, finish: { reason: 'length', stop: null } };
}
