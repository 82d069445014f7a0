import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ElulmcError, asElulmcError } from '../core/errors.ts';

const MAX_BODY_BYTES = 1024 * 1024;

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  404: 'NotFoundError',
  500: 'InternalServerError',
  503: 'ServiceUnavailableError',
};

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) {
        chunks.push(chunk);
        return;
      }
      // The rest is read and dropped, so that the client gets to see the answer; the server's request timeout ends it.
      request.off('data', take).resume();
      reject(new ElulmcError('BODY_TOO_LARGE', `the body is over ${String(MAX_BODY_BYTES)} bytes`));
    };
    request.on('data', take);
    request.once('end', () => {
      resolve(Buffer.concat(chunks));
    });
    request.once('error', reject);
    request.once('close', () => {
      reject(new ElulmcError('REQUEST_MALFORMED', 'the client left before its request was complete'));
    });
  });
}

/** The JSON body of a request. Throws BODY_TOO_LARGE, CONTENT_TYPE_UNSUPPORTED, BODY_NOT_JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'];
  if (type !== undefined && !/^application\/json *(;|$)/i.test(type)) {
    throw new ElulmcError('CONTENT_TYPE_UNSUPPORTED', "Only 'application/json' is allowed");
  }
  const body = await readBody(request);
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new ElulmcError('BODY_NOT_JSON', `the body is not JSON: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}

/** vLLM's error object (its form since 0.10): `{error: {message, type, param, code}}` with the HTTP status as code. */
function errorObject(error: ElulmcError): { readonly error: object } {
  const { http } = error.row;
  return { error: { message: error.message, type: ERROR_TYPES[http] ?? 'BadRequestError', param: error.field ?? null, code: http } };
}

/** Answers with an error; inside a stream as its last event. Does nothing for a client that has gone. */
export function sendError(response: ServerResponse, thrown: unknown): void {
  const error = asElulmcError(thrown);
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) response.end(`data: ${JSON.stringify(errorObject(error))}\n\ndata: [DONE]\n\n`);
  else sendJson(response, errorObject(error), error.row.http);
}

/** Aborts when the client leaves before the answer is complete. */
export function signalOfClient(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new ElulmcError('UPSTREAM_INTERRUPTED', 'the client has left'));
  });
  return controller.signal;
}

/** Server-sent events of one answer. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;

  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    response.setMaxListeners(0);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.flushHeaders();
  }

  /** Resolves when the client has taken enough for more to be generated. */
  async send(value: unknown): Promise<void> {
    this.#signal.throwIfAborted();
    if (this.#response.write(`data: ${JSON.stringify(value)}\n\n`)) return;
    await once(this.#response, 'drain', { signal: this.#signal });
  }

  end(): void {
    this.#response.end('data: [DONE]\n\n');
  }
}
