import { createPublicKey } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Door } from '../../operations/door.ts';
import { parseFields } from '../../operations/parse-fields.ts';
import type { PeopleService, Person } from '../../services/people/service.ts';
import type { Site } from '../../services/people/site.ts';
import { createAttemptLimit } from '../attempt-limit.ts';
import type { SignInAnswer, SignedInPerson } from '../contract/control.ts';
import { isOnSite, redirectToSite, sendPage } from '../pages/send-page.ts';
import { invitationPage } from '../pages/sign-in-pages.ts';

export interface SignInRouteOptions {
  readonly door: Door;
  readonly people: Pick<PeopleService, 'inviterOf'>;
  readonly site: () => Site;
  readonly attemptsPerMinute: number;
}

const SECRET = /^[A-Za-z0-9_-]{16,200}$/;

function isEd25519(base64: string): boolean {
  try {
    return createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' }).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

export const secretField = z.string().regex(SECRET, 'is not the secret of a sign-in link');
export const nameField = z.string().trim().min(1).max(100);
export const publicKeyField = z.string().max(200).refine(isEd25519, 'is not an Ed25519 public key (base64 of SPKI DER)');

const body = z.strictObject({ secret: secretField, name: nameField, publicKey: publicKeyField });

export function shownPerson(person: Person): SignedInPerson {
  return { id: person.id, name: person.name, role: person.role, createdAt: person.createdAt };
}

/** Sign-in by a one-time link, at a terminal. */
export function registerSignInRoutes(app: FastifyInstance, options: SignInRouteOptions): void {
  const countAttempt = createAttemptLimit(options.attemptsPerMinute);

  app.get<{ Params: { secret: string } }>('/sign-in/:secret', async (request, reply) => {
    const site = options.site();
    if (redirectToSite(request, reply, site)) return reply;
    countAttempt(request.ip);
    const { secret } = request.params;
    const open = SECRET.test(secret) && (await options.people.inviterOf(secret)) !== undefined;
    const onSite = isOnSite(request, site);
    const origin = onSite ? site.origin : `${request.protocol}://${request.host}`;
    return sendPage(reply, invitationPage(open ? `${origin}/sign-in/${secret}` : null, onSite), open ? 200 : 404);
  });

  app.post('/v1/sign-in', async (request): Promise<SignInAnswer> => {
    countAttempt(request.ip);
    const { person, token } = await options.door.signIn(parseFields(body, request.body));
    return { person: shownPerson(person), token };
  });
}
