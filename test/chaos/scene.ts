import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { readConfig } from '../../src/core/config.ts';
import { writeEndpoints } from '../../src/services/installation/endpoints.ts';
import { askUntilAnswered, controlHost, signInWithLink } from '../fixtures/control-plane.ts';
import type { ControlHost, SignedInPerson } from '../fixtures/control-plane.ts';
import { ok, startRecorded } from '../upstreams/recorded-server.ts';
import { routingOf, writeLanes } from './chaos-runbook.ts';
import type { Lane } from './chaos-runbook.ts';
import { HostKeeper } from './host-keeper.ts';
import { newId } from '../../src/core/ids.ts';

/** The installation that has to survive: a database, two hosts of which the first runs, three people. */
export interface Scene {
  readonly installationId: string;
  readonly folder: string;
  readonly lanes: readonly Lane[];
  readonly keepers: readonly [HostKeeper, HostKeeper];
  /** Hosts that run or are being started again. */
  readonly hosts: () => readonly ControlHost[];
  readonly operator: SignedInPerson;
  readonly approvers: readonly SignedInPerson[];
  select<T>(text: string, values?: readonly unknown[]): Promise<readonly T[]>;
  /** What went wrong with the control planes themselves. */
  readonly violations: string[];
  /** Ends every process. */
  stop(): Promise<void>;
  /** Ends the connection that looks on, and removes homes and folder unless they are kept. */
  close(keep: boolean): Promise<void>;
}

async function invited(host: ControlHost, administrator: SignedInPerson, databaseUrl: string, name: string): Promise<SignedInPerson> {
  const url = host.url();
  // `elulmc up` writes it; a link names the address in it.
  writeEndpoints(host.home, {
    controlUrl: url,
    gatewayUrl: 'http://127.0.0.1:1/v1',
    databaseUrl,
    metricsUrl: 'http://127.0.0.1:1/metrics',
    localToken: host.localToken,
    pid: process.pid,
    startedAt: '2026-01-01T00:00:00.000Z',
  });
  const headers = { authorization: `Bearer ${administrator.token}`, 'content-type': 'application/json', 'x-run-id': newId('run') };
  const answer = await askUntilAnswered(() => [host], '/v1/operations/governance/invite', {
    method: 'POST',
    headers,
    body: JSON.stringify({ role: 'approver' }),
  });
  const { link } = answer.body['output'] as { readonly link: string };
  return signInWithLink(url, link, name);
}

/** Starts the first host and signs everybody in. */
export async function openScene(databaseUrl: string, laneCount: number): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-chaos-'));
  const lanes = writeLanes(folder, laneCount);
  const models = await startRecorded({
    'GET /health': ok(''),
    'GET /is_sleeping': ok({ is_sleeping: false }),
    'POST /v1/chat/completions': ok({ choices: [{ message: { content: 'Hello' } }] }),
  });
  const routing = routingOf(lanes, models.address.url);
  const { runbooks } = readConfig(join(folder, 'no-config.yaml'));
  const settings = { runbooks: { ...runbooks, processes: lanes.map(({ file }) => ({ file, folder, timeout: 60_000 })) } };
  const violations: string[] = [];
  const note = (text: string): void => void violations.push(text);
  const north = controlHost({ name: 'north', databaseUrl, routing, settings });
  const observer = new Client({ connectionString: databaseUrl });
  observer.on('error', () => undefined);
  await observer.connect();
  const first = new HostKeeper(north, note);
  const { installationId, adminLink } = await first.keep();
  const operator = await signInWithLink(north.url(), adminLink, 'Olga');
  const approvers = [await invited(north, operator, databaseUrl, 'Ada'), await invited(north, operator, databaseUrl, 'Berta')];
  const south = controlHost({ name: 'south', databaseUrl, routing, settings, keysOf: north.home });
  const keepers = [first, new HostKeeper(south, note)] as const;
  const stop = async (): Promise<void> => {
    for (const keeper of keepers) await keeper.stop();
  };
  return {
    ...{ installationId, folder, lanes, keepers, operator, approvers, violations, stop },
    hosts: () => keepers.filter(({ isWanted }) => isWanted).map(({ host }) => host),
    select: async <T>(text: string, values: readonly unknown[] = []) => (await observer.query(text, [...values])).rows as T[],
    close: async (keep) => {
      await models.close();
      await observer.end();
      if (keep) return;
      for (const { host } of keepers) host.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
