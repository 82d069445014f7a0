import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Site } from '../../services/people/site.ts';
import type { Page } from './page.ts';

const LOOPBACK = /^(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?$/;

export function sendPage(reply: FastifyReply, page: Page, status = 200): FastifyReply {
  return reply.status(status).header('content-security-policy', page.policy).type('text/html; charset=utf-8').send(page.html);
}

/** Whether the browser is on the site itself, where passkeys work. */
export function isOnSite(request: FastifyRequest, site: Site): boolean {
  return request.host === new URL(site.origin).host;
}

/**
 * A page that was opened as http://127.0.0.1:PORT goes on under the site's own name, for browsers refuse passkeys for an address.
 * Returns whether it did.
 */
export function redirectToSite(request: FastifyRequest, reply: FastifyReply, site: Site): boolean {
  if (isOnSite(request, site) || !LOOPBACK.test(request.host)) return false;
  void reply.redirect(`${site.origin}${request.url}`, 307);
  return true;
}
