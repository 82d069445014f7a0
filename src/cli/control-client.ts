import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { ElulmcError } from '../core/errors.ts';
import type { Problem } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import type { OperationReport } from '../operations/report.ts';
import { permitHeaders } from './call-permit.ts';
import type { CallPermit } from './call-permit.ts';
import type { ControlAddress } from './control-address.ts';
import { ServerEventReader } from './server-events.ts';

/** An error that the control plane answered: shown as it came, with its own id. */
export class RemoteProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'RemoteProblem';
    this.problem = problem;
  }
}

/** The problem inside something thrown, when a control plane sent it. */
export function problemOf(thrown: unknown): Problem | undefined {
  return thrown instanceof RemoteProblem ? thrown.problem : undefined;
}

export interface CallOptions extends CallPermit {
  readonly runId: string;
  readonly dryRun?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

interface Exchange {
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Longer than any silence of a control plane that is alive: it sends a comment every 10 s once it has begun. */
const SILENCE_MS = 120_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

async function openExchange(address: ControlAddress, exchange: Exchange): Promise<IncomingMessage> {
  const send = address.url.startsWith('https:') ? (await import('node:https')).request : httpRequest;
  const body = exchange.body === undefined ? undefined : JSON.stringify(exchange.body);
  return new Promise((resolve, reject) => {
    const sent = send(new URL(exchange.path, address.url), {
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      signal: exchange.signal,
      headers: {
        ...(address.token === '' ? {} : { authorization: `Bearer ${address.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
        ...exchange.headers,
      },
    });
    sent.setTimeout(SILENCE_MS, () => sent.destroy(new Error(`no answer within ${String(SILENCE_MS / 1000)} s`)));
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end(body);
  });
}

function unreachable(address: ControlAddress, thrown: unknown, signal: AbortSignal): unknown {
  if (thrown instanceof ElulmcError || thrown instanceof RemoteProblem) return thrown;
  if (signal.aborted) return new ElulmcError('INTERRUPTED', 'interrupted', { cause: thrown });
  const { code, message } = thrown as NodeJS.ErrnoException;
  return new ElulmcError('CONTROL_UNREACHABLE', `${address.url} does not answer (${code ?? message})`, { cause: thrown });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new ElulmcError('CONTROL_UNREACHABLE', 'the answer is too large for one of a control plane');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ElulmcError('CONTROL_UNREACHABLE', 'what answers there is not a control plane: its answer is not JSON', { cause: error });
  }
}

/** Whether something parsed is a problem of ours. */
function isProblem(value: unknown): value is Problem {
  const record = asRecord(value);
  return typeof record?.['code'] === 'string' && typeof record['exit'] === 'number' && typeof record['detail'] === 'string';
}

async function refuseFailure(response: IncomingMessage): Promise<void> {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  const value = parsed(await readText(response));
  if (isProblem(value)) throw new RemoteProblem(value);
  throw new ElulmcError('CONTROL_UNREACHABLE', `what answers there is not a control plane: status ${String(status)}`);
}

/** One request with a JSON answer; undefined for an empty one. CONTROL_UNREACHABLE, INTERRUPTED, or the server's RemoteProblem. */
export async function ask(address: ControlAddress, exchange: Exchange): Promise<unknown> {
  const text = await askText(address, exchange);
  return text === '' ? undefined : parsed(text);
}

/** The same for an answer in another format. */
export async function askText(address: ControlAddress, exchange: Exchange): Promise<string> {
  try {
    const response = await openExchange(address, exchange);
    await refuseFailure(response);
    return await readText(response);
  } catch (thrown) {
    throw unreachable(address, thrown, exchange.signal);
  }
}

/** One request with server-sent events, or a plain JSON answer given as the event `result`. The listener ends it by returning true. */
export async function follow(address: ControlAddress, exchange: Exchange, onEvent: (name: string, data: unknown) => boolean): Promise<void> {
  try {
    const response = await openExchange(address, { ...exchange, headers: { ...exchange.headers, accept: 'text/event-stream' } });
    await refuseFailure(response);
    if (response.headers['content-type']?.startsWith('text/event-stream') !== true) {
      onEvent('result', parsed(await readText(response)));
      return;
    }
    const reader = new ServerEventReader();
    response.setEncoding('utf8');
    for await (const text of response as AsyncIterable<string>) {
      if (reader.push(text).some(({ name, data }) => onEvent(name, parsed(data)))) return;
    }
    throw new Error('it broke its answer off');
  } catch (thrown) {
    throw unreachable(address, thrown, exchange.signal);
  }
}

/** Calls one operation through the control API. Throws what `ask` throws. */
export async function callOperation(address: ControlAddress, operation: string, input: unknown, options: CallOptions): Promise<OperationReport> {
  let report: OperationReport | undefined;
  const path = `/v1/operations/${operation.replace(' ', '/')}${options.dryRun === true ? '?dry-run=true' : ''}`;
  await follow(address, { path, body: input, headers: { 'x-run-id': options.runId, ...permitHeaders(options) }, signal: options.signal }, (name, data) => {
    if (name === 'progress') options.onProgress(String(asRecord(data)?.['text']));
    if (name === 'error' && isProblem(data)) throw new RemoteProblem(data);
    if (name === 'result') report = data as OperationReport;
    return name === 'result';
  });
  if (report === undefined) throw new ElulmcError('CONTROL_UNREACHABLE', 'the control plane gave no result');
  return report;
}
