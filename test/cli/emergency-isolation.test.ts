import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drainSpool } from '../../src/operations/spool.ts';
import { readKillSwitch } from '../../src/services/posture/kill-switch-file.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { cliFixture } from './cli-fixture.ts';
import type { CliFixture } from './cli-fixture.ts';
import { LOCAL_TOKEN, startControl } from './control-fixture.ts';
import type { ControlFixture } from './control-fixture.ts';

let cli: CliFixture;
let control: ControlFixture | undefined;
let silent: Server | undefined;

beforeEach(() => {
  cli = cliFixture();
});

afterEach(async () => {
  await control?.stop();
  silent?.closeAllConnections();
  silent?.close();
  control = undefined;
  silent = undefined;
  cli.remove();
});

/** Takes connections and never answers, as a frozen process does. */
async function startSilent(): Promise<string> {
  silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent?.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${String((silent.address() as AddressInfo).port)}`;
}

test('the control plane is asked first, as the user of the host', async () => {
  control = await startControl();
  cli.pointTo(control.url, { localToken: LOCAL_TOKEN });
  const said = await cli.run(['security', 'emergency-isolation', '--reason', 'INC-7', '--json']);
  expect(said.code).toBe(0);
  expect(said.err).toContain('Isolated through the control plane.');
  expect(JSON.parse(said.out)).toMatchObject({ operation: 'security emergency-isolation', recorded: 'ledger' });
  expect((await control.services.posture.read()).isolations[0]).toMatchObject({ reason: 'INC-7', author: 'local:1000' });
  expect(existsSync(cli.home.killswitch)).toBe(false);
});

test('a token that is refused does not stop the user of the host', async () => {
  control = await startControl();
  cli.pointTo(control.url, { localToken: LOCAL_TOKEN });
  const environment = { home: cli.home.root, databaseUrl: undefined, controlUrl: undefined, token: 'elp_gone', gatewayPort: 0, controlPort: 0, color: false };
  const said = await cli.run(['security', 'emergency-isolation'], { environment });
  expect(said).toMatchObject({ code: 0 });
  expect((await control.services.posture.read()).isolations).not.toEqual([]);
});

describe('what another way must not go around', () => {
  test('a name that does not exist', async () => {
    control = await startControl();
    cli.pointTo(control.url, { localToken: LOCAL_TOKEN });
    const said = await cli.run(['security', 'emergency-isolation', '--upstream', 'nothing']);
    expect(said.code).toBe(2);
    expect(said.err).toContain('there is no upstream "nothing"');
    expect(existsSync(cli.home.killswitch)).toBe(false);
  });
  test('a role that may not', async () => {
    control = await startControl();
    cli.pointTo(control.url, { localToken: LOCAL_TOKEN });
    const token = await control.personToken('viewer');
    const environment = { home: cli.home.root, databaseUrl: undefined, controlUrl: undefined, token, gatewayPort: 0, controlPort: 0, color: false };
    expect((await cli.run(['security', 'emergency-isolation'], { environment })).code).toBe(5);
    expect(existsSync(cli.home.killswitch)).toBe(false);
  });
});

test('with control plane and database frozen the kill-switch file is written, and its record waits in the spool', async () => {
  const address = await startSilent();
  cli.pointTo(`http://${address}`, { databaseUrl: `postgres://u:p@${address}/x` });
  const said = await cli.run(['security', 'emergency-isolation', '--reason', 'INC-8']);
  expect(said.code).toBe(0);
  expect(said.err).toContain('control plane: no answer within 300 ms');
  expect(said.err).toContain('database: ');
  expect(said.err).toContain('Isolated by the kill-switch file');
  expect(readKillSwitch(cli.home.killswitch)).toMatchObject({ reason: 'INC-8', author: 'local:1000' });

  const log = new MemoryLedger();
  const drained = await drainSpool(cli.home.spool, log, () => Promise.resolve({ intent: false, done: false }));
  expect(drained).toMatchObject({ rejected: [] });
  expect(drained.appended).toHaveLength(1);
  expect(log.entries.map(({ kind, action, actor }) => `${kind} ${action} ${actor}`)).toEqual([
    'operation.intent security emergency-isolation local:1000',
    'operation.done security emergency-isolation local:1000',
  ]);
});

test('narrower options say that the kill switch still means everything', async () => {
  cli.pointTo('http://127.0.0.1:1');
  const said = await cli.run(['security', 'emergency-isolation', '--key', 'reporting', '--json']);
  expect(said.code).toBe(0);
  expect(said.err).toContain('a key is known there by its id only');
  expect(said.err).toContain('everything on this host is isolated, not only what was named');
  expect(JSON.parse(said.out)).toMatchObject({ recorded: 'spool', output: { way: 'kill-switch', isolated: [{ scope: 'all', target: null }] } });
  expect(readdirSync(cli.home.spool)).toHaveLength(1);
  expect(JSON.parse(readFileSync(join(cli.home.spool, readdirSync(cli.home.spool)[0] ?? ''), 'utf8'))).toMatchObject({ v: 1, from: null });
});

test('a home without an installation is never told to be isolated', async () => {
  rmSync(cli.home.ledger, { recursive: true });
  const said = await cli.run(['security', 'emergency-isolation']);
  expect(said.code).toBe(6);
  expect(said.err).toContain('NOTHING IS ISOLATED');
  expect(existsSync(cli.home.killswitch)).toBe(false);
});

test('a record that cannot be left changes nothing about the effect', async () => {
  rmSync(cli.home.spool, { recursive: true });
  cli.pointTo('http://127.0.0.1:1');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(cli.home.spool, 'in the way');
  const said = await cli.run(['security', 'emergency-isolation']);
  expect(said.code).toBe(0);
  expect(said.err).toContain('No record could be written');
  expect(existsSync(cli.home.killswitch)).toBe(true);
});

test('a dry run isolates nothing, whoever answers', async () => {
  cli.pointTo('http://127.0.0.1:1');
  expect((await cli.run(['security', 'emergency-isolation', '--dry-run'])).code).toBe(6);
  expect(existsSync(cli.home.killswitch)).toBe(false);
});
