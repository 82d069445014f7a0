import { createServer, STATUS_CODES } from 'node:http';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { ElulmcError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { GatewayContext } from './exchange.ts';
import { Exchange, GatewayRequest, GatewayResponse } from './exchange.ts';
import { closedReason } from './gate.ts';
import { problemAnswer } from './problem-answer.ts';

const MAX_HEAD_BYTES = 16 * 1024;
/** One more than allowed, so that the surplus is seen and refused; Node would drop it silently. */
const MAX_HEADERS = 101;

/** The exchange that a connection works on: what a broken connection is reported to. */
const exchanges = new WeakMap<Duplex, Exchange>();

/** The public listener of a worker. Strict parsing; a slow or malformed request is answered and closed. */
export function createGatewayServer(context: GatewayContext): Server<typeof GatewayRequest, typeof GatewayResponse> {
  const { settings } = context;
  const server = createServer<typeof GatewayRequest, typeof GatewayResponse>({
    IncomingMessage: GatewayRequest,
    ServerResponse: GatewayResponse,
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: settings.headTimeoutMs,
    requestTimeout: settings.requestTimeoutMs,
    keepAliveTimeout: settings.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, settings.headTimeoutMs / 2),
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
  });
  server.maxHeadersCount = MAX_HEADERS;
  server.on('request', (request, response) => {
    begin(context, request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    connectionFailed(context, error, socket);
  });
  return server;
}

function begin(context: GatewayContext, request: GatewayRequest, response: GatewayResponse): void {
  if (request.url === '/health') {
    sendHealth(context, response);
    return;
  }
  const exchange = new Exchange(context, request, response);
  request.exchange = exchange;
  response.exchange = exchange;
  exchanges.set(request.socket, exchange);
  request.on('error', onError);
  response.on('close', onClose);
  response.on('error', onError);
  context.advance(exchange);
}

function onClose(this: GatewayResponse): void {
  if (!this.writableFinished) this.exchange?.clientLeft();
}

/** A broken connection is reported by `close`; the event only has to be heard. */
function onError(): void {
  return undefined;
}

function sendHealth(context: GatewayContext, response: GatewayResponse): void {
  const reason = closedReason(context);
  const body = JSON.stringify(reason === undefined ? { status: 'ok' } : { status: 'closed', code: reason });
  response.writeHead(reason === undefined ? 200 : 503, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function codeOf(error: NodeJS.ErrnoException): ErrorCode {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'HEADERS_TOO_LARGE';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'REQUEST_TIMEOUT';
  return 'REQUEST_MALFORMED';
}

/** A request that cannot be read, or not in time. One that was let in already ends by its own way, and on record. */
function connectionFailed(context: GatewayContext, error: NodeJS.ErrnoException, socket: Duplex): void {
  const exchange = exchanges.get(socket);
  // A client that closed inside its request has left; there is nobody to answer.
  if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE') {
    exchange?.clientLeft();
    socket.destroy();
    return;
  }
  const code = codeOf(error);
  const failure = new ElulmcError(code, code === 'REQUEST_TIMEOUT' ? 'The request did not arrive in time.' : 'The request cannot be read.');
  if (exchange !== undefined && !exchange.over && !exchange.request.complete) {
    exchange.fail(failure);
    setTimeout(() => socket.destroy(), context.settings.cutGraceMs).unref();
    return;
  }
  if (!socket.writable || (exchange !== undefined && !exchange.over)) {
    socket.destroy();
    return;
  }
  context.recorder.countRefusal(code);
  const { status, headers, body } = problemAnswer(failure, newId('req'), 1_000);
  let head = `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]));
  setTimeout(() => socket.destroy(), context.settings.cutGraceMs).unref();
}
