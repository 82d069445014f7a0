import { Agent, request } from 'undici';
import { ElulmcError } from '../../core/errors.ts';
import type { UpstreamAddress } from '../../upstreams/adapter.ts';
import { ConnectionLost } from './upstream-failure.ts';

const CONNECT_MS = 10_000;
const MAX_HEADER_BYTES = 32 * 1024;

/** Time-outs and sizes are counted here, request by request; how many run at once is the queue's business. */
const agent = new Agent({
  allowH2: false,
  connections: null,
  connect: { timeout: CONNECT_MS },
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: MAX_HEADER_BYTES,
});

/** What happens to a socket whose other end is gone, or was never there. */
const LOST = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

export interface ExchangeLimits {
  /** From the connection to the last byte. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
}

/** An answer whose body is still to come; `body` throws like `openExchange` and must be read or closed. */
export interface OpenReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncGenerator<Uint8Array, void>;
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

function translate(error: unknown, where: string, timeout: AbortSignal, caller: AbortSignal): unknown {
  if (caller.aborted) return caller.reason;
  if (error instanceof ElulmcError) return error;
  if (timeout.aborted) return new ElulmcError('UPSTREAM_TIMEOUT', `${where} did not answer in time`, { cause: error });
  const code = codeOf(error);
  const detail = `${where}: ${error instanceof Error && error.message !== '' ? error.message : code}`;
  if (LOST.has(code)) return new ConnectionLost(detail, error);
  const isNoHttp = code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW';
  return new ElulmcError(isNoHttp ? 'UPSTREAM_INVALID' : 'UPSTREAM_UNAVAILABLE', detail, { cause: error });
}

/**
 * One request to a model server that may be anything: JSON by POST, redirects are not followed, nothing is unpacked, at most
 * `maxAnswerBytes` are read. Throws UPSTREAM_UNAVAILABLE (ConnectionLost when the connection broke), UPSTREAM_TIMEOUT,
 * UPSTREAM_INVALID (not HTTP, too much), or the signal's reason once it aborts.
 */
export async function openExchange(
  address: UpstreamAddress,
  path: string,
  body: object,
  { timeoutMs, maxAnswerBytes }: ExchangeLimits,
  signal: AbortSignal,
): Promise<OpenReply> {
  const where = `${address.name} (${address.url}${path})`;
  const timeout = AbortSignal.timeout(timeoutMs);
  signal.throwIfAborted();
  try {
    const reply = await request(address.url + path, {
      dispatcher: agent,
      signal: AbortSignal.any([signal, timeout]),
      method: 'POST',
      headers: {
        'accept-encoding': 'identity',
        'content-type': 'application/json',
        ...(address.token === null ? {} : { authorization: `Bearer ${address.token}` }),
      },
      body: JSON.stringify(body),
    });
    return { status: reply.statusCode, headers: reply.headers, body: limited(reply.body) };
  } catch (error) {
    throw translate(error, where, timeout, signal);
  }

  async function* limited(source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array, void> {
    let size = 0;
    try {
      // Leaving this loop, for whatever reason, closes the connection.
      for await (const chunk of source) {
        size += chunk.length;
        if (size > maxAnswerBytes) throw new ElulmcError('UPSTREAM_INVALID', `${where} sent more than ${String(maxAnswerBytes)} bytes`);
        yield chunk;
      }
    } catch (error) {
      throw translate(error, where, timeout, signal);
    }
  }
}

/** All bytes of an answer, which the exchange has limited. */
export async function readWhole({ body }: OpenReply): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of body) parts.push(chunk);
  return Buffer.concat(parts);
}
