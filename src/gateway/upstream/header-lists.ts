import type { IncomingHttpHeaders } from 'node:http';

/** RFC 9110, section 7.6.1, and its older relatives: they belong to one connection and never pass. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Not sent to the upstream: the client's credentials, what the gateway sets itself, and what only concerns the client's connection. */
const NOT_UPSTREAM: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'authorization',
  'cookie',
  'x-api-key',
  'api-key',
  'host',
  'content-length',
  'expect',
  'accept-encoding',
  'x-request-id',
  'forwarded',
  'x-forwarded-for',
  'x-real-ip',
]);

/** Not sent to the client. */
const NOT_CLIENT: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'content-length',
  'content-encoding',
  'content-type',
  'date',
  'server',
  'set-cookie',
  'x-request-id',
  'www-authenticate',
]);

/** Headers that `connection` names are hop-by-hop too. */
function named(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  return new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}

function pass(headers: IncomingHttpHeaders, withheld: ReadonlySet<string>, out: string[]): string[] {
  const nominated = named(headers.connection);
  for (const name in headers) {
    if (withheld.has(name) || nominated?.has(name) === true) continue;
    const value = headers[name];
    if (typeof value === 'string') out.push(name, value);
    else if (value !== undefined) for (const one of value) out.push(name, one);
  }
  return out;
}

/** Headers of a request to the upstream: name, value, name, value. */
export function upstreamHeaders(headers: IncomingHttpHeaders, authorization: string | null, requestId: string): string[] {
  const out = ['accept-encoding', 'identity', 'x-request-id', requestId];
  if (authorization !== null) out.push('authorization', authorization);
  return pass(headers, NOT_UPSTREAM, out);
}

/** Headers of the upstream's answer that the client may see: name, value, name, value. */
export function clientHeaders(headers: IncomingHttpHeaders): string[] {
  return pass(headers, NOT_CLIENT, []);
}
