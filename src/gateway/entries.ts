import type { KeyObject } from 'node:crypto';
import type { Socket } from 'node:net';
import { monotonicMs, wallAt } from '../core/clock.ts';
import { ERRORS } from '../core/errors.ts';
import type { EntryKind, Json, LedgerEntry } from '../ledger/entry.ts';
import { contentDigest, sealPersonal } from '../vault/personal.ts';
import type { Exchange } from './exchange.ts';

const MAX_PATH = 512;
/** Codes that end an exchange which had been let in. */
const CUTTING: ReadonlySet<string> = new Set([
  'ISOLATED',
  'REVOKED',
  'POSTURE_STALE',
  'GATEWAY_STOPPING',
  'LEDGER_UNAVAILABLE',
  'LEDGER_UNTRUSTED',
  'MODEL_NOT_ALLOWED',
]);

/** Client status of an exchange whose client left: nginx's convention, there is no standard one. */
const CLIENT_LEFT = 499;

function actorOf(exchange: Exchange): string {
  const { identity } = exchange;
  return identity?.session?.id ?? identity?.key.id ?? 'system';
}

function outcomeOf(exchange: Exchange): string {
  const { failure, attempts } = exchange;
  if (exchange.cancelled) return 'cancelled';
  if (failure !== undefined) {
    if (failure.code.startsWith('UPSTREAM_') || failure.code === 'INTERNAL') return 'failed';
    return attempts.length > 0 && CUTTING.has(failure.code) ? 'cut' : 'refused';
  }
  return statusOf(exchange) < 400 && exchange.relay?.failed !== true ? 'ok' : 'failed';
}

/** HTTP status that the client gets, or got. */
function statusOf(exchange: Exchange): number {
  if (exchange.relay?.flowing === true) return 200;
  if (exchange.cancelled) return CLIENT_LEFT;
  if (exchange.failure !== undefined) return ERRORS[exchange.failure.code].http;
  return exchange.answer?.status ?? 200;
}

interface Sealed {
  readonly subjectKey: KeyObject;
  readonly user: string | null;
  readonly text: string;
}

/** The last sealing of each connection: its requests say the same, and sealing is what an entry costs most. */
const sealings = new WeakMap<Socket, Sealed>();

/** Personal fields: only readable with the subject's key. */
function personalOf(exchange: Exchange, subjectKey: KeyObject): string {
  const { socket } = exchange.request;
  const user = exchange.fields?.user ?? null;
  const known = sealings.get(socket);
  if (known?.subjectKey === subjectKey && known.user === user) return known.text;
  const { remoteAddress } = exchange;
  const text = sealPersonal(subjectKey, user === null ? { remoteAddress } : { remoteAddress, user });
  sealings.set(socket, { subjectKey, user, text });
  return text;
}

/** Who asked what: the fields that are known before the answer. */
function asked(exchange: Exchange): Record<string, Json | undefined> {
  const { identity, subjectKey, body, target } = exchange;
  return {
    method: exchange.request.method ?? '',
    path: exchange.path.slice(0, MAX_PATH),
    model: exchange.model === '' ? null : exchange.model,
    upstream: target?.upstream ?? null,
    stream: exchange.fields?.stream ?? false,
    requestBytes: exchange.bodyBytes,
    contentDigest: subjectKey === undefined || body === undefined ? null : contentDigest(subjectKey, body),
    keyId: identity?.key.id ?? null,
    subject: identity?.key.subject ?? null,
    sessionId: identity?.session?.id ?? null,
    clientRequestId: exchange.clientRequestId,
    personal: subjectKey === undefined ? null : personalOf(exchange, subjectKey),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** What came of it. */
function result(exchange: Exchange): Record<string, Json | undefined> {
  const { answer, relay, subjectKey, failure, attempts } = exchange;
  return {
    status: statusOf(exchange),
    code: failure?.code ?? null,
    errorId: failure?.id ?? null,
    upstreamStatus: attempts.at(-1)?.status ?? null,
    attempts: attempts.map((attempt) => attempt.summary()),
    responseBytes: relay?.sentBytes ?? answer?.body.length ?? 0,
    responseDigest:
      relay?.digest() ?? (subjectKey === undefined || answer === undefined || failure !== undefined ? null : contentDigest(subjectKey, answer.body)),
    promptTokens: relay?.promptTokens ?? answer?.promptTokens ?? null,
    completionTokens: relay?.completionTokens ?? answer?.completionTokens ?? null,
    tokensExact: relay?.tokensExact ?? (answer?.completionTokens ?? null) !== null,
    firstByteMs: exchange.firstByteMs === null ? null : rounded(exchange.firstByteMs),
    tookMs: rounded(monotonicMs() - exchange.startedMs),
    finish: relay?.finish ?? answer?.finish ?? null,
  };
}

function entry(exchange: Exchange, kind: EntryKind, outcome: string, data: Json): LedgerEntry {
  const { service, model, path } = exchange;
  const target = model !== '' ? model : service?.kind === 'pass' ? service.upstream : path.slice(0, MAX_PATH);
  const action = `${exchange.request.method ?? ''} ${path.slice(0, MAX_PATH)}`;
  return { v: 1, kind, id: exchange.id, at: wallAt(), actor: actorOf(exchange), action, target, outcome, ref: null, data };
}

/** Before a stream: who asked what, where it goes. */
export function openEntry(exchange: Exchange): LedgerEntry {
  return entry(exchange, 'request.open', 'open', asked(exchange));
}

/** After a stream, or after anything that was opened; also corrects a `request.done` whose answer was withheld. */
export function closeEntry(exchange: Exchange): LedgerEntry {
  return entry(exchange, 'request.close', outcomeOf(exchange), result(exchange));
}

/** A whole exchange in one entry. */
export function doneEntry(exchange: Exchange): LedgerEntry {
  return entry(exchange, 'request.done', outcomeOf(exchange), { ...asked(exchange), ...result(exchange) });
}
