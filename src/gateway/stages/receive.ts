import type { Exchange, Step } from '../exchange.ts';
import { serviceOf } from '../endpoints.ts';

const MAX_HEADERS = 100;
const CLIENT_ID = /^[\x21-\x7e]{1,128}$/;

/** Finds out what is asked for, from the request line and the headers alone. */
export function receive(exchange: Exchange): Step {
  const { request, context } = exchange;
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  exchange.path = query < 0 ? url : url.slice(0, query);
  if (request.rawHeaders.length > 2 * MAX_HEADERS) return exchange.refuse('HEADERS_TOO_LARGE', `The request has more than ${String(MAX_HEADERS)} headers.`);
  const service = serviceOf(request.method ?? '', exchange.path, context.view()?.snapshot.passThrough ?? []);
  if (service === 'ROUTE_UNKNOWN') return exchange.refuse(service, 'This path is not served.');
  if (service === 'METHOD_NOT_ALLOWED') return exchange.refuse(service, 'This method is not served here.');
  exchange.service = service;
  const clientId = request.headers['x-request-id'];
  if (typeof clientId === 'string' && CLIENT_ID.test(clientId)) exchange.clientRequestId = clientId;
  return 'next';
}
