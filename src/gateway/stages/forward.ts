import type { IncomingHttpHeaders } from 'node:http';
import { ElulmcError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';
import { spliceBody } from '../body/splice.ts';
import type { Exchange, Step } from '../exchange.ts';
import { gate, gateSentence } from '../gate.ts';
import { StreamRelay } from '../streams/stream-relay.ts';
import type { StreamApi } from '../streams/stream-texts.ts';
import { readFinish, readUsage } from '../streams/usage.ts';
import { clientHeaders, upstreamHeaders } from '../upstream/header-lists.ts';
import { UpstreamAttempt } from '../upstream/upstream-attempt.ts';
import type { AttemptEvents } from '../upstream/upstream-attempt.ts';
import type { Upstream } from '../upstream/upstream-set.ts';
import { closeStream, recordOpen } from './record.ts';
import { secondTarget } from './route.ts';

const MAX_ATTEMPTS = 2;
const STREAM_APIS: Readonly<Record<string, StreamApi>> = { '/v1/chat/completions': 'chat', '/v1/completions': 'completions', '/v1/responses': 'responses' };
/** Statuses of a model server (or of a proxy before it) that another one may do better. */
const BUSY: ReadonlySet<number> = new Set([502, 503, 504]);
/** Failures before a head that say nothing about the request itself. */
const UNREACHED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const TIMED_OUT: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Sends the request to its upstream and waits for a whole answer, or for the first event of a stream. */
export function forward(exchange: Exchange): Step {
  if (exchange.answer !== undefined) return 'next';
  const closed = gate(exchange);
  if (closed !== undefined) return exchange.refuse(closed, gateSentence(closed));
  // Written while the model server works, so that the disk adds nothing to the time to the first token.
  if (exchange.fields?.stream === true) recordOpen(exchange);
  dispatch(exchange);
  return 'wait';
}

function dispatch(exchange: Exchange): void {
  const { context, target, request } = exchange;
  const upstream = context.upstreams.get(target?.upstream ?? '');
  if (target === undefined || upstream?.authorization === undefined) {
    exchange.fail(new ElulmcError('UPSTREAM_UNAVAILABLE', 'The model server is not configured correctly.'));
    return;
  }
  const addUsage = asksForUsage(exchange, upstream);
  const attempt = new UpstreamAttempt(exchange, events, target.upstream, target.model, addUsage);
  exchange.attempts.push(attempt);
  upstream.pool.dispatch(
    {
      path: upstream.prefix + (exchange.service?.kind === 'pass' ? (request.url ?? '/') : exchange.path),
      method: request.method ?? 'POST',
      headers: upstreamHeaders(request.headers, upstream.authorization, exchange.id),
      body: bodyFor(exchange, target.model, addUsage),
    },
    attempt,
  );
}

function asksForUsage(exchange: Exchange, upstream: Upstream): boolean {
  const { fields, path } = exchange;
  if (fields?.stream !== true || fields.wantsUsage || !upstream.adapter.streamUsage) return false;
  return path === '/v1/chat/completions' || path === '/v1/completions';
}

function bodyFor(exchange: Exchange, model: string, addUsage: boolean): Buffer | null {
  const { body, fields } = exchange;
  if (body === undefined || fields === undefined) return body === undefined || body.length === 0 ? null : body;
  return spliceBody(body, {
    model: fields.model === model ? undefined : model,
    streamOptions: addUsage ? { ...fields.streamOptions, include_usage: true } : undefined,
  });
}

/** Only what never reached the client, and never more than once. */
function mayRetry(exchange: Exchange): boolean {
  return exchange.attempts.length < MAX_ATTEMPTS && !exchange.settled && exchange.relay === undefined;
}

/** True when a second attempt was begun. An isolated second target is no target. */
function retry(exchange: Exchange): boolean {
  if (!mayRetry(exchange)) return false;
  const first = exchange.target;
  exchange.target = secondTarget(exchange);
  if (exchange.target === undefined || gate(exchange) !== undefined) {
    exchange.target = first;
    return false;
  }
  dispatch(exchange);
  return true;
}

function onHead(exchange: Exchange, attempt: UpstreamAttempt, headers: IncomingHttpHeaders): void {
  const { status } = attempt;
  if (BUSY.has(status)) {
    attempt.abort(`status ${String(status)}`);
    if (!retry(exchange)) fail(exchange, status === 504 ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_UNAVAILABLE', `The model server answered ${String(status)}.`);
    return;
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return refuseAnswer(exchange, 'UPSTREAM_INVALID', 'The model server sent an encoded answer.');
  if (status === 401 || status === 403)
    return refuseAnswer(exchange, 'UPSTREAM_UNAVAILABLE', 'The model server does not accept the credentials of this gateway.');
  if (status >= 300 && status < 400) return refuseAnswer(exchange, 'UPSTREAM_INVALID', 'The model server redirects, which is never followed.');
  attempt.contentType = headers['content-type'] ?? '';
  if (status === 200 && /^text\/event-stream\s*(;|$)/i.test(attempt.contentType)) {
    exchange.relay = new StreamRelay(exchange, attempt, relayEvents, STREAM_APIS[exchange.path] ?? null, headers);
    return;
  }
  attempt.headers = clientHeaders(headers);
  if (Number(headers['content-length'] ?? 0) > exchange.context.settings.maxAnswerBytes) tooLarge(exchange);
}

function onData(exchange: Exchange, attempt: UpstreamAttempt, chunk: Buffer): void {
  if (exchange.relay !== undefined) {
    exchange.relay.push(chunk);
    return;
  }
  attempt.bytes += chunk.length;
  if (attempt.bytes > exchange.context.settings.maxAnswerBytes) tooLarge(exchange);
  else attempt.parts.push(chunk);
}

function onEnd(exchange: Exchange, attempt: UpstreamAttempt): void {
  if (exchange.relay !== undefined) {
    exchange.relay.end();
    return;
  }
  const [first] = attempt.parts;
  const body = first !== undefined && attempt.parts.length === 1 ? first : Buffer.concat(attempt.parts);
  attempt.parts = [];
  const parsed = exchange.service?.kind === 'pass' ? undefined : parseObject(body);
  if (parsed === undefined && exchange.service?.kind !== 'pass') {
    refuseAnswer(exchange, 'UPSTREAM_INVALID', 'The answer of the model server is not a JSON object.');
    return;
  }
  const usage = readUsage(parsed?.['usage']);
  exchange.answer = {
    status: attempt.status,
    contentType: attempt.contentType === '' ? 'application/octet-stream' : attempt.contentType,
    body,
    headers: attempt.headers,
    promptTokens: usage?.promptTokens ?? null,
    completionTokens: usage?.completionTokens ?? null,
    finish: parsed === undefined ? null : readFinish(parsed),
  };
  exchange.proceed('next');
}

function onError(exchange: Exchange, attempt: UpstreamAttempt, error: Error): void {
  const code = attempt.problem ?? '';
  if (attempt.status === 0 && UNREACHED.has(code)) {
    if (!retry(exchange)) fail(exchange, 'UPSTREAM_UNAVAILABLE', 'The model server cannot be reached.', error);
    return;
  }
  if (TIMED_OUT.has(code)) fail(exchange, 'UPSTREAM_TIMEOUT', 'The model server did not answer in time.', error);
  else if (attempt.status === 0 || code.startsWith('HPE_')) fail(exchange, 'UPSTREAM_INVALID', 'The model server did not answer in valid HTTP.', error);
  else fail(exchange, 'UPSTREAM_INTERRUPTED', 'The model server broke off its answer.', error);
}

function tooLarge(exchange: Exchange): void {
  refuseAnswer(exchange, 'UPSTREAM_TOO_LARGE', `The answer is larger than ${String(exchange.context.settings.maxAnswerBytes)} bytes.`);
}

function refuseAnswer(exchange: Exchange, code: ErrorCode, detail: string): void {
  exchange.attempts.at(-1)?.abort(code);
  fail(exchange, code, detail);
}

function fail(exchange: Exchange, code: ErrorCode, detail: string, cause?: unknown): void {
  exchange.fail(new ElulmcError(code, detail, cause === undefined ? {} : { cause }));
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
}

const events: AttemptEvents = { head: onHead, data: onData, end: onEnd, error: onError };

const relayEvents = {
  begun: (exchange: Exchange): void => {
    exchange.proceed('next');
  },
  over: closeStream,
};
