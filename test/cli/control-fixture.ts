import type { FastifyInstance } from 'fastify';
import { openEventStream } from '../../src/api/event-stream.ts';
import { startControlApi } from '../../src/api/control-api.ts';
import type { ControlApi } from '../../src/api/control-api.ts';
import type { Config } from '../../src/core/config.ts';
import { catalogue as realCatalogue } from '../../src/operations/catalogue.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import type { OperationServices } from '../../src/operations/context.ts';
import { openDoor } from '../../src/operations/door.ts';
import type { RunLedger } from '../../src/runbook/export.ts';
import { registerRunbookRoutes } from '../../src/runbook/http.ts';
import type { RunStreamEvents } from '../../src/runbook/run-view.ts';
import type { TrustedRunbooks } from '../../src/runbook/trusted-runbooks.ts';
import type { Role } from '../../src/services/people/roles.ts';
import type { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../fixtures/memory-operation-runs.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';
import { newPublicKey } from '../fixtures/public-key.ts';
import type { ScheduleView } from '../../src/services/schedules/schedule-views.ts';
import { runFixture } from '../runbook/run-fixture.ts';
import type { RunFixture } from '../runbook/run-fixture.ts';

export interface ControlFixture {
  readonly url: string;
  readonly log: MemoryLedger;
  readonly services: MemoryServices;
  /** What it says about schedules. */
  readonly schedules: ScheduleView[];
  /** Runs as the control plane that answers now has them. */
  readonly runs: () => RunFixture['runs'];
  inviteLink(role: Role): Promise<string>;
  personToken(role: Role): Promise<string>;
  /** The process goes away, and another one takes its place at the same address when the returned function is called. */
  kill(): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export const LOCAL_TOKEN = 'local-token-of-this-host';

/** The real control API with runbooks, over services in memory, on a free port. */
export async function startControl(
  catalogue: readonly CatalogueEntry[] = realCatalogue,
  installationId = 'ins_a',
  changes: Partial<OperationServices> = {},
  trusted?: TrustedRunbooks,
  policy: Partial<Config['approvals']> = {},
): Promise<ControlFixture> {
  let fixture = await runFixture({ catalogue, policy, ...(trusted === undefined ? {} : { trusted }) });
  const { services, log } = fixture;
  const schedules: ScheduleView[] = [];

  function start(port: number): Promise<ControlApi> {
    const { parts, runs } = fixture;
    const door = openDoor({ catalogue, services: { ...services, ...changes }, log, runs: new MemoryOperationRuns() });
    return startControlApi({
      host: '127.0.0.1',
      port,
      door,
      catalogue,
      people: services.people,
      breakGlass: services.breakGlass,
      localToken: LOCAL_TOKEN,
      uid: 1000,
      version: '0.0.0-test',
      health: () => Promise.resolve({ ok: true, installationId, version: '0.0.0-test', parts: {} }),
      onRequest: () => undefined,
      extend: [
        (app: FastifyInstance, authenticate) => {
          const { approvals, trusted: known } = parts;
          const ledger: RunLedger = {
            entriesOf: () => Promise.resolve([]),
            proofOf: ({ log: name, index }) => Promise.resolve({ proof: `proof of ${name} ${String(index)}`, entry: '{}', key: 'key' }),
          };
          registerRunbookRoutes(app, {
            ...{ catalogue, door, approvals, trusted: known, runs, ledger, authenticate, openStream: openEventStream<RunStreamEvents> },
            schedules: { view: () => Promise.resolve(schedules) },
          });
        },
      ],
    });
  }

  let api = await start(0);
  const { port } = api;
  const url = `http://127.0.0.1:${String(port)}`;
  return {
    url,
    log,
    services,
    schedules,
    runs: () => fixture.runs,
    inviteLink: async (role) => `${url}/sign-in/${(await services.people.invite(role)).secret}`,
    personToken: async (role) => (await services.people.redeem((await services.people.invite(role)).secret, `A ${role}`, newPublicKey())).token,
    kill: async () => {
      await api.close();
      return async () => {
        fixture = await fixture.restart();
        api = await start(port);
      };
    },
    stop: async () => {
      await api.close();
      await fixture.close();
    },
  };
}
