import { setMaxListeners } from 'node:events';
import { monotonicMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { generateChoice } from './choice.ts';
import type { Piece } from './choice.ts';
import { EngineMetrics } from './engine-metrics.ts';
import type { GenerationRequest, Prompt } from './generation-request.ts';
import { CONTEXT_TOKENS, loadModel } from './loaded-model.ts';
import type { LoadedModel, ModelSequence } from './loaded-model.ts';
import { SlotPool } from './slot-pool.ts';

export interface EngineOptions {
  readonly modelPath: string;
  readonly servedName: string;
  /** Pace of each stream; null: as fast as it goes. */
  readonly tokensPerSecond: number | null;
  /** Choices that are generated at once; others wait. */
  readonly sequences: number;
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

interface Loaded {
  readonly model: LoadedModel;
  readonly slots: SlotPool<ModelSequence>;
}

/** One model, in memory or asleep, and the choices that are generated with it. */
export class Engine {
  readonly options: EngineOptions;
  readonly metrics: EngineMetrics;
  #loaded: Loaded | undefined;
  /** Sleeping and waking happen one after the other. */
  #transition: Promise<void> = Promise.resolve();
  #running = 0;
  #active = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: EngineOptions) {
    this.options = options;
    this.metrics = new EngineMetrics(options.servedName, {
      running: () => this.#running,
      waiting: () => this.#loaded?.slots.waiting ?? 0,
      kvUsed: () => this.#kvUsed(),
    });
  }

  get isLoaded(): boolean {
    return this.#loaded !== undefined;
  }

  /** Of the inference library; undefined while no model is loaded. */
  get release(): string | undefined {
    return this.#loaded?.model.release;
  }

  /** Reads the model into memory; nothing happens when it is there. Throws START_FAILED. */
  wake(): Promise<void> {
    return this.#enter(async () => {
      if (this.#loaded !== undefined) return;
      const model = await loadModel(this.options.modelPath, this.options.sequences);
      this.#loaded = { model, slots: new SlotPool(model.sequences) };
    });
  }

  /** Frees the model's memory once the requests that were accepted are answered; new ones are refused from now on. */
  sleep(): Promise<void> {
    return this.#enter(async () => {
      const loaded = this.#loaded;
      this.#loaded = undefined;
      if (loaded === undefined) return;
      if (this.#active > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
      await loaded.model.dispose();
    });
  }

  /**
   * Generates every choice of a request and hands its pieces to `emit`, which may hold generation back. Throws
   * MODEL_NOT_LOADED, or the signal's reason soon after it aborts.
   */
  async generate(request: GenerationRequest, emit: (index: number, piece: Piece) => Promise<void>, signal: AbortSignal): Promise<Usage> {
    const loaded = this.#loaded;
    if (loaded === undefined) throw new ElulmcError('MODEL_NOT_LOADED', `the model ${this.options.servedName} is loading or asleep`);
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    setMaxListeners(0, either);
    this.#active++;
    try {
      return await this.#generateAll(loaded, request, emit, either, failed);
    } finally {
      this.#active--;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  async #generateAll(
    loaded: Loaded,
    request: GenerationRequest,
    emit: (index: number, piece: Piece) => Promise<void>,
    signal: AbortSignal,
    failed: AbortController,
  ): Promise<Usage> {
    const startedAt = monotonicMs();
    let completionTokens = 0;
    const events = {
      onPromptEvaluated: (tokens: number): void => {
        this.metrics.promptTokens.inc(tokens);
      },
      onToken: (): void => {
        if (completionTokens++ === 0) this.metrics.firstTokenSeconds.observe((monotonicMs() - startedAt) / 1000);
        this.metrics.generationTokens.inc();
      },
    };
    const choice = async (prompt: Prompt, index: number): Promise<void> => {
      const sequence = await loaded.slots.acquire(signal);
      this.#running++;
      try {
        const pieces = generateChoice(sequence, prompt, request, index, this.options.tokensPerSecond, events, signal);
        for await (const piece of pieces) await emit(index, piece);
      } catch (error) {
        // The other choices of a request that cannot be answered are a waste.
        failed.abort(error);
        throw error;
      } finally {
        this.#running--;
        await sequence.clear();
        loaded.slots.release(sequence);
      }
    };
    const choices = request.prompts.flatMap((prompt, at) => Array.from({ length: request.n }, (_, i) => choice(prompt, at * request.n + i)));
    const results = await Promise.allSettled(choices);
    signal.throwIfAborted();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    this.metrics.requestSeconds.observe((monotonicMs() - startedAt) / 1000);
    return { promptTokens: request.prompts.reduce((sum, prompt) => sum + prompt.tokens.length, 0), completionTokens };
  }

  #enter(step: () => Promise<void>): Promise<void> {
    const done = this.#transition.then(step);
    this.#transition = done.catch(() => undefined);
    return done;
  }

  #kvUsed(): number {
    const sequences = this.#loaded?.model.sequences ?? [];
    const used = sequences.reduce((sum, sequence) => sum + sequence.used, 0);
    return used / (this.options.sequences * CONTEXT_TOKENS);
  }
}
