import { wallAt } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';
import type { LedgerEntry } from '../../ledger/entry.ts';
import type { SessionClaims } from '../../vault/session-token.ts';
import type { Exchange, Step } from '../exchange.ts';
import { gateSentence } from '../gate.ts';
import { MAX_SESSION_SECONDS } from '../session-issuer.ts';
import { jsonAnswer } from './models.ts';

const DEFAULT_SECONDS = 900;

/** Undefined when the body names a time that cannot be granted. */
function ttlOf(body: Buffer): number | undefined {
  if (body.length === 0) return DEFAULT_SECONDS;
  const record = asRecord(JSON.parse(body.toString('utf8')));
  const ttl = record === undefined ? undefined : (record['ttl_seconds'] ?? DEFAULT_SECONDS);
  return typeof ttl === 'number' && Number.isInteger(ttl) && ttl >= 1 && ttl <= MAX_SESSION_SECONDS ? ttl : undefined;
}

function issuedEntry(claims: SessionClaims, requestId: string): LedgerEntry {
  const data = {
    keyId: claims.keyId,
    subject: claims.subject,
    keyGeneration: claims.keyGeneration,
    installationGeneration: claims.installationGeneration,
    issuedAt: new Date(claims.issuedAtMs).toISOString(),
    expiresAt: new Date(claims.expiresAtMs).toISOString(),
    requestId,
  };
  return {
    v: 1,
    kind: 'session.issued',
    id: claims.id,
    at: wallAt(),
    actor: claims.keyId,
    action: 'POST /v1/sessions',
    target: claims.id,
    outcome: 'ok',
    ref: null,
    data,
  };
}

/** POST /v1/sessions: a token that stands for the API key for at most an hour. Its entry is durable before it leaves. */
export function answerSessions(exchange: Exchange): Step {
  const { context, identity } = exchange;
  const view = context.view();
  if (context.sessions === null || view === undefined || identity === undefined)
    return exchange.refuse('ROUTE_UNKNOWN', 'This gateway does not issue sessions.');
  if (identity.session !== null) return exchange.refuse('KEY_MISSING', 'Sessions are issued for API keys; a session token was sent.');
  let ttl: number | undefined;
  try {
    ttl = ttlOf(exchange.body ?? Buffer.alloc(0));
  } catch (error) {
    return exchange.refuse('BODY_NOT_JSON', 'The body cannot be parsed as JSON.', { cause: error });
  }
  if (ttl === undefined) {
    return exchange.refuse('FIELD_INVALID', `"ttl_seconds" must be a whole number from 1 to ${String(MAX_SESSION_SECONDS)}.`, { field: 'ttl_seconds' });
  }
  const { claims, token } = context.sessions.issue(identity.key, view.snapshot, ttl);
  context.recorder.append(issuedEntry(claims, exchange.id), (error) => {
    if (error === null) {
      jsonAnswer(exchange, 201, { id: claims.id, token, expires_at: new Date(claims.expiresAtMs).toISOString() });
      if (!exchange.settled) exchange.proceed('next');
      return;
    }
    context.recorder.appendFailed();
    exchange.fail(new ElulmcError('LEDGER_UNAVAILABLE', gateSentence('LEDGER_UNAVAILABLE'), { cause: error }));
  });
  return 'wait';
}
