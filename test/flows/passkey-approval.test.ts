import { createHash, generateKeyPairSync } from 'node:crypto';
import { Client } from 'pg';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { wallAt } from '../../src/core/clock.ts';
import { readConfig } from '../../src/core/config.ts';
import { writeEndpoints } from '../../src/services/installation/endpoints.ts';
import type { Role } from '../../src/services/people/roles.ts';
import { findChromium, openBrowserPerson, startChromium } from '../fixtures/chromium.ts';
import type { BrowserPerson } from '../fixtures/chromium.ts';
import { ask, controlHost, signInAdministrator, verifiedEntries } from '../fixtures/control-plane.ts';
import type { Answer, ControlHost } from '../fixtures/control-plane.ts';
import { freshDatabase } from '../fixtures/postgres.ts';
import type { FreshDatabase } from '../fixtures/postgres.ts';

const CHROMIUM = findChromium();
const OPERATION = 'deployment resume-operations';
const REASON = 'INC-7 is closed \u202e7-CNI';

let database: FreshDatabase;
let host: ControlHost;
let browser: Browser;
let origin: string;
let installationId: string;
let administrator: string;
/** They ask; their own key is a passkey too. */
let olga: BrowserPerson;
/** They approve. */
let ada: BrowserPerson;

function json(body: unknown, headers: Record<string, string> = {}) {
  return { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}

async function invite(role: Role): Promise<string> {
  const answer = await ask(host.url(), '/v1/operations/governance/invite', json({ role }, { authorization: `Bearer ${administrator}` }));
  return (answer?.body['output'] as { readonly link: string }).link;
}

/** Calls the API as the page of whoever is signed in there. */
async function call(person: BrowserPerson, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return await person.page.evaluate(
    async ({ url, init }) => {
      const answer = await fetch(url, init);
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    { url: path, init: json(body, headers) },
  );
}

/** Redeems a link as its person does: opens it, names themselves, makes a passkey. */
async function join(link: string, name: string): Promise<BrowserPerson> {
  const person = await openBrowserPerson(browser);
  await person.page.goto(link);
  await person.page.getByLabel('Your name').fill(name);
  await person.page.getByLabel('What you call this passkey').fill(`the telephone of ${name}`);
  await person.page.getByRole('button', { name: 'Make a passkey here' }).click();
  await person.page.waitForURL('**/passkeys');
  await person.page.getByText(`the telephone of ${name}`).waitFor();
  return person;
}

/** Olga stops everything and asks for leave to go on; the id of the request. */
async function request(): Promise<string> {
  expect((await call(olga, '/v1/operations/security/emergency-isolation', {})).status).toBe(200);
  const asked = await call(olga, '/v1/operations/governance/request', { operation: OPERATION, reason: REASON });
  expect(asked).toMatchObject({ status: 200 });
  return (asked.body['output'] as { readonly request: string }).request;
}

async function resume(id: string): Promise<Answer> {
  return await call(olga, '/v1/operations/deployment/resume-operations', {}, { 'x-approval-request': id });
}

async function open(person: BrowserPerson, id: string): Promise<void> {
  await person.page.goto(`${origin}/approvals/${id}`);
  await person.page.getByRole('heading', { name: 'What a signature covers' }).waitFor();
}

async function setRole(name: string, role: Role): Promise<void> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('update person set role = $2 where name = $1', [name, role]);
  await client.end();
}

function alertOf(person: BrowserPerson, text: string): Promise<void> {
  return person.page.getByRole('alert').filter({ hasText: text }).waitFor();
}

describe.skipIf(CHROMIUM === undefined)('in a real browser (skipped without Chromium: install it, or name it in CHROMIUM)', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    database = await freshDatabase();
    const { approvals } = readConfig('/nonexistent/config.yaml');
    host = controlHost({ name: 'local', databaseUrl: database.url, settings: { approvals: { ...approvals, operations: { [OPERATION]: 1 } } } });
    const ready = await host.start();
    ({ installationId } = ready);
    origin = `http://localhost:${String(ready.port)}`;
    writeEndpoints(host.home, { controlUrl: host.url(), gatewayUrl: '', databaseUrl: '', metricsUrl: '', localToken: '', pid: 1, startedAt: wallAt() });
    administrator = await signInAdministrator(host.url(), ready.adminLink);
    browser = await startChromium(CHROMIUM ?? '');
    olga = await join(await invite('security'), 'Olga Ross');
    ada = await join(await invite('approver'), 'Ada Byron');
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await host.stop();
    host.remove();
    await database.drop();
  }, 60_000);

  afterEach(async () => {
    for (const { page, complaints } of [olga, ada]) {
      expect(complaints).toEqual([]);
      // Nothing is wider than a telephone.
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    }
  });

  test('a link that was used cannot be used again', async () => {
    const link = await invite('viewer');
    const first = await join(link, 'Vera Stone');
    await first.page.goto(link);
    await first.page.getByRole('heading', { name: 'This link cannot be used' }).waitFor();
    await first.close();
  });

  test('an approver signs in with the passkey, reads what is signed, signs it, and it is used once', async () => {
    const id = await request();
    await ada.page.goto(`${origin}/passkeys`);
    await ada.page.getByRole('button', { name: 'Sign out' }).click();
    await ada.page.waitForURL('**/sign-in');
    // The link of the request leads through the sign-in and back.
    await ada.page.goto(`${origin}/approvals/${id}`);
    await ada.page.waitForURL('**/sign-in?next=*');
    await ada.page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await ada.page.waitForURL(`**/approvals/${id}`);
    await ada.page.getByRole('heading', { name: 'What a signature covers' }).waitFor();

    const text = await ada.page.locator('main').innerText();
    const { statement, digest, changes } = await storedRequest(id);
    for (const part of [OPERATION, ...changes, 'Olga Ross', installationId, statement.requester, 'INC-7 is closed \\u{202e}7-CNI'])
      expect(text).toContain(part);
    expect(text.replaceAll(' ', '')).toContain(digest);
    expect(changes.length).toBeGreaterThan(0);
    expect(await resume(id)).toMatchObject({ body: { code: 'APPROVAL_MISSING' } });

    await ada.page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await ada.page.getByText('Signed. You can close this page.').waitFor();
    expect(await ada.page.locator('#state').innerText()).toBe('approved');
    expect(await ada.page.getByRole('button', { name: 'Approve with a passkey' }).isVisible()).toBe(false);

    expect(await resume(id)).toMatchObject({ status: 200, body: { verdict: 'ok' } });
    expect(await resume(id)).toMatchObject({ status: 403, body: { code: 'APPROVAL_USED' } });
    await open(ada, id);
    expect(await ada.page.locator('#state').innerText()).toBe('used');
  });

  test('a passkey that is not used, because its owner is not verified, signs nothing', async () => {
    const id = await request();
    await open(ada, id);
    await ada.verifies(false);
    await ada.page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await alertOf(ada, 'The passkey was not used');
    await ada.verifies(true);
    expect((await storedRequest(id)).signatures).toEqual([]);
    await ada.page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await ada.page.getByText('Signed. You can close this page.').waitFor();
  });

  test('an approver declines with a reason, and it cannot be used', async () => {
    const id = await request();
    await open(ada, id);
    await ada.page.getByLabel('Or decline it').fill('wait for the change window');
    await ada.page.getByRole('button', { name: 'Decline' }).click();
    await ada.page.getByText('Declined: it can be neither signed nor used any more.').waitFor();
    expect(await ada.page.locator('main').innerText()).toContain('wait for the change window');
    expect(await resume(id)).toMatchObject({ body: { code: 'APPROVAL_DECLINED' } });
  });

  test('who asked does not approve, with whatever role and passkey', async () => {
    const id = await request();
    await open(olga, id);
    expect(await olga.page.locator('#decide').isVisible()).toBe(false);
    await olga.page.getByText('You asked for this yourself').waitFor();
    // What the page hides, the server refuses: first the role, then the person.
    await olga.page.evaluate("show('decide')");
    await olga.page.getByRole('button', { name: 'Approve with a passkey' }).click();
    await alertOf(olga, 'NOT_ALLOWED');
    await setRole('Olga Ross', 'approver');
    try {
      await olga.page.getByRole('button', { name: 'Approve with a passkey' }).click();
      await alertOf(olga, 'APPROVAL_BY_REQUESTER');
    } finally {
      await setRole('Olga Ross', 'security');
    }
    expect((await storedRequest(id)).signatures).toEqual([]);
  });

  test('a page whose text does not fit its digest offers no signature', async () => {
    const id = await request();
    await ada.page.route('**/v1/operations/governance/approvals', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replaceAll('default', 'staging') });
    });
    await ada.page.goto(`${origin}/approvals/${id}`);
    await alertOf(ada, 'do not approve this');
    expect(await ada.page.getByRole('button', { name: 'Approve with a passkey' }).isVisible()).toBe(false);
    await ada.page.unroute('**/v1/operations/governance/approvals');
  });

  test('a command line is confirmed by somebody who sees which one, and signs in once', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ type: 'spki', format: 'der' });
    const begin = async () => (await ask(host.url(), '/v1/sign-in/device', json({ name: 'build-7', publicKey: key.toString('base64') })))?.body ?? {};
    const take = (deviceCode: unknown) => ask(host.url(), '/v1/sign-in/device/token', json({ deviceCode }));

    const refused = await begin();
    await ada.page.goto(String(refused['verificationUrl']));
    await ada.page.getByRole('button', { name: 'Refuse' }).click();
    await ada.page.getByText('Refused. Nothing was signed in.').waitFor();
    expect(await take(refused['deviceCode'])).toMatchObject({ status: 403, body: { code: 'SIGN_IN_EXPIRED' } });

    const { deviceCode, userCode } = await begin();
    await ada.page.goto(`${origin}/device`);
    await ada.page.getByLabel('The code that your terminal shows').fill(String(userCode).toLowerCase().replace('-', ' '));
    await ada.page.getByRole('button', { name: 'Look it up' }).click();
    await ada.page.getByText('Did you start this yourself, just now?').waitFor();
    const text = await ada.page.locator('main').innerText();
    expect(text).toContain('build-7');
    expect(text.replaceAll(' ', '')).toContain(createHash('sha256').update(key).digest('hex').slice(0, 32));
    // Whoever presses Enter without reading confirms nothing.
    expect(await ada.page.evaluate('document.activeElement.id')).not.toBe('confirm');
    await ada.page.getByRole('button', { name: 'Confirm: it is my terminal' }).click();
    await ada.page.getByText('Confirmed.').waitFor();
    expect(await take(deviceCode)).toMatchObject({ status: 200, body: { person: { name: 'Ada Byron', role: 'approver' } } });
    expect(await take(deviceCode)).toMatchObject({ body: { code: 'SIGN_IN_SLOW_DOWN' } });
  });

  test('every page says what went past approvals, until another person has reviewed it', async () => {
    const warning = ada.page.getByText('Not reviewed yet: 1 call past approvals or windows');
    await ada.page.goto(`${origin}/passkeys`);
    await ada.page.getByRole('heading', { name: 'Add a passkey' }).waitFor();
    expect(await warning.isVisible()).toBe(false);
    await request();
    const broken = await call(olga, '/v1/operations/deployment/resume-operations', {}, { 'x-break-glass': encodeURIComponent('INC-7 \u202eat night') });
    const { runId } = broken.body as { readonly runId: string };
    await ada.page.reload();
    await warning.waitFor();
    for (const part of [OPERATION, runId, 'INC-7 \\u{202e}at night']) expect(await ada.page.locator('#unreviewed').innerText()).toContain(part);
    expect(await call(olga, '/v1/operations/governance/review-break-glass', { run: runId, note: 'fine' })).toMatchObject({ body: { code: 'NOT_ALLOWED' } });
    expect((await call(ada, '/v1/operations/governance/review-break-glass', { run: runId, note: 'fine' })).status).toBe(200);
    await ada.page.reload();
    await ada.page.getByRole('heading', { name: 'Add a passkey' }).waitFor();
    expect(await warning.isVisible()).toBe(false);
  });

  test('the log verifies, and holds every sign-in and signature without a name', async () => {
    await host.stop();
    const entries = await verifiedEntries(host, installationId);
    const actions = entries.map(({ action }) => action);
    for (const action of [
      'sign-in',
      'sign-in passkey',
      'sign-out',
      'governance approve',
      'governance decline',
      'confirm-device',
      'refuse-device',
      'sign-in device',
    ])
      expect(actions).toContain(action);
    expect(entries.filter((entry) => /Olga Ross|Ada Byron|Vera Stone|build-7/.test(JSON.stringify(entry)))).toEqual([]);
  });
});

interface Stored {
  readonly digest: string;
  readonly changes: readonly string[];
  readonly signatures: readonly unknown[];
  readonly statement: { readonly requester: string };
}

async function storedRequest(id: string): Promise<Stored> {
  const answer = await ask(host.url(), '/v1/operations/governance/approvals', json({ request: id }, { authorization: `Bearer ${administrator}` }));
  const [found] = (answer?.body['output'] as { readonly requests: readonly (Omit<Stored, 'statement'> & { readonly payload: string })[] }).requests;
  if (found === undefined) throw new Error(`there is no request ${id}`);
  return { ...found, statement: JSON.parse(found.payload) as Stored['statement'] };
}
