import { monotonicMs } from '../core/clock.ts';
import type { Exchange } from './exchange.ts';

function usedTokens(exchange: Exchange): number {
  const source = exchange.relay ?? exchange.answer;
  return (source?.promptTokens ?? 0) + (source?.completionTokens ?? 0);
}

/** Ends an exchange once: gives its limits back, counts it, forgets it. */
export function finishExchange(exchange: Exchange): void {
  if (exchange.over) return;
  exchange.over = true;
  const { context, identity } = exchange;
  context.running.delete(exchange);
  if (exchange.grant === 'held' && identity !== undefined) {
    const ran = exchange.attempts.some((attempt) => attempt.status !== 0);
    context.limits.release(identity.key, exchange.takenMs, exchange.reserved, ran ? usedTokens(exchange) : 0);
    exchange.grant = 'none';
  }
  const source = exchange.relay ?? exchange.answer;
  context.metrics.ended({
    operation: identity === undefined ? null : (exchange.service?.operation ?? null),
    model: exchange.model,
    code: exchange.failure?.code ?? (exchange.cancelled ? 'cancelled' : ''),
    forwarded: exchange.attempts.length > 0,
    tookMs: monotonicMs() - exchange.startedMs,
    firstEventMs: exchange.relay === undefined ? null : exchange.firstByteMs,
    promptTokens: source?.promptTokens ?? null,
    completionTokens: source?.completionTokens ?? null,
  });
}
