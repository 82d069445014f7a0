import type { FastifyReply } from 'fastify';
import type { Socket } from 'node:net';
import { ElulmcError, toProblem } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';

/** What fastify's own refusals are called here. */
const CODES: Readonly<Record<string, { readonly code: ErrorCode; readonly detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'BODY_TOO_LARGE', detail: 'the body is larger than 1 MiB' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'CONTENT_TYPE_UNSUPPORTED', detail: 'send content-type application/json' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'BODY_NOT_JSON', detail: 'the body is empty' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'BODY_NOT_JSON', detail: 'the body is not JSON' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'REQUEST_MALFORMED', detail: 'the content-length does not fit the body' },
  FST_ERR_BAD_URL: { code: 'REQUEST_MALFORMED', detail: 'the path is not valid' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'NOT_FOUND', detail: 'this path is not served; GET /openapi.json lists what is' },
};

/** Errors of ours as they are; fastify's by the table; everything else INTERNAL, without telling what happened. */
export function asApiError(thrown: unknown): ElulmcError {
  if (thrown instanceof ElulmcError) return thrown;
  const { code, statusCode } = asRecord(thrown) ?? {};
  const known = typeof code === 'string' ? CODES[code] : undefined;
  if (known !== undefined) return new ElulmcError(known.code, known.detail, { cause: thrown });
  if (thrown instanceof SyntaxError || statusCode === 400) return new ElulmcError('BODY_NOT_JSON', 'the body is not JSON', { cause: thrown });
  return new ElulmcError('INTERNAL', 'an unexpected error happened; the id is in the log', { cause: thrown });
}

export function answerProblem(reply: FastifyReply, error: ElulmcError): FastifyReply {
  const { http, retry } = error.row;
  if (http === 401) void reply.header('www-authenticate', 'Bearer');
  if (retry === 'later' && (http === 429 || http === 503)) void reply.header('retry-after', http === 429 ? '60' : '1');
  return reply.status(http).type('application/problem+json').send(toProblem(error, reply.request.id));
}

/** Answers what is not even HTTP, and closes the connection. */
export function answerMalformed(thrown: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || thrown.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code: ErrorCode =
    thrown.code === 'HPE_HEADER_OVERFLOW' ? 'HEADERS_TOO_LARGE' : thrown.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'REQUEST_TIMEOUT' : 'REQUEST_MALFORMED';
  const problem = toProblem(new ElulmcError(code, 'the request could not be read'));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${String(problem.status)} Refused\r\ncontent-type: application/problem+json\r\ncontent-length: ${String(Buffer.byteLength(body))}\r\nconnection: close\r\n\r\n${body}`,
  );
}
