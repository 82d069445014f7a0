import { monotonicMs } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { KeyLimits } from '../../services/posture/snapshot.ts';

export const WINDOW_MS = 60_000;
/** A slice is at most this share of a limit, divided among the workers. */
const SLICE_SHARE = 8;

/** What a worker asks for: one request with its tokens. */
export interface LimitAsk {
  readonly keyId: string;
  readonly limits: KeyLimits;
  readonly tokens: number;
}

/** Credit of one key in one window of a minute. */
export interface Credit {
  readonly window: number;
  readonly slots: number;
  readonly requests: number;
  readonly tokens: number;
}

export type BankAnswer =
  /** `exact`: too small a limit for slices; idle slots go back at once. */
  { readonly credit: Credit; readonly windowEndsInMs: number; readonly exact: boolean } | { readonly refused: ErrorCode; readonly retryAfterMs: number };

interface Account {
  window: number;
  requests: number;
  tokens: number;
  /** Running requests (and slots held ready) by worker. */
  readonly slots: Map<number, number>;
}

/**
 * The primary's book of what each key has spent, in windows of one minute. It never grants more than a limit, so
 * workers together cannot overshoot, save for a slice that is spent in the moment in which a minute ends; a slice
 * that one worker holds idle is given back within 100 ms.
 */
export class LimitBank {
  readonly #workers: number;
  readonly #accounts = new Map<string, Account>();

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** Grants what is asked, and where the limit is large something more, so that the next requests need not ask. */
  ask(worker: number, ask: LimitAsk): BankAnswer {
    const now = monotonicMs();
    const window = Math.floor(now / WINDOW_MS);
    const endsIn = (window + 1) * WINDOW_MS - now;
    const account = this.#account(ask.keyId, window);
    const running = this.#running(account);
    const { concurrency, requestsPerMinute, tokensPerMinute } = ask.limits;
    if (concurrency !== null && running + 1 > concurrency) return { refused: 'CONCURRENCY_LIMITED', retryAfterMs: 1_000 };
    if (requestsPerMinute !== null && account.requests + 1 > requestsPerMinute) return { refused: 'REQUESTS_LIMITED', retryAfterMs: endsIn };
    if (tokensPerMinute !== null && account.tokens + ask.tokens > tokensPerMinute) return { refused: 'TOKENS_LIMITED', retryAfterMs: endsIn };
    const credit: Credit = {
      window,
      slots: 1 + this.#slice(concurrency, running + 1),
      requests: 1 + this.#slice(requestsPerMinute, account.requests + 1),
      tokens: ask.tokens + this.#slice(tokensPerMinute, account.tokens + ask.tokens),
    };
    account.requests += credit.requests;
    account.tokens += credit.tokens;
    account.slots.set(worker, (account.slots.get(worker) ?? 0) + credit.slots);
    return { credit, windowEndsInMs: endsIn, exact: concurrency !== null && concurrency < 2 * this.#workers };
  }

  /** Takes back what a worker did not spend. Negative tokens: it spent more than it had reserved. */
  giveBack(worker: number, keyId: string, credit: Credit): void {
    const account = this.#account(keyId, Math.floor(monotonicMs() / WINDOW_MS));
    const slots = Math.max(0, (account.slots.get(worker) ?? 0) - credit.slots);
    if (slots === 0) account.slots.delete(worker);
    else account.slots.set(worker, slots);
    const same = account.window === credit.window;
    if (same) account.requests = Math.max(0, account.requests - credit.requests);
    // What was spent beyond a reservation counts in whatever minute it became known.
    if (same || credit.tokens < 0) account.tokens = Math.max(0, account.tokens - credit.tokens);
  }

  /** A worker ended: none of its requests runs any more. */
  forget(worker: number): void {
    for (const account of this.#accounts.values()) account.slots.delete(worker);
  }

  /** Drops accounts of earlier minutes that hold nothing. */
  sweep(): void {
    const window = Math.floor(monotonicMs() / WINDOW_MS);
    for (const [keyId, account] of this.#accounts) {
      if (account.window !== window && account.slots.size === 0) this.#accounts.delete(keyId);
    }
  }

  #slice(limit: number | null, used: number): number {
    if (limit === null || limit < 2 * this.#workers) return 0;
    return Math.max(0, Math.floor(Math.min(limit / SLICE_SHARE, (limit - used) / 2) / this.#workers));
  }

  #running(account: Account): number {
    let sum = 0;
    for (const slots of account.slots.values()) sum += slots;
    return sum;
  }

  #account(keyId: string, window: number): Account {
    let account = this.#accounts.get(keyId);
    if (account === undefined) {
      account = { window, requests: 0, tokens: 0, slots: new Map() };
      this.#accounts.set(keyId, account);
    }
    if (account.window !== window) {
      account.window = window;
      account.requests = 0;
      account.tokens = 0;
    }
    return account;
  }
}
