import { monotonicMs } from '../../core/clock.ts';
import type { Exchange, Relay, Step } from '../exchange.ts';
import { finishExchange } from '../finish.ts';
import { gate, gateSentence } from '../gate.ts';
import { sendProblem } from '../problem-answer.ts';
import { closeStream } from './record.ts';

/** How long what is left of a body is read and dropped, so that the client sees the refusal instead of a reset. */
const LINGER_MS = 2_000;

/** Sends the head and, for a stream, lets it flow. The gate is asked for the last time. */
export function reply(exchange: Exchange): Step {
  const { response, relay } = exchange;
  if (exchange.cancelled || response.destroyed) {
    exchange.cancelled = true;
    if (relay !== undefined && exchange.failure === undefined && !exchange.doneRecorded) closeStream(exchange);
    else finishExchange(exchange);
    exchange.abortUpstream();
    return 'next';
  }
  if (exchange.failure === undefined) {
    const closed = gate(exchange);
    // What was recorded as done is withheld: the record is corrected before the refusal leaves.
    if (closed !== undefined) {
      exchange.refuse(closed, gateSentence(closed));
      exchange.abortUpstream();
      return 'settled';
    }
  }
  exchange.firstByteMs = monotonicMs() - exchange.startedMs;
  if (exchange.failure !== undefined) refuse(exchange);
  else if (relay !== undefined) flow(exchange, relay);
  else send(exchange);
  return 'next';
}

function flow(exchange: Exchange, relay: Relay): void {
  // A stream may live for hours: what was asked is on record and no longer needed.
  exchange.body = undefined;
  relay.start();
}

function send(exchange: Exchange): void {
  const { answer, response, id } = exchange;
  if (answer === undefined) return;
  response.writeHead(answer.status, ['content-type', answer.contentType, 'content-length', String(answer.body.length), 'x-request-id', id, ...answer.headers]);
  response.end(answer.body);
  finishExchange(exchange);
}

function refuse(exchange: Exchange): void {
  const { failure, response, request } = exchange;
  if (failure === undefined) return;
  sendProblem(response, failure, exchange.id, exchange.retryAfterMs);
  finishExchange(exchange);
  if (!exchange.bodyComplete && !request.complete) linger(exchange);
}

function linger(exchange: Exchange): void {
  const { request } = exchange;
  request.resume();
  setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, LINGER_MS).unref();
}
