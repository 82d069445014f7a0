import type { Exchange, GatewayRequest, Step } from '../exchange.ts';

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/** Collects the body, at most `maxBodyBytes` of it; one buffer, the client's own bytes. */
export function readBody(exchange: Exchange): Step {
  const { request, service, context } = exchange;
  if (service?.kind === 'models') return 'next';
  const { headers } = request;
  const declared = headers['content-length'];
  const empty = headers['transfer-encoding'] === undefined && (declared === undefined || declared === '0');
  if (service?.kind === 'inference' || !empty) {
    const refused = refuseType(exchange);
    if (refused !== undefined) return refused;
  }
  if (declared !== undefined && Number(declared) > context.settings.maxBodyBytes) return tooLarge(exchange);
  request.on('data', onData);
  request.on('end', onEnd);
  return 'wait';
}

function refuseType(exchange: Exchange): Step | undefined {
  const { headers } = exchange.request;
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return exchange.refuse('CONTENT_TYPE_UNSUPPORTED', 'An encoded body is not accepted.');
  if (exchange.service?.kind === 'pass' || JSON_TYPE.test(headers['content-type'] ?? '')) return undefined;
  return exchange.refuse('CONTENT_TYPE_UNSUPPORTED', 'The content type must be application/json.');
}

function tooLarge(exchange: Exchange): 'settled' {
  exchange.parts = [];
  return exchange.refuse('BODY_TOO_LARGE', `The body is larger than ${String(exchange.context.settings.maxBodyBytes)} bytes.`);
}

function onData(this: GatewayRequest, chunk: Buffer): void {
  const exchange = this.exchange;
  if (exchange === undefined || exchange.settled) return;
  exchange.bodyBytes += chunk.length;
  if (exchange.bodyBytes > exchange.context.settings.maxBodyBytes) exchange.proceed(tooLarge(exchange));
  else exchange.parts.push(chunk);
}

function onEnd(this: GatewayRequest): void {
  const exchange = this.exchange;
  if (exchange === undefined) return;
  exchange.bodyComplete = true;
  if (exchange.settled) return;
  const [first] = exchange.parts;
  exchange.body = first !== undefined && exchange.parts.length === 1 ? first : Buffer.concat(exchange.parts);
  exchange.parts = [];
  exchange.proceed('next');
}
