import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ElulmcError } from '../core/errors.ts';
import type { Actor, PeopleService, Person } from '../services/people/service.ts';
import type { Site } from '../services/people/site.ts';
import { checkOwnPage, sessionSecret } from './session-cookie.ts';

/** Who sends this request. NOT_SIGNED_IN when its bearer token or session belongs to nobody. */
export type Authenticate = (request: FastifyRequest) => Promise<Actor>;

/** Adds the routes of one matter to the server. */
export type RegisterRoutes = (app: FastifyInstance, authenticate: Authenticate) => void;

export interface AuthenticationOptions {
  readonly people: PeopleService;
  readonly localToken: string;
  readonly uid: number;
  readonly site: () => Site;
}

const MAX_TOKEN_CHARACTERS = 512;

function bearerToken(header: string | undefined): string | undefined {
  const token = /^Bearer +([\x21-\x7e]+)$/i.exec(header ?? '')?.[1];
  return token !== undefined && token.length <= MAX_TOKEN_CHARACTERS ? token : undefined;
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function actorOf(person: Person | undefined, sentence: string): Actor {
  if (person === undefined) throw new ElulmcError('NOT_SIGNED_IN', sentence);
  return { kind: 'person', id: person.id, name: person.name, role: person.role };
}

/**
 * Person tokens are `elp_...`; the local token is the one in run/endpoints.json, which only the user of this home can read; a
 * browser sends its session as a cookie. A request with an Authorization header is judged by that alone.
 */
export function createAuthenticate({ people, localToken, uid, site }: AuthenticationOptions): Authenticate {
  return async (request) => {
    const session = request.headers.authorization === undefined ? sessionSecret(request, site()) : undefined;
    if (session !== undefined) {
      checkOwnPage(request, site());
      return actorOf(await people.personOfSession(session), 'the browser session has ended');
    }
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) throw new ElulmcError('NOT_SIGNED_IN', 'the request carries no bearer token');
    if (sameText(token, localToken)) return { kind: 'local', id: `local:${String(uid)}` };
    return actorOf(token.startsWith('elp_') ? await people.authenticate(token) : undefined, 'the bearer token belongs to nobody, or was revoked');
  };
}

/** A person; NOT_SIGNED_IN for the user of this host, who is none. */
export async function authenticatePerson(authenticate: Authenticate, request: FastifyRequest): Promise<Extract<Actor, { readonly kind: 'person' }>> {
  const actor = await authenticate(request);
  if (actor.kind !== 'person') throw new ElulmcError('NOT_SIGNED_IN', 'this needs a person who is signed in');
  return actor;
}
