import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openIdentityProvider } from '../../src/services/people/identity-provider.ts';
import { freePort, startBrowserControl } from '../fixtures/browser-control.ts';
import type { BrowserControl } from '../fixtures/browser-control.ts';
import { HttpBrowser } from '../fixtures/http-browser.ts';
import type { Visit } from '../fixtures/http-browser.ts';
import { CLIENT_ID, CLIENT_SECRET, startIdentityProvider } from '../fixtures/identity-provider.ts';
import type { TestIdentityProvider } from '../fixtures/identity-provider.ts';

const ROLES = { 'llm-operators': 'operator', 'llm-approvers': 'approver', 'llm-admins': 'admin', 'also-operators': 'operator' } as const;

let provider: TestIdentityProvider;
let control: BrowserControl;
let browser: HttpBrowser;
let origin: string;

function writeSecret(home: string): string {
  mkdirSync(join(home, 'keys'), { recursive: true, mode: 0o700 });
  const file = join(home, 'keys', 'oidc-secret');
  writeFileSync(file, `${CLIENT_SECRET}\n`, { mode: 0o600 });
  return 'keys/oidc-secret';
}

beforeAll(async () => {
  let issuer = '';
  control = await startBrowserControl((port, home) => ({
    oidc: { issuer, clientId: CLIENT_ID, clientSecretFile: writeSecret(home), scopes: 'openid profile', rolesClaim: 'groups', roles: ROLES },
    ...(issuer === '' ? { oidc: null } : {}),
    origin: `http://localhost:${String(port)}`,
  }));
  origin = control.site.origin;
  provider = await startIdentityProvider(`${origin}/sign-in/oidc/callback`);
  ({ issuer } = provider);
  await control.restart();
}, 120_000);

afterAll(async () => {
  await control.stop();
  await provider.stop();
});

beforeEach(() => {
  browser = new HttpBrowser();
});

/** On localhost the name holds the port. */
function cookieOf(name: 'oidc' | 'session'): string {
  return `elulmc_${name}_${String(control.port)}`;
}

function changed(url: string, name: string, value: string): string {
  const parsed = new URL(url);
  parsed.searchParams.set(name, value);
  return parsed.href;
}

/** The address at the provider that the sign-in page leads to. */
async function begin(next = ''): Promise<string> {
  const visit = await browser.visit(`${origin}/sign-in/oidc${next}`);
  expect(visit.status).toBe(302);
  return visit.location ?? '';
}

async function callbackOf(login: string, change: (url: string) => string = (url) => url): Promise<string> {
  return await browser.logIn(change(await begin()), login, `${origin}/sign-in/oidc/callback`);
}

async function signIn(login: string, groups: readonly string[]): Promise<Visit> {
  provider.groups.set(login, groups);
  return await browser.visit(await callbackOf(login));
}

async function me(): Promise<Record<string, unknown>> {
  return JSON.parse((await browser.visit(`${origin}/v1/me`)).text) as Record<string, unknown>;
}

describe('signing in', () => {
  test('the first time makes a person with the role of the group, and a browser session', async () => {
    const done = await signIn('ada', ['llm-operators', 'unrelated']);
    expect(done).toMatchObject({ status: 200, text: expect.stringContaining('url=/passkeys') as string });
    expect(await me()).toMatchObject({ kind: 'person', name: 'Name of ada', role: 'operator' });
    const [intent, result] = control.log.entries.slice(-2);
    expect(intent).toMatchObject({ kind: 'operation.intent', action: 'sign-in oidc', actor: 'system' });
    expect(result).toMatchObject({ kind: 'operation.done', outcome: 'ok', actor: (await me())['id'] });
    expect(JSON.stringify(control.log.entries)).not.toMatch(/Name of|"ada"/);
  });

  test('again finds the same person, also at the same time', async () => {
    provider.groups.set('bea', ['llm-approvers']);
    const browsers = Array.from({ length: 4 }, () => new HttpBrowser());
    const ids = await Promise.all(
      browsers.map(async (each) => {
        const { location } = await each.visit(`${origin}/sign-in/oidc`);
        const callback = await each.logIn(location ?? '', 'bea', `${origin}/sign-in/oidc/callback`);
        expect((await each.visit(callback)).status).toBe(200);
        return (JSON.parse((await each.visit(`${origin}/v1/me`)).text) as { id: string }).id;
      }),
    );
    expect(new Set(ids).size).toBe(1);
  });

  test('the role follows the groups, and the change is recorded', async () => {
    await signIn('cleo', ['llm-operators', 'also-operators']);
    const { id, role } = await me();
    expect(role).toBe('operator');
    browser = new HttpBrowser();
    await signIn('cleo', ['llm-approvers']);
    expect(await me()).toMatchObject({ id, role: 'approver' });
    const [intent] = control.log.entries.slice(-2);
    expect(JSON.stringify(intent?.data)).toContain(`change the role of ${String(id)} from operator to approver`);
  });

  test('goes on at the page that asked for it, and at no other', async () => {
    provider.groups.set('dan', ['llm-admins']);
    for (const [next, goes] of [
      ['/device?code=BCDF-GHJK', '/device?code=BCDF-GHJK'],
      [`/approvals/apr_${'0'.repeat(26)}`, `/approvals/apr_${'0'.repeat(26)}`],
      ['https://evil.example/', '/passkeys'],
      ['//evil.example/', '/passkeys'],
      ['/passkeys"><script>', '/passkeys'],
    ] as const) {
      const url = await begin(`?next=${encodeURIComponent(next)}`);
      const { text } = await browser.visit(await browser.logIn(url, 'dan', `${origin}/sign-in/oidc/callback`));
      expect(text).toContain(`content="0;url=${goes}"`);
    }
  });

  test('cookies are kept from scripts and from other sites', async () => {
    const response = await fetch(`${origin}/sign-in/oidc`, { redirect: 'manual' });
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^elulmc_oidc_\d+=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/)]);
    const callback = await callbackOf('ada');
    const cookie = `${cookieOf('oidc')}=${browser.cookie(origin, cookieOf('oidc')) ?? ''}`;
    const done = await fetch(callback, { headers: { cookie }, redirect: 'manual' });
    expect(done.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^elulmc_oidc_\d+=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(/^elulmc_session_\d+=elb_[\w-]{43}; Path=\/; Max-Age=28800; HttpOnly; SameSite=Strict$/),
    ]);
  });
});

