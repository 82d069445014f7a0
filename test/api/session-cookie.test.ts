import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { checkOwnPage, clearSessionCookie, sessionSecret, setSessionCookie } from '../../src/api/session-cookie.ts';

const HTTPS = { origin: 'https://elulmc.example.com', rpId: 'elulmc.example.com' };
const LOCAL = { origin: 'http://localhost:4181', rpId: 'localhost' };
const SECRET = `elb_${'A'.repeat(43)}`;

function withHeaders(headers: Record<string, string>, method = 'POST'): FastifyRequest {
  return { method, headers } as unknown as FastifyRequest;
}

function cookieFrom(work: (reply: FastifyReply) => void): string {
  let line = '';
  work({ header: (_name: string, value: string) => void (line = value) } as unknown as FastifyReply);
  return line;
}

test('over https no other host of the domain can set it, and it never goes over http', () => {
  const set = (reply: FastifyReply): void => {
    setSessionCookie(reply, HTTPS, SECRET);
  };
  expect(cookieFrom(set)).toBe(`__Host-elulmc_session=${SECRET}; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict; Secure`);
  expect(
    cookieFrom((reply) => {
      clearSessionCookie(reply, HTTPS);
    }),
  ).toBe('__Host-elulmc_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure');
});

test.each([
  ['none', ''],
  ['one of another port', `elulmc_session_4182=${SECRET}`],
  ['one without the port', `elulmc_session=${SECRET}`],
  ['one that was set beside ours', `elulmc_session_4181=${SECRET}; elulmc_session_4181=elb_x`],
  ['one of another kind', 'elulmc_session_4181=elp_x'],
  ['one with a space', 'elulmc_session_4181=elb_a b'],
])('%s is no session', (_what, cookie) => {
  expect(sessionSecret(withHeaders({ cookie }), LOCAL)).toBeUndefined();
});

test('ours is found among others', () => {
  expect(sessionSecret(withHeaders({ cookie: `a=b; elulmc_session_4181=${SECRET}; c=d` }), LOCAL)).toBe(SECRET);
  expect(sessionSecret(withHeaders({ cookie: `elulmc_session_4181=x; __Host-elulmc_session=${SECRET}` }), HTTPS)).toBe(SECRET);
});

test.each<[string, Record<string, string>, string]>([
  ['no origin', {}, 'ORIGIN_NOT_ALLOWED'],
  ['an opaque origin', { origin: 'null' }, 'ORIGIN_NOT_ALLOWED'],
  ['another port of this host', { origin: 'http://localhost:3000' }, 'ORIGIN_NOT_ALLOWED'],
  ['another scheme', { origin: 'https://localhost:4181' }, 'ORIGIN_NOT_ALLOWED'],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'CONTENT_TYPE_UNSUPPORTED'],
  ['a text that looks like JSON', { 'content-type': 'text/plain; application/json' }, 'CONTENT_TYPE_UNSUPPORTED'],
])('a change by %s is refused', (_what, changes, code) => {
  const headers = 'content-type' in changes ? { origin: LOCAL.origin, ...changes } : { 'content-type': 'application/json', ...changes };
  expect(() => {
    checkOwnPage(withHeaders(headers), LOCAL);
  }).toThrow(expect.objectContaining({ code }) as Error);
});

test('a page of ours may change, and anybody may read what the browser does not show to others', () => {
  checkOwnPage(withHeaders({ origin: LOCAL.origin, 'content-type': 'application/json; charset=utf-8' }), LOCAL);
  checkOwnPage(withHeaders({ origin: 'https://evil.example' }, 'GET'), LOCAL);
});
