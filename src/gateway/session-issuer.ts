import type { KeyObject } from 'node:crypto';
import { wallMs } from '../core/clock.ts';
import { newId } from '../core/ids.ts';
import type { ApiKey, PostureSnapshot } from '../services/posture/snapshot.ts';
import { MAX_SESSION_MS, signSession } from '../vault/session-token.ts';
import type { SessionClaims } from '../vault/session-token.ts';

export const MAX_SESSION_SECONDS = MAX_SESSION_MS / 1_000;

export interface IssuedSession {
  readonly claims: SessionClaims;
  readonly token: string;
}

/** Signs session tokens. Nothing of them is stored; the `session.issued` entry is their record. */
export class SessionIssuer {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  issue(key: ApiKey, posture: PostureSnapshot, ttlSeconds: number): IssuedSession {
    const issuedAtMs = Math.floor(wallMs() / 1_000) * 1_000;
    const claims: SessionClaims = {
      id: newId('ses'),
      keyId: key.id,
      keyGeneration: key.generation,
      installationGeneration: posture.sessionGeneration,
      subject: key.subject,
      installationId: posture.installationId,
      issuedAtMs,
      expiresAtMs: issuedAtMs + ttlSeconds * 1_000,
    };
    return { claims, token: signSession(claims, this.#key) };
  }
}
