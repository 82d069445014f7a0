import type { FastifyInstance } from 'fastify';
import { startControlApi } from '../../src/api/control-api.ts';
import { catalogue as realCatalogue } from '../../src/operations/catalogue.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import type { OperationServices } from '../../src/operations/context.ts';
import { openDoor } from '../../src/operations/door.ts';
import { openRecorder } from '../../src/operations/recorder.ts';
import { openEventStream } from '../../src/api/event-stream.ts';
import type { RunEvents } from '../../src/runbook/run-events.ts';
import { registerRunbookRoutes } from '../../src/runbook/http.ts';
import type { Role } from '../../src/services/people/roles.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../fixtures/memory-operation-runs.ts';
import { memoryServices } from '../fixtures/operation-services.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';

export interface ControlFixture {
  readonly url: string;
  readonly log: MemoryLedger;
  readonly services: MemoryServices;
  inviteLink(role: Role): Promise<string>;
  personToken(role: Role): Promise<string>;
  stop(): Promise<void>;
}

export const LOCAL_TOKEN = 'local-token-of-this-host';

/** The real control API with runbooks, over services in memory, on a free port. */
export async function startControl(
  catalogue: readonly CatalogueEntry[] = realCatalogue,
  installationId = 'ins_a',
  changes: Partial<OperationServices> = {},
): Promise<ControlFixture> {
  const services = memoryServices();
  const log = new MemoryLedger();
  const runs = new MemoryOperationRuns();
  const door = openDoor({ catalogue, services: { ...services, ...changes }, log, runs });
  const api = await startControlApi({
    host: '127.0.0.1',
    port: 0,
    door,
    catalogue,
    people: services.people,
    localToken: LOCAL_TOKEN,
    uid: 1000,
    version: '0.0.0-test',
    health: () => Promise.resolve({ ok: true, installationId, version: '0.0.0-test', parts: {} }),
    onRequest: () => undefined,
    extend: [
      (app: FastifyInstance, authenticate) => {
        registerRunbookRoutes(app, {
          catalogue,
          door,
          authenticate,
          openStream: openEventStream<RunEvents>,
          recorder: openRecorder(log, services.home.spool),
          runs,
          logSize: () => log.size(),
        });
      },
    ],
  });
  const url = `http://127.0.0.1:${String(api.port)}`;
  return {
    url,
    log,
    services,
    inviteLink: async (role) => `${url}/sign-in/${(await services.people.invite(role)).secret}`,
    personToken: async (role) => (await services.people.redeem((await services.people.invite(role)).secret, `A ${role}`, 'x')).token,
    stop: async () => {
      await api.close();
      services.remove();
    },
  };
}