describe('refused, and nobody is signed in', () => {
  const refusals: [string, () => Promise<Visit>, RegExp][] = [
    ['another state', async () => browser.visit(changed(await callbackOf('eve'), 'state', 'x'.repeat(43))), /state/],
    ['another nonce', async () => browser.visit(await callbackOf('eve', (url) => changed(url, 'nonce', 'another'))), /nonce|claim/],
    [
      'another code challenge',
      async () => browser.visit(await callbackOf('eve', (url) => changed(url, 'code_challenge', 'A'.repeat(43)))),
      /identity provider was not accepted/,
    ],
    ['a code that was never given', async () => browser.visit(changed(await callbackOf('eve'), 'code', 'A'.repeat(43))), /not accepted/],
    ['an answer of another issuer', async () => browser.visit(changed(await callbackOf('eve'), 'iss', 'https://evil.example')), /not accepted/],
    ['a denial', async () => browser.visit(changed(changed(await callbackOf('eve'), 'error', 'access_denied'), 'code', '')), /not accepted/],
    [
      'a callback in another browser',
      async () => {
        const callback = await callbackOf('eve');
        browser = new HttpBrowser();
        return await browser.visit(callback);
      },
      /not begun in this browser/,
    ],
    ['no group that gives a role', () => signIn('fay', ['unrelated', '<b>odd</b>']), /none of the groups &quot;unrelated&quot;, &quot;&lt;b&gt;odd/],
    ['no group at all', () => signIn('fay', []), /in no group/],
    [
      'groups with two roles: whoever operates does not approve',
      () => signIn('fay', ['llm-operators', 'llm-approvers']),
      /llm-operators&quot; gives operator, &quot;llm-approvers&quot; gives approver/,
    ],
  ];
  test.each(refusals)('%s', async (_what, attempt, reason) => {
    provider.groups.set('eve', ['llm-operators']);
    const before = (await control.people.list()).length;
    const entries = control.log.entries.length;
    const visit = await attempt();
    expect(visit).toMatchObject({ status: 403, text: expect.stringContaining('OIDC_REFUSED') as string });
    expect(visit.text).toMatch(reason);
    expect(visit.text).not.toContain('<b>');
    expect(await me()).toMatchObject({ code: 'NOT_SIGNED_IN' });
    expect(await control.people.list()).toHaveLength(before);
    expect(control.log.entries).toHaveLength(entries);
  });

  test('a callback that is used twice', async () => {
    provider.groups.set('gil', ['llm-operators']);
    const callback = await callbackOf('gil');
    const cookie = browser.cookie(origin, cookieOf('oidc')) ?? '';
    expect((await browser.visit(callback)).status).toBe(200);
    const thief = new HttpBrowser();
    thief.setCookie(origin, cookieOf('oidc'), cookie);
    expect(await thief.visit(callback)).toMatchObject({ status: 403, text: expect.stringContaining('was used already') as string });
    expect(thief.cookie(origin, cookieOf('session'))).toBeUndefined();
  });

  test('a person who was removed does not come back', async () => {
    await signIn('hal', ['llm-operators']);
    const { id } = await me();
    await control.people.remove(String(id));
    expect(await me()).toMatchObject({ code: 'NOT_SIGNED_IN' });
    browser = new HttpBrowser();
    const visit = await browser.visit(await callbackOf('hal'));
    expect(visit).toMatchObject({ status: 403, text: expect.stringContaining(`${String(id)} was removed`) as string });
    expect(await me()).toMatchObject({ code: 'NOT_SIGNED_IN' });
  });

  test('without a ledger nobody is made and nobody signed in', async () => {
    provider.groups.set('ivy', ['llm-operators']);
    const callback = await callbackOf('ivy');
    const before = (await control.people.list()).length;
    control.log.fail();
    expect(await browser.visit(callback)).toMatchObject({ status: 503, text: expect.stringContaining('LEDGER_UNAVAILABLE') as string });
    control.log.mend();
    expect(await control.people.list()).toHaveLength(before);
    expect(await me()).toMatchObject({ code: 'NOT_SIGNED_IN' });
  });
});

