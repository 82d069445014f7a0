import { activeTargets } from '../../services/posture/snapshot.ts';
import type { RouteTarget } from '../../services/posture/snapshot.ts';
import type { GatewayContext } from '../exchange.ts';
import type { Exchange, Step } from '../exchange.ts';
import { answerModels } from '../local/models.ts';
import { answerSessions } from '../local/sessions.ts';

/** Who answers: the gateway itself, or one upstream of the route, chosen by weight among those that are ready. */
export function route(exchange: Exchange): Step {
  const { service, context } = exchange;
  switch (service?.kind) {
    case 'models':
      return answerModels(exchange, service.model);
    case 'sessions':
      return answerSessions(exchange);
    case 'pass':
      if (exchange.identity?.key.models !== null)
        return exchange.refuse('MODEL_NOT_ALLOWED', 'A key that is limited to models may not use pass-through paths.');
      exchange.target = { upstream: service.upstream, model: '', weight: 1 };
      return 'next';
    default:
      break;
  }
  const targets = exchange.route === undefined ? [] : activeTargets(exchange.route);
  const able = targets.filter((target) => offers(context, target, exchange));
  if (able.length === 0 && targets.length > 0) return exchange.refuse('ENDPOINT_UNSUPPORTED', 'The upstream of this model does not offer this endpoint.');
  exchange.target = choose(context, able);
  return exchange.target === undefined ? exchange.refuse('UPSTREAM_UNAVAILABLE', 'No model server is configured for this model.') : 'next';
}

function offers(context: GatewayContext, target: RouteTarget, exchange: Exchange): boolean {
  const { service } = exchange;
  const upstream = context.upstreams.get(target.upstream);
  return upstream === undefined || (service?.kind === 'inference' && upstream.adapter.endpoints.has(service.endpoint));
}

/**
 * Health is a preference, isolation is not: an isolated target keeps its share, and the gate refuses it, because
 * isolation never moves traffic (activate-backup does).
 */
function choose(context: GatewayContext, targets: readonly RouteTarget[]): RouteTarget | undefined {
  if (targets.length < 2) return targets[0];
  const isolated = context.view()?.isolatedUpstreams;
  const ready = targets.filter((target) => context.upstreams.get(target.upstream)?.ready === true || isolated?.has(target.upstream) === true);
  const candidates = ready.length === 0 ? targets : ready;
  let left = Math.random() * candidates.reduce((sum, target) => sum + target.weight, 0);
  for (const target of candidates) {
    left -= target.weight;
    if (left < 0) return target;
  }
  return candidates.at(-1);
}

/** The target of a second attempt: another upstream of the route where there is one, else the same again. */
export function secondTarget(exchange: Exchange): RouteTarget | undefined {
  const { context, target, route: chosen } = exchange;
  if (chosen === undefined || target === undefined) return target;
  const others = activeTargets(chosen).filter((other) => other.upstream !== target.upstream && offers(context, other, exchange));
  return choose(context, others) ?? target;
}
