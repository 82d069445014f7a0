import type { Exchange, Step } from '../exchange.ts';

/** Time that the OpenAI object asks for; the gateway knows none. */
const CREATED = 0;

function describe(model: string): Record<string, unknown> {
  return { id: model, object: 'model', created: CREATED, owned_by: 'elulmc' };
}

export function jsonAnswer(exchange: Exchange, status: number, value: unknown): Step {
  exchange.answer = {
    status,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(value)),
    headers: [],
    promptTokens: null,
    completionTokens: null,
    finish: null,
  };
  return 'next';
}

/** GET /v1/models: the public models that this key may use; also while they are isolated. */
export function answerModels(exchange: Exchange, model: string | null): Step {
  const allowed = exchange.identity?.key.models ?? null;
  const names = [...(exchange.context.view()?.routes.keys() ?? [])].filter((name) => allowed?.includes(name) ?? true);
  if (model === null) return jsonAnswer(exchange, 200, { object: 'list', data: names.map(describe) });
  if (!names.includes(model)) return exchange.refuse('MODEL_UNKNOWN', 'The model does not exist.');
  return jsonAnswer(exchange, 200, describe(model));
}
