import type { PromptMethod, RawToken, Unsupported } from '../prompt-logprobs.ts';

/** The part of a client that a way of asking needs. */
export interface PromptCaller {
  readonly model: string;
  /** JSON value of a 200 reply to POST. Throws UpstreamRefusal for other statuses. */
  readonly json: (path: string, body: object) => Promise<unknown>;
}

/** One way to get the log-probabilities of a prompt out of an engine. */
export interface Way {
  readonly method: PromptMethod;
  /** Reads them with `top` alternatives each; what the engine sends instead is for the caller to check. */
  readonly read: (caller: PromptCaller, text: string, top: number) => Promise<readonly RawToken[] | Unsupported>;
}
