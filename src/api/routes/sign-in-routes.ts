import { createPublicKey } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Door } from '../../operations/door.ts';
import { parseFields } from '../../operations/parse-fields.ts';
import type { PeopleService } from '../../services/people/service.ts';
import { createAttemptLimit } from '../attempt-limit.ts';
import type { SignInAnswer } from '../contract/control.ts';
import { signInPage, SIGN_IN_PAGE_POLICY } from '../sign-in-page.ts';

export interface SignInRouteOptions {
  readonly door: Door;
  readonly people: Pick<PeopleService, 'invitationOpen'>;
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

const body = z.strictObject({
  secret: z.string().regex(SECRET, 'is not the secret of a sign-in link'),
  name: z.string().trim().min(1).max(100),
  publicKey: z.string().max(200).refine(isEd25519, 'is not an Ed25519 public key (base64 of SPKI DER)'),
});

export function registerSignInRoutes(app: FastifyInstance, options: SignInRouteOptions): void {
  const countAttempt = createAttemptLimit(options.attemptsPerMinute);

  app.get<{ Params: { secret: string } }>('/sign-in/:secret', async (request, reply) => {
    countAttempt(request.ip);
    const { secret } = request.params;
    const open = SECRET.test(secret) && (await options.people.invitationOpen(secret));
    const link = open ? `${request.protocol}://${request.host}/sign-in/${secret}` : null;
    return reply
      .status(open ? 200 : 404)
      .header('content-security-policy', SIGN_IN_PAGE_POLICY)
      .type('text/html; charset=utf-8')
      .send(signInPage(link));
  });

  app.post('/v1/sign-in', async (request): Promise<SignInAnswer> => {
    countAttempt(request.ip);
    const { person, token } = await options.door.signIn(parseFields(body, request.body));
    return { person: { id: person.id, name: person.name, role: person.role, createdAt: person.createdAt }, token };
  });
}