describe('roles by e-mail address, for a provider without groups', () => {
  let byEmail: BrowserControl;
  let emails: TestIdentityProvider;

  beforeAll(async () => {
    let issuer = '';
    const roles = { 'ada@example.com': 'admin' } as const;
    byEmail = await startBrowserControl((port, home) => ({
      oidc: issuer === '' ? null : { issuer, clientId: CLIENT_ID, clientSecretFile: writeSecret(home), scopes: 'openid', rolesClaim: 'email', roles },
      origin: `http://localhost:${String(port)}`,
    }));
    emails = await startIdentityProvider(`${byEmail.site.origin}/sign-in/oidc/callback`);
    ({ issuer } = emails);
    await byEmail.restart();
  }, 60_000);

  afterAll(async () => {
    await byEmail.stop();
    await emails.stop();
  });

  test('an address counts only when the provider has verified it', async () => {
    const attempt = async (): Promise<Visit> => {
      const at = new HttpBrowser();
      const { location } = await at.visit(`${byEmail.site.origin}/sign-in/oidc`);
      return await at.visit(await at.logIn(location ?? '', 'ada', `${byEmail.site.origin}/sign-in/oidc/callback`));
    };
    expect(await attempt()).toMatchObject({ status: 403, text: expect.stringContaining('has not verified the e-mail address') as string });
    expect(await byEmail.people.list()).toEqual([]);
    emails.verifiedEmails.add('ada');
    expect(await attempt()).toMatchObject({ status: 200 });
    expect(await byEmail.people.list()).toMatchObject([{ role: 'admin' }]);
  });
});

describe('a provider that is down', () => {
  const settings = { clientId: CLIENT_ID, clientSecretFile: null, scopes: 'openid', rolesClaim: 'groups', roles: ROLES };

  test('is said so, and comes back without a restart', async () => {
    const port = await freePort();
    const down = await startBrowserControl((controlPort) => ({
      oidc: { ...settings, issuer: `http://127.0.0.1:${String(port)}` },
      origin: `http://localhost:${String(controlPort)}`,
    }));
    try {
      const visit = await browser.visit(`${down.site.origin}/sign-in/oidc`);
      expect(visit).toMatchObject({ status: 503, text: expect.stringContaining('OIDC_UNAVAILABLE') as string });
      const { secret } = await down.people.invite('viewer', 'per_x');
      expect((await browser.visit(`${down.site.origin}/sign-in/${secret}`)).status).toBe(200);
      expect((await browser.visit(`${down.site.origin}/sign-in`)).text).toContain('Sign in with a passkey');
      const back = await startIdentityProvider(`${down.site.origin}/sign-in/oidc/callback`, port);
      expect((await browser.visit(`${down.site.origin}/sign-in/oidc`)).location).toContain(back.issuer);
      await back.stop();
    } finally {
      await down.stop();
    }
  });

  test.each([
    ['plain http to another host', { issuer: 'http://idp.example' }, 'CONFIG_INVALID'],
    ['no secret file', { issuer: 'https://idp.example', clientSecretFile: 'missing' }, 'CONFIG_INVALID'],
  ])('%s is refused at the start', (_what, change, code) => {
    expect(() => openIdentityProvider({ ...settings, ...change }, '/nonexistent')).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('a secret that others can read is refused at the start', () => {
    const { root } = control.services.home;
    chmodSync(join(root, 'keys', 'oidc-secret'), 0o644);
    expect(() => openIdentityProvider({ ...settings, issuer: 'https://idp.example', clientSecretFile: 'keys/oidc-secret' }, root)).toThrow(
      expect.objectContaining({ code: 'KEY_FILE_UNSAFE' }) as Error,
    );
    chmodSync(join(root, 'keys', 'oidc-secret'), 0o600);
  });
});
