import type { FastifyReply, FastifyRequest } from 'fastify';
import { ElulmcError } from '../core/errors.ts';
import type { Site } from '../services/people/site.ts';

/** `session` is who is signed in; `oidc` binds a sign-in that has begun to the browser that began it. */
export type CookieName = 'session' | 'oidc';

interface CookieOptions {
  /** Lax where the request that must carry it comes from another site. */
  readonly sameSite: 'Strict' | 'Lax';
  /** 0 removes it. */
  readonly seconds: number;
}

const SESSION_SECONDS = 8 * 60 * 60;
const VALUE = /^[A-Za-z0-9_-]{1,200}$/;

/**
 * `__Host-` lets no other host of the domain set the cookie (RFC 6265bis, section 4.1.3.2). Browsers take that name over https
 * only; on localhost cookies do not tell ports apart, so the name does: two installations sign nobody out of each other.
 */
function nameAt({ origin }: Site, name: CookieName): string {
  const { protocol, port } = new URL(origin);
  return protocol === 'https:' ? `__Host-elulmc_${name}` : `elulmc_${name}_${port || '80'}`;
}

/** The value of one cookie; undefined when it is missing, malformed or sent twice. */
export function readCookie(request: FastifyRequest, site: Site, name: CookieName): string | undefined {
  const prefix = `${nameAt(site, name)}=`;
  const values = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => pair.slice(prefix.length));
  const [value] = values;
  return values.length === 1 && value !== undefined && VALUE.test(value) ? value : undefined;
}

/** No page can read it, and it goes over https only where the site has https. */
export function setCookie(reply: FastifyReply, site: Site, name: CookieName, value: string, { sameSite, seconds }: CookieOptions): void {
  const secure = site.origin.startsWith('https:') ? '; Secure' : '';
  void reply.header('set-cookie', `${nameAt(site, name)}=${value}; Path=/; Max-Age=${String(seconds)}; HttpOnly; SameSite=${sameSite}${secure}`);
}

export function setSessionCookie(reply: FastifyReply, site: Site, secret: string): void {
  setCookie(reply, site, 'session', secret, { sameSite: 'Strict', seconds: SESSION_SECONDS });
}

export function clearSessionCookie(reply: FastifyReply, site: Site): void {
  setCookie(reply, site, 'session', '', { sameSite: 'Strict', seconds: 0 });
}

/** The secret of a browser session, `elb_...`. */
export function sessionSecret(request: FastifyRequest, site: Site): string | undefined {
  const value = readCookie(request, site, 'session');
  return value?.startsWith('elb_') === true ? value : undefined;
}

/**
 * A browser adds its cookie to requests that other pages make too: one that may change something must come from a page of ours,
 * and must be JSON, which no form can send. ORIGIN_NOT_ALLOWED, CONTENT_TYPE_UNSUPPORTED.
 */
export function checkOwnPage(request: FastifyRequest, site: Site): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  if (request.headers.origin !== site.origin) throw new ElulmcError('ORIGIN_NOT_ALLOWED', `the request was not made by a page of ${site.origin}`);
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new ElulmcError('CONTENT_TYPE_UNSUPPORTED', 'send content-type application/json');
}
