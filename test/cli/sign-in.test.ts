import { createPrivateKey, createPublicKey } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asRecord } from '../../src/core/json.ts';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture } from './cli-fixture.ts';
import { startControl } from './control-fixture.ts';
import type { ControlFixture } from './control-fixture.ts';

let cli: CliFixture;
let control: ControlFixture;
const others: ControlFixture[] = [];

beforeEach(async () => {
  cli = cliFixture();
  control = await startControl();
  cli.pointTo(control.url);
});

afterEach(async () => {
  for (const each of [control, ...others.splice(0)]) await each.stop();
  cli.remove();
});

function identity(): Record<string, unknown> {
  return asRecord(JSON.parse(readFileSync(cli.home.identity, 'utf8'))) ?? {};
}

test('a link that cannot be redeemed leaves nothing behind and is not shown', async () => {
  const link = `${control.url}/sign-in/aaaaaaaaaaaaaaaaaaaaaaaa`;
  const said = await cli.run(['sign-in', link]);
  expect(said.code).toBe(5);
  expect(said.err).toContain('INVITATION_INVALID');
  expect(said.err).not.toContain('aaaaaaaa');
  expect(existsSync(cli.home.identity)).toBe(false);
  expect(readdirSync(cli.home.keys)).toEqual([]);
});

test('signs in: key and identity are 0600, and later commands act as the person', async () => {
  const said = await cli.run(['sign-in', await control.inviteLink('admin'), '--name', 'Ada', '--json']);
  expect(said.code).toBe(0);
  const { token, keyFile } = identity();
  expect(said.out + said.err).not.toContain(String(token));
  for (const path of [cli.home.identity, String(keyFile)]) expect(statSync(path).mode & 0o777).toBe(0o600);
  const [person] = await control.services.people.list();
  const publicKey = createPublicKey(createPrivateKey(readFileSync(String(keyFile)))).export({ type: 'spki', format: 'der' });
  expect(person).toMatchObject({ name: 'Ada', role: 'admin' });
  expect(await control.services.people.keysOf(person?.id ?? '')).toMatchObject([{ kind: 'ed25519', publicKey: publicKey.toString('base64') }]);

  const issued = await cli.run(['governance', 'issue-key', '--name', 'batch', '--requests-per-minute', '60', '--models', 'demo', '--models', 'side', '--json']);
  expect(issued.code).toBe(0);
  expect(JSON.parse(issued.out)).toMatchObject({ output: { models: ['demo', 'side'], limits: { requestsPerMinute: 60 } } });
});

test('an identity of another installation is replaced only by --force', async () => {
  await cli.run(['sign-in', await control.inviteLink('admin'), '--name', 'Ada']);
  const other = await startControl(undefined, 'ins_b');
  others.push(other);
  const link = await other.inviteLink('viewer');
  const refused = await cli.run(['sign-in', link]);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.err).toContain('--force');
  expect(identity()['installationId']).toBe('ins_a');
  expect((await cli.run(['sign-in', link, '--force', '--name', 'Ada'])).code).toBe(0);
  expect(identity()).toMatchObject({ installationId: 'ins_b', role: 'viewer' });
});

test('a token is sent to no other server than the one that gave it', async () => {
  await cli.run(['sign-in', await control.inviteLink('admin'), '--name', 'Ada']);
  const other = await startControl(undefined, 'ins_b');
  others.push(other);
  const environment = { home: cli.home.root, databaseUrl: undefined, controlUrl: other.url, token: undefined, gatewayPort: 0, controlPort: 0, color: false };
  const said = await cli.run(['governance', 'list-sessions'], { environment });
  expect(said.code).toBe(5);
  expect(said.err).toContain('nobody signed in at');
});

test('an identity that others can read is refused', async () => {
  await cli.run(['sign-in', await control.inviteLink('admin'), '--name', 'Ada']);
  chmodSync(cli.home.identity, 0o644);
  const said = await cli.run(['governance', 'list-sessions']);
  expect(said.code).toBe(1);
  expect(said.err).toContain('KEY_FILE_UNSAFE');
});

test('on a machine where no installation runs, commands go to the one at which somebody signed in', async () => {
  await cli.run(['sign-in', await control.inviteLink('viewer'), '--name', 'Ada']);
  rmSync(cli.home.endpoints);
  expect(await cli.run(['governance', 'list-people'])).toMatchObject({ code: 0, out: expect.stringContaining('Ada') as string });
  rmSync(cli.home.identity);
  expect(await cli.run(['governance', 'list-people'])).toMatchObject({ code: 6, err: expect.stringContaining('no installation runs') as string });
});
