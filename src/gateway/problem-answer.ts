import { ERRORS, toProblem } from '../core/errors.ts';
import type { ElulmcError } from '../core/errors.ts';
import type { ServerResponse } from 'node:http';

/** Headers and body of a refusal: RFC 9457 with the member `error` that OpenAI clients read. Name, value, name, value. */
export function problemAnswer(
  failure: ElulmcError,
  requestId: string,
  retryAfterMs: number,
): { readonly status: number; readonly headers: string[]; readonly body: Buffer } {
  const { http, retry } = ERRORS[failure.code];
  const body = Buffer.from(JSON.stringify(toProblem(failure, requestId)));
  const headers = ['content-type', 'application/problem+json', 'content-length', String(body.length), 'x-request-id', requestId];
  if (retry === 'no') headers.push('x-should-retry', 'false');
  else headers.push('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  if (http === 401) headers.push('www-authenticate', 'Bearer');
  return { status: http, headers, body };
}

export function sendProblem(response: ServerResponse, failure: ElulmcError, requestId: string, retryAfterMs: number): void {
  const { status, headers, body } = problemAnswer(failure, requestId, retryAfterMs);
  response.writeHead(status, headers);
  response.end(body);
}
