import { monotonicMs } from '../core/clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { GatewayContext } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { PostureView } from './posture-view.ts';

/** Why nothing at all can be served now, lease aside. */
function closed(context: GatewayContext, view: PostureView | undefined): ErrorCode | undefined {
  if (context.stopping()) return 'GATEWAY_STOPPING';
  const { recorder } = context;
  if (recorder.failed()) return 'LEDGER_UNAVAILABLE';
  if (view?.trusts(recorder.log.name, recorder.log.size()) === false) return 'LEDGER_UNTRUSTED';
  return undefined;
}

/** Whether the gateway could serve an ordinary request now: the answer of /health. Isolation is not ill health. */
export function closedReason(context: GatewayContext): ErrorCode | undefined {
  const view = context.view();
  const reason = closed(context, view);
  if (reason !== undefined) return reason;
  return view === undefined || monotonicMs() >= context.feed.leaseEndMs() ? 'POSTURE_STALE' : undefined;
}

function isolated(exchange: Exchange, view: PostureView): boolean {
  if (view.isolatedAll) return true;
  const { identity, service, target } = exchange;
  if (identity !== undefined && view.isolatedKeys.has(identity.key.id)) return true;
  if (view.isolatedModels.has(exchange.model)) return true;
  if (target !== undefined && view.isolatedUpstreams.has(target.upstream)) return true;
  return service?.kind === 'pass' && (view.isolatedUpstreams.has(service.upstream) || view.shadowedUpstreams.has(service.upstream));
}

function revoked(exchange: Exchange, view: PostureView): boolean {
  const { identity } = exchange;
  if (identity === undefined) return false;
  if (exchange.sessionGeneration !== view.snapshot.sessionGeneration) return true;
  const key = view.keysById.get(identity.key.id);
  if (key?.revokedAt !== null) return true;
  return identity.session !== null && key.generation !== identity.session.keyGeneration;
}

/**
 * Whether an authenticated exchange may begin, go on, or send a byte, by everything that is known in this moment;
 * undefined means yes. The one place that decides it: asked before the body is read, before dispatch, before the
 * head, and for every running exchange after each change of the posture.
 */
export function gate(exchange: Exchange): ErrorCode | undefined {
  const { context } = exchange;
  const view = context.view();
  const reason = closed(context, view);
  if (reason !== undefined) return reason;
  const lists = exchange.service?.kind === 'models';
  // The kill switch comes before the lease: it must be told as isolation also when the database is dead.
  if (!lists && context.feed.killSwitch()) return 'ISOLATED';
  if (view === undefined) return 'POSTURE_STALE';
  const grace = exchange.relay?.flowing === true ? view.snapshot.streamGraceMs : 0;
  if (monotonicMs() >= context.feed.leaseEndMs() + grace) return 'POSTURE_STALE';
  if (revoked(exchange, view)) return 'REVOKED';
  if (!lists && isolated(exchange, view)) return 'ISOLATED';
  return mayUse(exchange, view) ? undefined : 'MODEL_NOT_ALLOWED';
}

/** The list of models is read from the posture of now: it may have been narrowed while the request ran. */
function mayUse(exchange: Exchange, view: PostureView): boolean {
  if (exchange.identity === undefined || exchange.model === '') return true;
  const models = view.keysById.get(exchange.identity.key.id)?.models ?? null;
  return models?.includes(exchange.model) ?? true;
}

/** What a client is told: that it is so, never why. */
export function gateSentence(code: ErrorCode): string {
  switch (code) {
    case 'ISOLATED':
      return 'This service is isolated by its operators.';
    case 'REVOKED':
      return 'The credential of this request was revoked.';
    case 'POSTURE_STALE':
      return 'The gateway has lost its lease.';
    case 'GATEWAY_STOPPING':
      return 'The gateway is stopping.';
    case 'MODEL_NOT_ALLOWED':
      return 'This key may not use this model.';
    default:
      return 'The request cannot be recorded, so it is not served.';
  }
}
