import { monotonicMs } from '../core/clock.ts';
import type { UpstreamAddress } from './adapter.ts';

/** Below this distance two readings say more about the clock than about the engine. */
const MIN_WINDOW_MS = 200;

interface Reading {
  readonly tokens: number;
  readonly atMs: number;
  readonly rate: number | null;
}

/** Tokens per second of engines that only count: the difference between the last two readings of one address. */
export class TokenRate {
  readonly #readings = new Map<string, Reading>();

  /** Null at the first reading, after a restart of the engine, and while the engine does not tell its count. */
  update(address: UpstreamAddress, tokens: number | null): number | null {
    const key = `${address.name} ${address.url}`;
    if (tokens === null) {
      this.#readings.delete(key);
      return null;
    }
    const now = monotonicMs();
    const last = this.#readings.get(key);
    if (last !== undefined && tokens >= last.tokens && now - last.atMs < MIN_WINDOW_MS) return last.rate;
    const rate = last === undefined || tokens < last.tokens ? null : ((tokens - last.tokens) / (now - last.atMs)) * 1000;
    this.#readings.set(key, { tokens, atMs: now, rate });
    return rate;
  }
}
