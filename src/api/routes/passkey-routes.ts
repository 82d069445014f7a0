import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseFields } from '../../operations/parse-fields.ts';
import { requireInviter } from '../../operations/sign-in.ts';
import { createAttemptLimit } from '../attempt-limit.ts';
import { authenticatePerson } from '../authentication.ts';
import type { KeyAnswer, SignedInAnswer } from '../contract/control.ts';
import { checkOwnPage, clearSessionCookie, sessionSecret, setSessionCookie } from '../session-cookie.ts';
import type { BrowserRouteOptions } from './browser-route-options.ts';
import { nameField, secretField, shownPerson } from './sign-in-routes.ts';

const LONGEST_MEMBER = 100_000;
const base64url = z
  .string()
  .max(LONGEST_MEMBER)
  .regex(/^[A-Za-z0-9_-]*$/, 'is not base64url');
const credentialId = base64url.min(1).max(2_000);

const registrationResponse = z.strictObject({
  id: credentialId,
  response: z.strictObject({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z.array(z.string().regex(/^[a-z-]{1,30}$/)).max(10),
  }),
});
const signInResponse = z.strictObject({
  id: credentialId,
  response: z.strictObject({ authenticatorData: base64url, clientDataJSON: base64url, signature: base64url, userHandle: base64url.nullable() }),
});
const nothing = z.strictObject({});
const invited = z.strictObject({ secret: secretField, name: nameField });
const redeemed = z.strictObject({ secret: secretField, label: nameField, response: registrationResponse });
const added = z.strictObject({ label: nameField, response: registrationResponse });
const used = z.strictObject({ response: signInResponse });

/** Options go to the browser's API as they are; what it gives comes back with `response`. */
export function registerPasskeyRoutes(app: FastifyInstance, options: BrowserRouteOptions): void {
  const { authenticate, passkeys, people, signIns, site } = options;
  const countAttempt = createAttemptLimit(options.attemptsPerMinute ?? 10);
  /** Nobody is signed in yet; still no other site may sign somebody in here, as whom it likes. */
  const parseOwn = <T extends z.ZodObject>(schema: T, request: FastifyRequest): z.output<T> => {
    checkOwnPage(request, site());
    countAttempt(request.ip);
    return parseFields(schema, request.body);
  };

  app.post('/v1/sign-in/invitation/options', async (request) => {
    const { secret, name } = parseOwn(invited, request);
    await requireInviter(people, secret);
    return await passkeys.offerForInvitation(secret, name);
  });
  app.post('/v1/sign-in/invitation', async (request, reply): Promise<SignedInAnswer> => {
    const { secret, label, response } = parseOwn(redeemed, request);
    const { person, session } = await signIns.redeem(secret, await passkeys.checkNew(secret, response, label));
    setSessionCookie(reply, site(), session.secret);
    return { person: shownPerson(person) };
  });

  app.post('/v1/sign-in/passkey/options', async (request) => {
    parseOwn(nothing, request);
    return await passkeys.offerSignIn();
  });
  app.post('/v1/sign-in/passkey', async (request, reply): Promise<SignedInAnswer> => {
    const { key, counter } = await passkeys.checkSignIn(parseOwn(used, request).response);
    const { person, session } = await signIns.byPasskey(key, counter);
    setSessionCookie(reply, site(), session.secret);
    return { person: shownPerson(person) };
  });

  app.post('/v1/passkeys/options', async (request) => {
    const person = await authenticatePerson(authenticate, request);
    parseFields(nothing, request.body);
    return await passkeys.offerTo(person);
  });
  app.post('/v1/passkeys', async (request): Promise<KeyAnswer> => {
    const person = await authenticatePerson(authenticate, request);
    const { label, response } = parseFields(added, request.body);
    const { id } = await signIns.addPasskey(await passkeys.checkNew(person.id, response, label));
    return { key: id };
  });

  app.post('/v1/sign-out', async (request, reply) => {
    const person = await authenticatePerson(authenticate, request);
    parseFields(nothing, request.body);
    const secret = sessionSecret(request, site());
    if (secret !== undefined) await signIns.signOut(secret, person.id);
    clearSessionCookie(reply, site());
    return {};
  });
}
