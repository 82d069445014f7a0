import { hash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { wallMs } from '../core/clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { ApiKey } from '../services/posture/snapshot.ts';
import { verifySession } from '../vault/session-token.ts';
import type { SessionClaims } from '../vault/session-token.ts';
import type { PostureView } from './posture-view.ts';

const BEARER = /^bearer +([^\s]+) *$/i;
const KEY_SHAPE = /^elk_[A-Za-z0-9_-]{20,120}$/;
const SESSION_SHAPE = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const MAX_CACHED_TOKENS = 4_096;

/** Who sends a request. */
export interface Identity {
  readonly key: ApiKey;
  /** Null when the API key itself was sent. */
  readonly session: SessionClaims | null;
}

/**
 * Recognizes API keys and session tokens. Only the signature check of a token is cached; whether key and session hold
 * is asked of the posture at every call.
 */
export class Credentials {
  readonly #verified = new Map<string, SessionClaims>();
  #signer: string | undefined;

  identify(authorization: string | undefined, view: PostureView): Identity | ErrorCode {
    if (authorization === undefined || authorization === '') return 'KEY_MISSING';
    const text = BEARER.exec(authorization)?.[1];
    if (text === undefined) return 'KEY_MALFORMED';
    if (KEY_SHAPE.test(text)) return keyIdentity(view.snapshot.keys.get(hash('sha256', text, 'hex')));
    if (SESSION_SHAPE.test(text)) return this.#session(text, view);
    return 'KEY_MALFORMED';
  }

  #session(token: string, view: PostureView): Identity | ErrorCode {
    if (view.sessionKey === undefined) return 'SESSION_INVALID';
    const claims = this.#claims(token, view.sessionKey, view.snapshot.sessionKey);
    if (claims?.installationId !== view.snapshot.installationId) return 'SESSION_INVALID';
    if (claims.expiresAtMs <= wallMs()) return 'SESSION_EXPIRED';
    if (claims.installationGeneration !== view.snapshot.sessionGeneration) return 'SESSION_REVOKED';
    const key = view.keysById.get(claims.keyId);
    if (key?.revokedAt !== null || key.generation !== claims.keyGeneration) return 'SESSION_REVOKED';
    return key.subject === claims.subject ? { key, session: claims } : 'SESSION_INVALID';
  }

  #claims(token: string, key: KeyObject, signer: string): SessionClaims | undefined {
    if (this.#signer !== signer) {
      this.#signer = signer;
      this.#verified.clear();
    }
    const known = this.#verified.get(token);
    if (known !== undefined) return known;
    const claims = verifySession(token, key);
    if (claims === undefined) return undefined;
    const oldest = this.#verified.size >= MAX_CACHED_TOKENS ? this.#verified.keys().next().value : undefined;
    if (oldest !== undefined) this.#verified.delete(oldest);
    this.#verified.set(token, claims);
    return claims;
  }
}

function keyIdentity(key: ApiKey | undefined): Identity | ErrorCode {
  if (key === undefined) return 'KEY_UNKNOWN';
  return key.revokedAt === null ? { key, session: null } : 'KEY_REVOKED';
}
