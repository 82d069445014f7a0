import { asElulmcError } from '../../core/errors.ts';
import { readRequestFields } from '../body/request-fields.ts';
import type { Exchange, Step } from '../exchange.ts';
import { gate, gateSentence } from '../gate.ts';

const BYTES_PER_TOKEN = 4;

/** May this key have this now? The body has arrived; time has passed: the gate is asked again, now with the model. */
export function admit(exchange: Exchange): Step {
  const { service } = exchange;
  if (service?.kind === 'inference') {
    try {
      exchange.fields = readRequestFields(exchange.body ?? Buffer.alloc(0));
    } catch (error) {
      return exchange.refuseWith(asElulmcError(error));
    }
    const refused = chooseModel(exchange);
    if (refused !== undefined) return refused;
  }
  const closed = gate(exchange);
  if (closed !== undefined) return exchange.refuse(closed, gateSentence(closed));
  return service?.kind === 'inference' || service?.kind === 'pass' ? takeLimits(exchange) : 'next';
}

function chooseModel(exchange: Exchange): Step | undefined {
  const allowed = exchange.identity?.key.models ?? null;
  const model = exchange.fields?.model ?? (allowed?.length === 1 ? allowed[0] : undefined);
  if (model === undefined) return exchange.refuse('MODEL_MISSING', 'The field "model" is missing.', { field: 'model' });
  if (allowed !== null && !allowed.includes(model)) return exchange.refuse('MODEL_NOT_ALLOWED', 'This key may not use this model.', { field: 'model' });
  exchange.route = exchange.context.view()?.routes.get(model);
  if (exchange.route === undefined) return exchange.refuse('MODEL_UNKNOWN', 'The model does not exist.', { field: 'model' });
  exchange.model = model;
  return undefined;
}

function reserve(exchange: Exchange): number {
  const { fields, service, bodyBytes, context } = exchange;
  if (service?.operation === 'embeddings') return Math.ceil(bodyBytes / BYTES_PER_TOKEN);
  return fields?.maxTokens ?? context.settings.defaultTokenReserve;
}

function takeLimits(exchange: Exchange): Step {
  const key = exchange.identity?.key;
  if (key === undefined) return 'next';
  exchange.reserved = reserve(exchange);
  exchange.grant = 'asked';
  const verdict = exchange.context.limits.take(key, exchange.reserved, exchange);
  return verdict === 'pending' ? 'wait' : exchange.applyVerdict(verdict);
}
