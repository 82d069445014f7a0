import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ElulmcError } from '../core/errors.ts';
import type { Actor, PeopleService } from '../services/people/service.ts';

/** Who sends this request. NOT_SIGNED_IN when its bearer token belongs to nobody. */
export type Authenticate = (request: FastifyRequest) => Promise<Actor>;

const MAX_TOKEN_CHARACTERS = 512;

function bearerToken(header: string | undefined): string | undefined {
  const token = /^Bearer +([\x21-\x7e]+)$/i.exec(header ?? '')?.[1];
  return token !== undefined && token.length <= MAX_TOKEN_CHARACTERS ? token : undefined;
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Person tokens are `elp_...`; the local token is the one in run/endpoints.json, which only the user of this home can read. */
export function createAuthenticate(people: PeopleService, localToken: string, uid: number): Authenticate {
  return async (request) => {
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) throw new ElulmcError('NOT_SIGNED_IN', 'the request carries no bearer token');
    if (sameText(token, localToken)) return { kind: 'local', id: `local:${String(uid)}` };
    const person = token.startsWith('elp_') ? await people.authenticate(token) : undefined;
    if (person === undefined) throw new ElulmcError('NOT_SIGNED_IN', 'the bearer token belongs to nobody, or was revoked');
    return { kind: 'person', id: person.id, name: person.name, role: person.role };
  };
}
