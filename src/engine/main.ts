import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wallMs } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import { Answer, chatDialect, completionDialect } from './dialect.ts';
import type { Dialect } from './dialect.ts';
import { Engine } from './engine.ts';
import type { EngineOptions } from './engine.ts';
import { EventStream, readJson, sendError, sendJson, signalOfClient } from './exchange.ts';
import { parseDetokenize, parseTokenize } from './generation-request.ts';
import type { GenerationRequest } from './generation-request.ts';
import { CONTEXT_TOKENS } from './loaded-model.ts';

/** Longer than any client keeps an idle connection, so that none writes into one that is just being closed. */
const KEEP_ALIVE_MS = 65_000;
const REQUEST_TIMEOUT_MS = 30_000;

type Handler = (engine: Engine, request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

function requireModel(engine: Engine, body: unknown): void {
  const model = asRecord(body)?.['model'];
  if (model === undefined || model === null || model === engine.options.servedName) return;
  throw new ElulmcError('MODEL_UNKNOWN', `The model \`${typeof model === 'string' ? model : JSON.stringify(model)}\` does not exist.`, { field: 'model' });
}

async function sendStream(engine: Engine, request: GenerationRequest, answer: Answer, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const events = new EventStream(response, signal);
  const opened = new Set<number>();
  const usage = await engine.generate(
    request,
    async (index, piece) => {
      const opening = opened.has(index) ? null : answer.opening(index);
      opened.add(index);
      if (opening !== null) await events.send(opening);
      await events.send(answer.chunk(index, piece));
    },
    signal,
  );
  if (request.includeUsage) await events.send(answer.usageChunk(usage));
  events.end();
}

function infer(dialect: Dialect): Handler {
  return async (engine, message, response) => {
    const body = await readJson(message);
    requireModel(engine, body);
    const request = dialect.parse(body);
    if (!engine.isLoaded) throw new ElulmcError('MODEL_NOT_LOADED', `the model ${engine.options.servedName} is loading or asleep`);
    const signal = signalOfClient(response);
    const answer = new Answer(dialect, engine.options.servedName);
    if (request.stream) {
      await sendStream(engine, request, answer, response, signal);
      return;
    }
    const usage = await engine.generate(
      request,
      (index, piece) => {
        answer.add(index, piece);
        return Promise.resolve();
      },
      signal,
    );
    sendJson(response, answer.whole(usage));
  };
}

function models(startedAt: number): Handler {
  return (engine, _request, response) => {
    const id = engine.options.servedName;
    sendJson(response, {
      object: 'list',
      data: [{ id, object: 'model', created: startedAt, owned_by: 'elulmc', root: id, parent: null, max_model_len: CONTEXT_TOKENS }],
    });
  };
}

function empty(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

function routes(startedAt: number): Readonly<Record<string, { readonly method: 'GET' | 'POST'; readonly handle: Handler }>> {
  return {
    '/v1/completions': { method: 'POST', handle: infer(completionDialect) },
    '/v1/chat/completions': { method: 'POST', handle: infer(chatDialect) },
    '/v1/models': { method: 'GET', handle: models(startedAt) },
    '/tokenize': {
      method: 'POST',
      handle: async (engine, request, response) => {
        const body = await readJson(request);
        requireModel(engine, body);
        const tokens = parseTokenize(body);
        sendJson(response, { count: tokens.length, max_model_len: CONTEXT_TOKENS, tokens });
      },
    },
    '/detokenize': {
      method: 'POST',
      handle: async (engine, request, response) => {
        const body = await readJson(request);
        requireModel(engine, body);
        sendJson(response, { prompt: parseDetokenize(body) });
      },
    },
    '/health': {
      method: 'GET',
      handle: (engine, _request, response) => {
        empty(response, engine.isLoaded ? 200 : 503);
      },
    },
    '/version': {
      method: 'GET',
      handle: (engine, _request, response) => {
        sendJson(response, { version: `elulmc-embedded, llama.cpp ${engine.release ?? 'not loaded'}` });
      },
    },
    '/metrics': {
      method: 'GET',
      handle: async (engine, _request, response) => {
        response.writeHead(200, { 'content-type': engine.metrics.contentType }).end(await engine.metrics.text());
      },
    },
    '/sleep': {
      method: 'POST',
      handle: async (engine, _request, response) => {
        await engine.sleep();
        empty(response, 200);
      },
    },
    '/wake_up': {
      method: 'POST',
      handle: async (engine, _request, response) => {
        await engine.wake();
        empty(response, 200);
      },
    },
    '/is_sleeping': {
      method: 'GET',
      handle: (engine, _request, response) => {
        sendJson(response, { is_sleeping: !engine.isLoaded });
      },
    },
  };
}

function listener(engine: Engine): (request: IncomingMessage, response: ServerResponse) => void {
  const table = routes(Math.floor(wallMs() / 1000));
  const answer: Handler = async (_engine, request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const route = Object.hasOwn(table, path) ? table[path] : undefined;
    if (route === undefined) throw new ElulmcError('ROUTE_UNKNOWN', 'Not Found');
    if (route.method !== request.method) throw new ElulmcError('METHOD_NOT_ALLOWED', 'Method Not Allowed');
    await route.handle(engine, request, response);
  };
  return (request, response) => {
    // A client that resets its connection is no error of ours; its signal ends the work.
    response.on('error', () => undefined);
    void Promise.resolve(answer(engine, request, response)).catch((error: unknown) => {
      sendError(response, error);
    });
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'PORT_IN_USE' : 'START_FAILED';
      reject(new ElulmcError(code, `the engine cannot listen on ${host}:${String(port)}: ${error.message}`, { cause: error }));
    });
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Ends running requests, frees the model. */
async function close(server: Server, engine: Engine): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
  await engine.sleep();
}

/**
 * Serves one model of the byte vocabulary in vLLM's dialect of the OpenAI API; meant to be a process of its own, because
 * a crash of the native library ends its process. It asks for no key, so it listens on the loopback address only. Listens
 * at once (`/health` says 503) and resolves when the model is loaded. Where it differs from vLLM: without max_tokens an answer is as long as fits, `/health` is 503 while the model
 * sleeps, and fields that it does not have are refused instead of ignored. Throws START_FAILED, PORT_IN_USE.
 */
export async function runEngine(
  options: EngineOptions & { readonly port: number; readonly host: '127.0.0.1' },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const engine = new Engine(options);
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS }, listener(engine));
  const port = await listen(server, options.port, options.host);
  try {
    await engine.wake();
  } catch (error) {
    await close(server, engine);
    throw error;
  }
  return { port, close: () => close(server, engine) };
}
