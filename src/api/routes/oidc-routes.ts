import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ElulmcError, toProblem } from '../../core/errors.ts';
import type { IdentityProvider, PendingOidc } from '../../services/people/identity-provider.ts';
import { createSingleUse } from '../../services/people/single-use.ts';
import { asApiError } from '../answer-problem.ts';
import { createAttemptLimit } from '../attempt-limit.ts';
import { nextPath } from '../pages/next-path.ts';
import { redirectToSite, sendPage } from '../pages/send-page.ts';
import { refusedPage, signedInPage } from '../pages/sign-in-pages.ts';
import { readCookie, setCookie, setSessionCookie } from '../session-cookie.ts';
import type { BrowserRouteOptions } from './browser-route-options.ts';

const PATH = '/sign-in/oidc';
const VALID_SECONDS = 600;
const MAX_PENDING = 10_000;

export function registerOidcRoutes(app: FastifyInstance, { site, signIns, attemptsPerMinute }: BrowserRouteOptions, provider: IdentityProvider): void {
  const pending = createSingleUse<PendingOidc & { readonly next: string }>(VALID_SECONDS * 1000, MAX_PENDING);
  const countAttempt = createAttemptLimit(attemptsPerMinute ?? 10);

  /** What goes wrong is said on a page: the browser followed a link. */
  const onPage =
    (work: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      try {
        return await work(request, reply);
      } catch (thrown) {
        const error = asApiError(thrown);
        if (error.code === 'INTERNAL') throw error;
        const problem = toProblem(error, request.id);
        return sendPage(reply, refusedPage(problem), problem.status);
      }
    };

  app.get(
    PATH,
    onPage(async (request, reply) => {
      if (redirectToSite(request, reply, site())) return reply;
      countAttempt(request.ip);
      const { url, pending: begun } = await provider.begin(`${site().origin}${PATH}/callback`);
      const browser = randomBytes(32).toString('base64url');
      pending.put(browser, { ...begun, next: nextPath((request.query as Record<string, unknown>)['next']) });
      // Lax, because the way back comes from another site.
      setCookie(reply, site(), 'oidc', browser, { sameSite: 'Lax', seconds: VALID_SECONDS });
      return reply.redirect(url, 302);
    }),
  );

  app.get(
    `${PATH}/callback`,
    onPage(async (request, reply) => {
      const browser = readCookie(request, site(), 'oidc');
      const begun = browser === undefined ? undefined : pending.take(browser);
      if (begun === undefined)
        throw new ElulmcError('OIDC_REFUSED', 'the sign-in was not begun in this browser, was used already or took longer than 10 minutes');
      setCookie(reply, site(), 'oidc', '', { sameSite: 'Lax', seconds: 0 });
      const vouched = await provider.finish(new URL(request.url, site().origin), begun);
      const { session } = await signIns.byIdentityProvider(vouched);
      setSessionCookie(reply, site(), session.secret);
      return sendPage(reply, signedInPage(begun.next));
    }),
  );
}
