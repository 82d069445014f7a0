import { createPublicKey } from 'node:crypto';
import { startControlApi } from '../api/control-api.ts';
import type { RequestLogLine } from '../api/control-api.ts';
import { sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { homeAt } from '../core/home.ts';
import { newId } from '../core/ids.ts';
import { catalogue } from '../operations/catalogue.ts';
import type { OperationServices } from '../operations/context.ts';
import { openDoor } from '../operations/door.ts';
import type { Door } from '../operations/door.ts';
import { openRecorder } from '../operations/recorder.ts';
import { resolveOpenRuns } from '../operations/recovery.ts';
import { drainSpool } from '../operations/spool.ts';
import { checkRunbook } from '../runbook/check.ts';
import { openEventStream } from '../api/event-stream.ts';
import type { RunEvents } from '../runbook/run-events.ts';
import { registerRunbookRoutes } from '../runbook/http.ts';
import { createGatewayService } from '../services/gateways/gateway-service.ts';
import type { GatewayLink } from '../services/gateways/internal-client.ts';
import type { ControlRole } from '../services/installation/roles.ts';
import { createModelService } from '../services/models/model-service.ts';
import { createPeopleService, inviteFirstAdministrator } from '../services/people/people-service.ts';
import { createPostureService } from '../services/posture/posture-service.ts';
import { runRole } from '../services/processes/child-role.ts';
import type { RoleChannel } from '../services/processes/child-role.ts';
import { createSessionService } from '../services/sessions/session-service.ts';
import { openDatabase } from '../store/database.ts';
import type { Database } from '../store/database.ts';
import { tryLeadership } from '../store/leadership.ts';
import type { Leadership } from '../store/leadership.ts';
import { migrateDatabase } from '../store/migrate.ts';
import { loadOrCreateEd25519, loadOrCreateSecret } from '../vault/key-file.ts';
import { openControlLog } from './control-log.ts';
import { keyFilesOf, SUBJECT_KEY_BYTES } from './key-files.ts';
import { packageVersion } from './package-facts.ts';
import { createStoredRuns } from './stored-runs.ts';
import { waitForPredecessor } from './wait-for-predecessor.ts';

const POOL_SIZE = 8;
const LEADER_PAUSE_MS = 250;
const LEADER_PATIENCE_MS = 15_000;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function logRequest(line: RequestLogLine): void {
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** One control plane acts on a database. CONFLICT when another one goes on. */
async function lead(database: Database): Promise<Leadership> {
  for (let waited = 0; ; waited += LEADER_PAUSE_MS) {
    const leadership = await tryLeadership(database, () => {
      say('the database has ended the leadership of this control plane; starting again');
      process.exit(1);
    });
    if (leadership !== undefined) return leadership;
    if (waited >= LEADER_PATIENCE_MS) throw new ElulmcError('CONFLICT', 'another control plane acts on this database');
    await sleep(LEADER_PAUSE_MS);
  }
}

/** A demo key at the first start ever, for the three commands that are printed then. */
async function firstKey(door: Door, services: OperationServices, model: string | null): Promise<string | undefined> {
  const posture = await services.posture.read();
  if (model === null || posture.keys.size > 0) return undefined;
  const actor = { kind: 'system', id: 'system' } as const;
  const input = { name: 'demo' };
  const report = await door.call({ room: 'governance', name: 'issue-key', input, actor, signal: new AbortController().signal });
  return (report.output as { readonly key: string }).key;
}

async function startControl(role: ControlRole, channel: RoleChannel): Promise<{ close(): Promise<void> }> {
  const home = homeAt(role.home);
  const keys = keyFilesOf(home);
  const database = await openDatabase(role.databaseUrl, { poolSize: POOL_SIZE });
  const leadership = await lead(database);
  await migrateDatabase(database);
  const sessionKey = createPublicKey(loadOrCreateEd25519(keys.session)).export({ type: 'spki', format: 'der' });
  const posture = await createPostureService(database, {
    subjectMasterKey: loadOrCreateSecret(keys.subject, SUBJECT_KEY_BYTES),
    sessionPublicKey: sessionKey.toString('base64'),
  });
  const { installationId } = await posture.read();

  const links: GatewayLink[] = [];
  channel.onMessage((message) => {
    if (message['type'] === 'gateways') links.splice(0, links.length, ...(message['links'] as GatewayLink[]));
  });
  const gateways = createGatewayService(() => links);
  const controlLog = await openControlLog({ home, installationId, database, gateways, links: () => links, onEvent: say });
  const { log, recordedSince } = controlLog;
  const services: OperationServices = {
    home,
    posture,
    gateways,
    people: createPeopleService(database),
    models: createModelService(),
    sessions: createSessionService(database),
  };
  const runs = createStoredRuns(database);
  await drainSpool(home.spool, log, recordedSince);
  await resolveOpenRuns({ runs, posture, log, recordedSince });
  await posture.declare(role.routing, { actor: 'system', runId: newId('run'), operation: 'start' });

  const door = openDoor({ catalogue, services, log, runs });
  const recorder = openRecorder(log, home.spool);
  const start = (): ReturnType<typeof startControlApi> =>
    startControlApi({
      host: role.host,
      port: role.port,
      door,
      catalogue,
      people: services.people,
      localToken: role.localToken,
      uid: process.getuid?.() ?? 0,
      version: packageVersion(),
      health: async () => {
        const stored = await posture.read().then(
          () => 'ok',
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
        const parts = { database: stored, ledger: log.healthy() ? 'ok' : 'cannot be written' };
        return { ok: Object.values(parts).every((part) => part === 'ok'), installationId, version: packageVersion(), parts };
      },
      onRequest: logRequest,
      extend: [
        (app, authenticate) => {
          registerRunbookRoutes(app, { authenticate, openStream: openEventStream<RunEvents>, catalogue, door, recorder, runs, logSize: () => log.size() });
        },
      ],
    });
  const api = await waitForPredecessor(['PORT_IN_USE'], start);
  const invitation = await inviteFirstAdministrator(database);
  // The first emergency must not wait for modules to be read and compiled.
  await Promise.all([...catalogue.map((entry) => entry.load()), checkRunbook(catalogue, '`./security/emergency_isolation.sh`')]);
  channel.ready({
    port: api.port,
    installationId,
    demoKey: await firstKey(door, services, role.demoModel),
    adminLink: invitation === undefined ? undefined : `http://${role.host}:${String(api.port)}/sign-in/${invitation.secret}`,
  });
  return {
    close: async () => {
      await api.close();
      await controlLog.close();
      await leadership.release();
      await database.close();
    },
  };
}

export function runControlRole(): void {
  runRole(
    (options, channel) => startControl(options as ControlRole, channel),
    (code) => process.exit(code),
  );
}
