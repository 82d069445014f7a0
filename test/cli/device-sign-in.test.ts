import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { asRecord } from '../../src/core/json.ts';
import type { Person } from '../../src/services/people/service.ts';
import { startBrowserControl } from '../fixtures/browser-control.ts';
import type { BrowserControl } from '../fixtures/browser-control.ts';
import { ask } from '../fixtures/control-plane.ts';
import { newPublicKey } from '../fixtures/public-key.ts';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture } from './cli-fixture.ts';

let control: BrowserControl;
let url: string;
let person: Person;
let token: string;
let cli: CliFixture;

beforeAll(async () => {
  control = await startBrowserControl();
  url = `http://127.0.0.1:${String(control.port)}`;
  ({ person, token } = await control.people.redeem((await control.people.invite('operator', 'per_x')).secret, 'Ada', newPublicKey()));
}, 60_000);

afterAll(async () => {
  await control.stop();
});

beforeEach(() => {
  cli = cliFixture();
  cli.pointTo(url);
});

afterEach(() => {
  cli.remove();
});

/** `elulmc sign-in` at a terminal whose lines are read while it waits. */
function begin(argv: readonly string[] = []) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  let words = '';
  let heard = (): void => undefined;
  streams.stderr.on('data', (data: Buffer) => {
    words += data.toString();
    heard();
  });
  const ended = cli.run(['sign-in', ...argv], { stdio: streams }).then(({ code }) => {
    heard();
    return code;
  });
  const line = (name: string): string | undefined => new RegExp(`^${name} +(.+)\n`, 'm').exec(words)?.[1];
  return {
    ended,
    line,
    words: () => words,
    /** Once it waits: the code that it shows. */
    code: async (): Promise<string> => {
      while (line('Fingerprint') === undefined) await new Promise<void>((resolve) => (heard = resolve));
      return line('Code') ?? '';
    },
  };
}

async function post(path: string, body: object): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/sign-in/device${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test('without an installation there is nobody to ask', async () => {
  const alone = cliFixture();
  try {
    const said = await alone.run(['sign-in']);
    expect(said).toMatchObject({ code: 6, err: expect.stringContaining('CONTROL_UNREACHABLE') as string });
  } finally {
    alone.remove();
  }
});

test('shows a code and the fingerprint of its key, and is signed in once its person has confirmed', async () => {
  const { ended, code, line, words } = begin(['--name', 'build-7']);
  const userCode = await code();
  expect(line('Open')).toBe(`http://localhost:${String(control.port)}/device?code=${userCode}`);
  const found = await post('/find', { userCode });
  expect(found).toMatchObject({ status: 200, body: { name: 'build-7' } });
  expect(String(found.body['keyId']).slice(0, 32)).toBe(line('Fingerprint')?.replaceAll(' ', ''));
  const { key } = (await post('/confirm', { userCode })).body;
  expect(await ended).toBe(0);

  const identity = asRecord(JSON.parse(readFileSync(cli.home.identity, 'utf8'))) ?? {};
  expect(identity).toMatchObject({ personId: person.id, role: 'operator', controlUrl: url });
  expect(words()).not.toContain(String(identity['token']));
  const keyFile = String(identity['keyFile']);
  for (const path of [cli.home.identity, keyFile]) expect(statSync(path).mode & 0o777).toBe(0o600);
  const publicKey = createPublicKey(createPrivateKey(readFileSync(keyFile))).export({ type: 'spki', format: 'der' });
  expect(key).toBe(createHash('sha256').update(publicKey).digest('hex'));
  expect(await control.people.findKey(String(key))).toMatchObject({ person: person.id, label: 'build-7', publicKey: publicKey.toString('base64') });
  const later = await cli.run(['governance', 'list-keys', '--json']);
  expect(later).toMatchObject({ code: 0, out: expect.stringContaining(String(key)) as string });
});

test('what its person refuses leaves nothing behind', async () => {
  const { ended, code, words } = begin();
  expect((await post('/refuse', { userCode: await code() })).status).toBe(200);
  expect(await ended).toBe(5);
  expect(words()).toContain('SIGN_IN_EXPIRED');
  expect(existsSync(cli.home.identity)).toBe(false);
  expect(readdirSync(cli.home.keys)).toEqual([]);
});

test('whoever asks more often than they were told is told to slow down, also when there is something to take', async () => {
  const begun = (await post('', { name: 'build-7', publicKey: newPublicKey() })).body;
  const take = () => post('/token', { deviceCode: begun['deviceCode'] });
  expect(begun['intervalMs']).toBe(2_000);
  expect(await take()).toMatchObject({ status: 409, body: { code: 'SIGN_IN_PENDING' } });
  await post('/confirm', { userCode: begun['userCode'] });
  expect(await take()).toMatchObject({ status: 429, body: { code: 'SIGN_IN_SLOW_DOWN' } });
});

test('a restart of the control plane between the code and its confirmation loses nothing', async () => {
  const { ended, code } = begin();
  const userCode = await code();
  await control.restart();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const confirm = () => ask(url, '/v1/sign-in/device/confirm', { method: 'POST', headers, body: JSON.stringify({ userCode }) });
  // A connection that was kept open has ended with the process.
  expect((await confirm()) ?? (await confirm())).toMatchObject({ status: 200 });
  expect(await ended).toBe(0);
});
