import { Agent, errors, request } from 'undici';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import type { UpstreamAddress } from './adapter.ts';

const MAX_REPLY_BYTES = 4 * 1024 * 1024;
const MAX_HEADER_BYTES = 32 * 1024;
const CONNECT_MS = 2_000;
/** For a whole reply, from the connection to its last byte. */
const REPLY_MS = 5_000;

/** No keep-alive (`pipelining: 0`): a probe must not fail because the server just closed an idle connection. */
const agent = new Agent({
  allowH2: false,
  pipelining: 0,
  connect: { timeout: CONNECT_MS },
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: MAX_HEADER_BYTES,
  maxResponseSize: MAX_REPLY_BYTES,
});

export interface UpstreamRequest {
  readonly path: string;
  /** Sent as JSON by POST; without it a GET. */
  readonly body?: object;
  /** Time for the whole reply; default 5 s. */
  readonly timeoutMs?: number;
}

export interface UpstreamReply {
  readonly status: number;
  readonly text: string;
}

function failure(address: UpstreamAddress, path: string, cause: unknown, timeout: AbortSignal): ElulmcError {
  const where = `${address.name} (${address.url}${path})`;
  if (timeout.aborted) return new ElulmcError('UPSTREAM_TIMEOUT', `${where} did not answer in time`, { cause });
  if (cause instanceof errors.ResponseExceededMaxSizeError) return new ElulmcError('UPSTREAM_TOO_LARGE', `${where} sent too much`, { cause });
  return new ElulmcError('UPSTREAM_UNAVAILABLE', `${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

/**
 * One request to a model server that may be anything: at most 4 MiB are read, redirects are not followed. Throws
 * UPSTREAM_UNAVAILABLE (not reachable, not HTTP, broken off, or the caller's signal), UPSTREAM_TIMEOUT, UPSTREAM_TOO_LARGE.
 */
export async function readUpstream(
  address: UpstreamAddress,
  { path, body, timeoutMs = REPLY_MS }: UpstreamRequest,
  signal: AbortSignal,
): Promise<UpstreamReply> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const reply = await request(address.url + path, {
      dispatcher: agent,
      signal: AbortSignal.any([signal, timeout]),
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'accept-encoding': 'identity',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(address.token === null ? {} : { authorization: `Bearer ${address.token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: reply.statusCode, text: await reply.body.text() };
  } catch (error) {
    throw failure(address, path, error, timeout);
  }
}

/** The JSON object of a 200 reply; undefined when the server gives anything else. Throws like readUpstream. */
export async function readObject(address: UpstreamAddress, path: string, signal: AbortSignal): Promise<Record<string, unknown> | undefined> {
  const reply = await readUpstream(address, { path }, signal);
  if (reply.status !== 200) return undefined;
  try {
    return asRecord(JSON.parse(reply.text));
  } catch {
    return undefined;
  }
}
