import { timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { AggregatorRegistry } from 'prom-client';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { GatewayStatus } from '../../services/gateways/service.ts';
import type { MetricJson } from '../metrics.ts';
import { sendProblem } from '../problem-answer.ts';

/** Files of a log that C2SP tlog-tiles names, and nothing else: no path can leave the folder. */
const LOG_PATH = /^\/log\/([A-Za-z0-9._-]{1,128})\/(checkpoint|vkey|tile\/(?:entries|\d{1,2})\/(?:x\d{3}\/){0,6}\d{3}(?:\.p\/\d{1,3})?)$/;

export interface InternalSources {
  readonly token: string;
  /** Folder of each log, by its name. */
  readonly logs: ReadonlyMap<string, string>;
  status(): Promise<GatewayStatus>;
  /** Null when every worker serves; else why not, by slot. */
  closed(): Promise<Readonly<Record<string, string>> | null>;
  /** What each worker counts. */
  metrics(): Promise<readonly (readonly MetricJson[])[]>;
}

/**
 * The gateway's side door for the control plane and for Prometheus: /status, /health, /metrics and the public files
 * of the logs. Every path needs the bearer token.
 */
export function createInternalListener(sources: InternalSources): Server {
  const expected = Buffer.from(`Bearer ${sources.token}`);
  return createServer({ headersTimeout: 5_000, requestTimeout: 10_000, maxHeaderSize: 8 * 1024 }, (request, response) => {
    const given = Buffer.from(request.headers.authorization ?? '');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      refuse(response, new ElulmcError('KEY_UNKNOWN', 'The internal listener needs its token.'));
      return;
    }
    answer(sources, request, response).catch((error: unknown) => {
      refuse(response, new ElulmcError('INTERNAL', 'The question could not be answered.', { cause: error }));
    });
  });
}

function refuse(response: ServerResponse, error: ElulmcError): void {
  if (response.headersSent) response.destroy();
  else sendProblem(response, error, newId('req'), 1_000);
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' });
  response.end(body);
}

async function answer(sources: InternalSources, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(response, new ElulmcError('METHOD_NOT_ALLOWED', 'Only GET is served here.'));
    return;
  }
  if (path === '/status') {
    send(response, 200, 'application/json', JSON.stringify(await sources.status()));
    return;
  }
  if (path === '/health') {
    const closed = await sources.closed();
    send(response, closed === null ? 200 : 503, 'application/json', JSON.stringify(closed === null ? { status: 'ok' } : { status: 'closed', workers: closed }));
    return;
  }
  if (path === '/metrics') {
    const workers = (await sources.metrics()).map((metrics) => [...metrics]);
    const registry = AggregatorRegistry.aggregate(workers);
    send(response, 200, registry.contentType, await registry.metrics());
    return;
  }
  await sendLogFile(sources, path, response);
}

async function sendLogFile(sources: InternalSources, path: string, response: ServerResponse): Promise<void> {
  const [, name, file] = LOG_PATH.exec(path) ?? [];
  const folder = sources.logs.get(name ?? '');
  if (folder === undefined || file === undefined) {
    refuse(response, new ElulmcError('NOT_FOUND', 'There is no such path.'));
    return;
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(join(folder, file));
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    refuse(response, new ElulmcError('NOT_FOUND', 'The log has no such file.'));
    return;
  }
  send(response, 200, file === 'checkpoint' || file === 'vkey' ? 'text/plain; charset=utf-8' : 'application/octet-stream', bytes);
}
