import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { APPROVAL_PAYLOAD_TYPE } from '../../services/approvals/statement.ts';
import { rolesWith } from '../../services/people/roles.ts';
import { makeApprovalPage } from '../pages/approval-page.ts';
import { DEVICE_PAGE } from '../pages/device-page.ts';
import { nextPath } from '../pages/next-path.ts';
import type { Page } from '../pages/page.ts';
import { PASSKEYS_PAGE } from '../pages/passkeys-page.ts';
import { redirectToSite, sendPage } from '../pages/send-page.ts';
import { signInPage } from '../pages/sign-in-pages.ts';
import type { BrowserRouteOptions } from './browser-route-options.ts';

const APPROVAL_PAGE = makeApprovalPage(APPROVAL_PAYLOAD_TYPE, rolesWith('approve'));

function queryOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  return request.query as Readonly<Record<string, unknown>>;
}

/** Pages hold no data: their scripts ask for it, as who is signed in. */
export function registerPageRoutes(app: FastifyInstance, { site, identityProvider }: BrowserRouteOptions): void {
  const serve =
    (pageFor: (request: FastifyRequest) => Page) =>
    (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
      redirectToSite(request, reply, site()) ? reply : sendPage(reply, pageFor(request));

  app.get(
    '/sign-in',
    serve((request) => signInPage(identityProvider?.issuer ?? null, nextPath(queryOf(request)['next']))),
  );
  app.get(
    '/passkeys',
    serve(() => PASSKEYS_PAGE),
  );
  app.get(
    '/device',
    serve(() => DEVICE_PAGE),
  );
  app.get(
    '/approvals/:id',
    serve(() => APPROVAL_PAGE),
  );
}
