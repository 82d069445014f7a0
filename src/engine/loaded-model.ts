import type { ControlledEvaluateInputItem, Llama, LlamaContext, LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import type * as NodeLlamaCpp from 'node-llama-cpp';
import { ElulmcError } from '../core/errors.ts';
import type { Distribution } from './token-sampler.ts';
import { BOS, EOS, VOCABULARY_SIZE, encodeText } from './vocabulary.ts';

/** Tokens of prompt and answer together, BOS included. The models are trained for this length. */
export const CONTEXT_TOKENS = 256;

/** Returned probabilities are those after these options, so they must change nothing. */
const NEUTRAL = { temperature: 1, topK: 0, topP: 1, minP: 0 } as const;

const VOCABULARY_PROBE = 'a é\n';

function ask(token: number): ControlledEvaluateInputItem {
  return [token as Token, { generateNext: { options: NEUTRAL, probabilities: true } }];
}

/**
 * Lets one evaluation at a time into the model. The library puts those that come together into one batch, and then gives
 * some of them the probabilities of others (seen with 3.21.1: perplexities of the fixed passages 3 to 15 % off). A model of
 * this size gains nothing by batches.
 */
class Turnstile {
  #last: Promise<unknown> = Promise.resolve();

  pass<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** One place in the model's memory: the text of one choice at a time. */
export class ModelSequence {
  readonly #sequence: LlamaContextSequence;
  readonly #turnstile: Turnstile;

  constructor(sequence: LlamaContextSequence, turnstile: Turnstile) {
    this.#sequence = sequence;
    this.#turnstile = turnstile;
  }

  /** Tokens that it holds now. */
  get used(): number {
    return this.#sequence.nextTokenIndex;
  }

  async clear(): Promise<void> {
    await this.#sequence.clearHistory();
  }

  /** Appends tokens and gives the distribution of the token after the last. */
  async append(tokens: readonly number[]): Promise<Distribution> {
    const last = tokens.length - 1;
    const distributions = await this.#evaluate(tokens.map((token, i) => (i === last ? ask(token) : (token as Token))));
    const distribution = distributions[last];
    if (distribution === undefined) throw new ElulmcError('INTERNAL', 'the model gave no probabilities');
    return distribution;
  }

  /** Appends tokens and gives the distribution of the token after each. */
  async appendScored(tokens: readonly number[]): Promise<readonly (Distribution | undefined)[]> {
    return this.#evaluate(tokens.map(ask));
  }

  async #evaluate(items: ControlledEvaluateInputItem[]): Promise<(Distribution | undefined)[]> {
    // The library drops the oldest tokens when its context is full; a request must never come near that.
    if (this.used + items.length >= CONTEXT_TOKENS) throw new ElulmcError('INTERNAL', 'the context is full');
    const results = await this.#turnstile.pass(() => this.#sequence.controlledEvaluate(items));
    return results.map((result) => result?.next.probabilities);
  }
}

/** A model in memory. */
export class LoadedModel {
  readonly sequences: readonly ModelSequence[];
  /** Of the inference library, for /version: a score belongs to the engine that gave it. */
  readonly release: string;
  readonly #parts: readonly { dispose(): Promise<void> }[];

  constructor(llama: Llama, model: LlamaModel, context: LlamaContext, sequences: number) {
    const turnstile = new Turnstile();
    this.sequences = Array.from({ length: sequences }, () => new ModelSequence(context.getSequence(), turnstile));
    this.release = llama.llamaCppRelease.release;
    this.#parts = [context, model, llama];
  }

  async dispose(): Promise<void> {
    for (const part of this.#parts) await part.dispose();
  }
}

async function importLibrary(): Promise<typeof NodeLlamaCpp> {
  try {
    return await import('node-llama-cpp');
  } catch (error) {
    throw new ElulmcError('START_FAILED', 'the embedded engine needs the package node-llama-cpp: npm install node-llama-cpp@3', { cause: error });
  }
}

function checkVocabulary(model: LlamaModel, path: string): void {
  const size = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  const probe = model.tokenize(VOCABULARY_PROBE, false);
  const expected = encodeText(VOCABULARY_PROBE);
  const same = probe.length === expected.length && probe.every((token, i) => token === expected[i]);
  if (size === VOCABULARY_SIZE && same && model.tokens.bos === BOS && model.tokens.eos === EOS && model.trainContextSize >= CONTEXT_TOKENS) return;
  throw new ElulmcError('START_FAILED', `${path} is not a model with the byte vocabulary of models/README.md; serve it by llama.cpp or vLLM`);
}

/** Reads a GGUF file into memory. Throws START_FAILED with the reason when that cannot be done. */
export async function loadModel(path: string, sequences: number): Promise<LoadedModel> {
  const { getLlama, LlamaLogLevel } = await importLibrary();
  const parts: { dispose(): Promise<void> }[] = [];
  try {
    // `never`: it must neither compile nor download anything.
    const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
    parts.unshift(llama);
    const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 });
    parts.unshift(model);
    checkVocabulary(model, path);
    // More than one thread stalls when another process wants the core, and a model of this size gains nothing by it.
    const context = await model.createContext({ contextSize: CONTEXT_TOKENS, sequences, batchSize: CONTEXT_TOKENS, threads: 1 });
    return new LoadedModel(llama, model, context, sequences);
  } catch (error) {
    for (const part of parts) await part.dispose();
    if (error instanceof ElulmcError) throw error;
    throw new ElulmcError('START_FAILED', `the model ${path} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
