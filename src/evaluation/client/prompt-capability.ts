import { ElulmcError } from '../../core/errors.ts';
import { checkPrompt, PROMPT_METHODS, unsupported } from './prompt-logprobs.ts';
import type { PromptLogprobs, PromptMethod, Unsupported } from './prompt-logprobs.ts';
import { UpstreamRefusal } from './upstream-failure.ts';
import { WAYS } from './ways/all-ways.ts';
import type { PromptCaller } from './ways/way.ts';

/** Changes when the probe changes, so that results of an older one are not believed. */
export const PROBE_VERSION = 1;

/**
 * Sentences, and their words in another order. A language model finds the first likelier, the smallest reference models too
 * (by 0.09 nats a byte or more).
 */
const PAIRS: readonly (readonly [natural: string, shuffled: string])[] = [
  ['There was a ship upon the sea.', 'sea. upon a There ship the was'],
  ['He went out of the house and into the garden.', 'and went the of into house He garden. the out'],
  ['The old man sat in a caf\u00e9 by the river.', 'river. man caf\u00e9 The by sat the in old a'],
  ['I do not know what he said to her.', 'her. said not what I to he know do'],
  ['She had never seen so many people in one place.', 'place. people so She in never many one had seen'],
  ['At last the boys came back to the house.', 'house. back the last At boys to came the'],
  ['They could not find the way home in the dark.', 'dark. way the They in home find could the not'],
  ['What did you say to the king?', 'king? the did to What say you'],
];

/** Of the pairs: a weak model may be wrong once; numbers without meaning come so far once in 28 times. */
const MUST_BE_RIGHT = PAIRS.length - 1;

/** The same prompt twice: batches and caches change the last digits, not more. Nats per token, on average. */
const REPEAT_TOLERANCE = 0.05;

/** What happened to one way of asking. `refused`: the server does not know it. `wrong`: it answered, but with something else. */
export interface ProbeAttempt {
  readonly method: PromptMethod;
  readonly outcome: 'works' | 'refused' | 'wrong';
  readonly reason: string;
}

/** Whether, and how, a server tells the log-probabilities of prompts. Plain data. */
export interface PromptCapability {
  readonly probe: number;
  /** Null: unsupported. */
  readonly method: PromptMethod | null;
  /** Every way that was tried, up to the one that works. */
  readonly attempts: readonly ProbeAttempt[];
}

/** Asks one way and checks what comes. Throws what the caller throws. */
export async function askPrompt(caller: PromptCaller, method: PromptMethod, text: string, top: number): Promise<PromptLogprobs | Unsupported> {
  const raw = await WAYS[method].read(caller, text, top);
  return 'kind' in raw ? raw : checkPrompt(method, text, raw);
}

function perByte({ sum, scoredBytes }: PromptLogprobs): number {
  return sum / Math.max(1, scoredBytes);
}

async function judge(caller: PromptCaller, method: PromptMethod): Promise<PromptLogprobs | Unsupported> {
  const ask = (text: string): Promise<PromptLogprobs | Unsupported> => askPrompt(caller, method, text, 0);
  let first: PromptLogprobs | undefined;
  let right = 0;
  for (const [natural, shuffled] of PAIRS) {
    const one = await ask(natural);
    if (one.kind === 'unsupported') return one;
    first ??= one;
    if (one.tokens.length < 2) return unsupported(`a sentence of ${String(Buffer.byteLength(natural))} bytes came back as ${String(one.tokens.length)} token`);
    const other = await ask(shuffled);
    if (other.kind === 'unsupported') return other;
    if (perByte(one) > perByte(other)) right += 1;
  }
  if (right < MUST_BE_RIGHT) {
    return unsupported(`its numbers mean nothing: ${String(right)} of ${String(PAIRS.length)} sentences are likelier than the same words in disorder`);
  }
  const again = await ask(PAIRS[0]?.[0] ?? '');
  if (first === undefined || again.kind === 'unsupported') return unsupported('the same prompt gave an answer once only');
  const difference = Math.abs(again.sum - first.sum) / first.tokens.length;
  if (again.tokens.length !== first.tokens.length || difference > REPEAT_TOLERANCE) return unsupported('the same prompt gave other numbers the second time');
  return first;
}

/** A wrong key, or none where one is needed, says nothing about what the server can do. */
function isCapability(error: unknown): error is ElulmcError {
  if (error instanceof UpstreamRefusal) return !error.isBusy && !error.isForbidden;
  return error instanceof ElulmcError && error.code === 'UPSTREAM_INVALID';
}

/**
 * Finds the first way that gives real log-probabilities of prompts: as many as the prompt has tokens, which spell it to the byte;
 * sentences likelier than their shuffled words; the same for the same prompt. An engine that ignores `echo`
 * (llama.cpp) ends as unsupported and never as a score near chance. Throws UPSTREAM_UNAVAILABLE, UPSTREAM_TIMEOUT when the server
 * cannot be asked, fails at everything, or does not accept the key.
 */
export async function probePrompts(caller: PromptCaller, methods: readonly PromptMethod[] = PROMPT_METHODS): Promise<PromptCapability> {
  const attempts: ProbeAttempt[] = [];
  const failures: UpstreamRefusal[] = [];
  for (const method of methods) {
    try {
      const result = await judge(caller, method);
      if (result.kind === 'scored') {
        const reason = `${String(result.tokens.length)} tokens for ${String(Buffer.byteLength(PAIRS[0]?.[0] ?? ''))} bytes; sentences score above their shuffled words`;
        return { probe: PROBE_VERSION, method, attempts: [...attempts, { method, outcome: 'works', reason }] };
      }
      attempts.push({ method, outcome: 'wrong', reason: result.reason });
    } catch (error) {
      if (error instanceof UpstreamRefusal && error.isForbidden) throw new ElulmcError('UPSTREAM_UNAVAILABLE', error.message, { cause: error });
      if (!isCapability(error)) throw error;
      if (error instanceof UpstreamRefusal && error.status >= 500) failures.push(error);
      attempts.push({ method, outcome: 'refused', reason: error.message });
    }
  }
  // A server that breaks on whatever it is asked is out of order: that must not be kept as what it can do.
  const [failure] = failures;
  if (failure !== undefined && failures.length === methods.length) throw failure;
  return { probe: PROBE_VERSION, method: null, attempts };
}

/** The reasons of all attempts in one line, for a report or an error. */
export function whyUnsupported({ attempts }: PromptCapability): string {
  return attempts.map(({ method, reason }) => `${method}: ${reason}`).join('; ');
}
