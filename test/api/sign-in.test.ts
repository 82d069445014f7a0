import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startApi } from './control-api-fixture.ts';
import type { RunningApi } from './control-api-fixture.ts';

let running: RunningApi;
const publicKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64');

beforeEach(async () => {
  running = await startApi({ signInAttemptsPerMinute: 20, hostNames: ['elulmc.test'] });
});

afterEach(async () => {
  await running.stop();
});

async function invitation(): Promise<string> {
  return (await running.services.people.invite('operator')).secret;
}

describe('redeeming', () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  test.each<[string, object, RegExp]>([
    ['no fields', { secret: undefined, name: undefined, publicKey: undefined }, /^secret/],
    ['an empty name', { name: '  ' }, /^name/],
    ['a long name', { name: 'x'.repeat(101) }, /^name/],
    ['a key that is none', { publicKey: 'AAAA' }, /^publicKey.*Ed25519/],
    ['a key of another kind', { publicKey: p256 }, /^publicKey.*Ed25519/],
    ['a secret with a path in it', { secret: '../../../etc/passwd' }, /^secret/],
    ['a role of its own', { role: 'admin' }, /^role/],
  ])('%s is refused and consumes nothing', async (_what, changes, detail) => {
    const secret = await invitation();
    const answer = await running.send('POST', '/v1/sign-in', { body: { secret, name: 'A', publicKey, ...changes } });
    expect(answer).toMatchObject({ status: 400, json: { code: 'FIELD_INVALID', detail: expect.stringMatching(detail) as string } });
    expect(answer.text).not.toContain(secret);
    expect(await running.services.people.inviterOf(secret)).toBeDefined();
  });

  test('gives a token that works, once', async () => {
    const secret = await invitation();
    const body = { secret, name: ' Alice ', publicKey };
    const answer = await running.send('POST', '/v1/sign-in', { body });
    expect(answer).toMatchObject({ status: 200, json: { person: { name: 'Alice', role: 'operator' } } });
    const me = await running.send('GET', '/v1/me', { token: String(answer.json['token']) });
    expect(me.json).toMatchObject({ kind: 'person', name: 'Alice', role: 'operator' });
    expect(await running.send('POST', '/v1/sign-in', { body })).toMatchObject({ status: 403, json: { code: 'INVITATION_INVALID', exit: 5 } });
  });

  test('guessing is slowed down', async () => {
    const body = { secret: 'A'.repeat(43), name: 'A', publicKey };
    const statuses = [];
    for (let i = 0; i < 25; i++) statuses.push((await running.send('POST', '/v1/sign-in', { body })).status);
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(403));
    expect(statuses.slice(20)).toEqual(Array(5).fill(429));
    const answer = await running.send('POST', '/v1/sign-in', { body });
    expect(answer.json).toMatchObject({ code: 'SIGN_IN_LIMITED' });
    expect(answer.headers['retry-after']).toBe('60');
  });
});

describe('the page of a link', () => {
  test('shows the command, runs nothing, consumes nothing', async () => {
    const secret = await invitation();
    const page = await running.send('GET', `/sign-in/${secret}`, { headers: { host: 'elulmc.test' } });
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain(`./bin/elulmc sign-in http://elulmc.test/sign-in/${secret}`);
    expect(page.text).not.toMatch(/<script|<form|<a |src=|href=/);
    expect(page.headers).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'$/,
      ) as string,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    expect(await running.services.people.inviterOf(secret)).toBeDefined();
  });

  test('goes on under the name of the site, where browsers allow passkeys', async () => {
    const secret = await invitation();
    const moved = await running.send('GET', `/sign-in/${secret}`);
    const site = `localhost:${String(running.api.port)}`;
    expect(moved).toMatchObject({ status: 307, headers: { location: `http://${site}/sign-in/${secret}` } });
    const page = await running.send('GET', `/sign-in/${secret}`, { headers: { host: site } });
    expect(page.text).toContain('Make a passkey here');
    // Only what stands in the page may run: no other script, no HTML from text, no other server.
    expect(page.headers['content-security-policy']).toMatch(/script-src 'sha256-[^']+'; connect-src 'self';.*require-trusted-types-for 'script'/);
    expect(page.text).not.toMatch(/ src=| on\w+=|style="|https:/);
    expect(await running.services.people.inviterOf(secret)).toBeDefined();
  });

  test.each(['A'.repeat(43), 'x', '%3Cscript%3Ealert(1)%3C%2Fscript%3E', '..%2f..%2f'])('%s is no link', async (secret) => {
    const page = await running.send('GET', `/sign-in/${secret}`, { headers: { host: 'elulmc.test' } });
    expect(page.status).toBe(404);
    expect(page.text).toContain('This link cannot be used');
    expect(page.text).not.toMatch(/<script|alert\(/);
  });
});
