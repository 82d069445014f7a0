import { monotonicMs } from '../../core/clock.ts';
import type { ApiKey } from '../../services/posture/snapshot.ts';
import { GRANTED, isLimited } from './grants.ts';
import type { LimitClaimant, LimitGrants, LimitVerdict } from './grants.ts';
import { WINDOW_MS } from './limit-bank.ts';
import type { BankAnswer, Credit, LimitAsk, LimitBank } from './limit-bank.ts';

/** The way from a worker to the bank: the cluster's channel, or the bank itself in one process. */
export interface BankLink {
  /** Answers by `answered`, now or later. */
  ask(ask: LimitAsk, answered: (answer: BankAnswer) => void): void;
  giveBack(keyId: string, credit: Credit): void;
}

export function bankInProcess(bank: LimitBank, worker = 0): BankLink {
  return {
    ask: (ask, answered) => {
      answered(bank.ask(worker, ask));
    },
    giveBack: (keyId, credit) => {
      bank.giveBack(worker, keyId, credit);
    },
  };
}

interface Held {
  window: number;
  windowEndsMs: number;
  slots: number;
  requests: number;
  tokens: number;
  exact: boolean;
}

/** A worker's share of every key's limits: spends what it holds, asks the bank for more, gives back what it does not use. */
export class LimitSlices implements LimitGrants {
  readonly #link: BankLink;
  readonly #held = new Map<string, Held>();

  constructor(link: BankLink) {
    this.#link = link;
  }

  take(key: ApiKey, tokens: number, claimant: LimitClaimant): LimitVerdict | 'pending' {
    if (!isLimited(key)) return GRANTED;
    const held = this.#current(key.id);
    if (spend(held, key, tokens)) return GRANTED;
    let verdict: LimitVerdict | undefined;
    let waiting = false;
    this.#link.ask({ keyId: key.id, limits: key.limits, tokens }, (answer) => {
      verdict = this.#answered(key, tokens, answer);
      if (waiting) claimant.limitAnswered(verdict);
    });
    if (verdict !== undefined) return verdict;
    waiting = true;
    return 'pending';
  }

  release(key: ApiKey, takenMs: number, reserved: number, used: number): void {
    if (!isLimited(key)) return;
    const held = this.#current(key.id);
    held.slots += 1;
    const sameMinute = takenMs >= held.windowEndsMs - WINDOW_MS;
    if (sameMinute || used > reserved) held.tokens += reserved - used;
    if (!held.exact) return;
    this.#giveBack(key.id, { window: held.window, slots: held.slots, requests: 0, tokens: 0 });
    held.slots = 0;
  }

  /** Gives back everything that is not in use; called every 100 ms. */
  tick(): void {
    const now = monotonicMs();
    for (const [keyId, held] of this.#held) {
      this.#giveBack(keyId, { window: held.window, slots: held.slots, requests: held.requests, tokens: held.tokens });
      held.slots = 0;
      held.requests = 0;
      held.tokens = 0;
      if (now >= held.windowEndsMs) this.#held.delete(keyId);
    }
  }

  #giveBack(keyId: string, credit: Credit): void {
    if (credit.slots !== 0 || credit.requests !== 0 || credit.tokens !== 0) this.#link.giveBack(keyId, credit);
  }

  #answered(key: ApiKey, tokens: number, answer: BankAnswer): LimitVerdict {
    if ('refused' in answer) return { granted: false, code: answer.refused, retryAfterMs: answer.retryAfterMs };
    const held = this.#current(key.id);
    const { credit } = answer;
    held.window = credit.window;
    held.windowEndsMs = monotonicMs() + answer.windowEndsInMs;
    held.exact = answer.exact;
    held.slots += credit.slots - 1;
    held.requests += credit.requests - 1;
    held.tokens += credit.tokens - tokens;
    return GRANTED;
  }

  #current(keyId: string): Held {
    let held = this.#held.get(keyId);
    if (held === undefined) {
      held = { window: -1, windowEndsMs: -Infinity, slots: 0, requests: 0, tokens: 0, exact: false };
      this.#held.set(keyId, held);
    }
    if (monotonicMs() >= held.windowEndsMs) {
      // Credit of a minute that is over is worth nothing; a debt stays until the bank has heard of it.
      held.requests = 0;
      held.tokens = Math.min(0, held.tokens);
    }
    return held;
  }
}

/** Whether the held credit covers one request; if so, it is spent. */
function spend(held: Held, key: ApiKey, tokens: number): boolean {
  const { concurrency, requestsPerMinute, tokensPerMinute } = key.limits;
  if (concurrency !== null && held.slots < 1) return false;
  if (requestsPerMinute !== null && held.requests < 1) return false;
  if (tokensPerMinute !== null && held.tokens < tokens) return false;
  held.slots -= 1;
  held.requests -= 1;
  held.tokens -= tokens;
  return true;
}
