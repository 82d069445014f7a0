import { startControlApi } from '../api/control-api.ts';
import type { RequestLogLine } from '../api/control-api.ts';
import { homeAt } from '../core/home.ts';
import type { Home } from '../core/home.ts';
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
import { registerRunbookRoutes } from '../runbook/http.ts';
import { runbookFolders } from '../runbook/runbook-files.ts';
import type { RunStreamEvents } from '../runbook/run-view.ts';
import { openTrustedRunbooks } from '../runbook/trusted-runbooks.ts';
import { createAttestationPolicyService } from '../services/attestation-policies/attestation-policy-service.ts';
import { createChangeService } from '../services/changes/change-service.ts';
import { createApprovalService } from '../services/approvals/approval-service.ts';
import { createBreakGlassService } from '../services/approvals/break-glass.ts';
import { storedApprovals } from '../services/approvals/stored-approvals.ts';
import { passkeyVerifier } from '../services/approvals/verify-passkey.ts';
import { createGatewayService } from '../services/gateways/gateway-service.ts';
import type { GatewayLink } from '../services/gateways/internal-client.ts';
import type { ControlRole } from '../services/installation/roles.ts';
import { createModelService } from '../services/models/model-service.ts';
import { createPeopleService, inviteFirstAdministrator } from '../services/people/people-service.ts';
import { createRegistryService } from '../services/registry/registry-service.ts';
import { siteOf } from '../services/people/site.ts';
import type { Site } from '../services/people/site.ts';
import { createPostureService } from '../services/posture/posture-service.ts';
import { runRole } from '../services/processes/child-role.ts';
import type { RoleChannel } from '../services/processes/child-role.ts';
import { createSessionService } from '../services/sessions/session-service.ts';
import { createWaiverService } from '../services/waivers/waiver-service.ts';
import type { WindowService } from '../services/windows/service.ts';
import { createWindowService } from '../services/windows/window-service.ts';
import { openDatabase } from '../store/database.ts';
import { newControlName } from '../store/leadership.ts';
import { loadOrCreateSecret } from '../vault/key-file.ts';
import { openBrowserSignIn } from './browser-sign-in.ts';
import { becomeLeader } from './become-leader.ts';
import type { Leading } from './become-leader.ts';
import { controlLogPlace, identityOf } from './control-identity.ts';
import { openControlLog } from './control-log.ts';
import { keyFilesOf, SUBJECT_KEY_BYTES } from './key-files.ts';
import { packageVersion } from './package-facts.ts';
import { createRunLedger } from './entry-proof.ts';
import { openRuns } from './open-runs.ts';
import { openSchedules } from './open-schedules.ts';
import { createStoredRuns } from './stored-runs.ts';
import { waitForPredecessor } from './wait-for-predecessor.ts';

const POOL_SIZE = 8;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function logRequest(line: RequestLogLine): void {
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** A demo key at the first start ever, for the three commands that are printed then. */
async function firstKey(door: Door, services: OperationServices, model: string | null): Promise<string | undefined> {
  const posture = await services.posture.read();
  if (model === null || posture.keys.size > 0) return undefined;
  if (services.approvals.policyFor('governance issue-key', 'change', 0).required > 0) return undefined;
  const actor = { kind: 'system', id: 'system' } as const;
  const input = { name: 'demo' };
  const report = await door.call({ room: 'governance', name: 'issue-key', input, actor, signal: new AbortController().signal });
  return (report.output as { readonly key: string }).key;
}

/** The gateways of this host, as the supervisor tells them: also while this control plane stands by. */
function gatewayLinks(channel: RoleChannel): () => readonly GatewayLink[] {
  let links: readonly GatewayLink[] = [];
  channel.onMessage((message) => {
    if (message['type'] === 'gateways') links = message['links'] as readonly GatewayLink[];
  });
  return () => links;
}

interface Running {
  close(): Promise<void>;
}

interface LeadingParts {
  readonly role: ControlRole;
  readonly channel: RoleChannel;
  readonly home: Home;
  readonly links: () => readonly GatewayLink[];
  readonly windows: WindowService;
  readonly leading: Leading;
}

async function startControl(role: ControlRole, channel: RoleChannel): Promise<Running> {
  const home = homeAt(role.home);
  // Also who stands by must know now that it could not lead.
  const windows = createWindowService(role.settings.windows);
  const links = gatewayLinks(channel);
  const database = await openDatabase(role.databaseUrl, { poolSize: POOL_SIZE, clientName: newControlName() });
  const leading = await becomeLeader({ role, home, database, channel, say });
  const serving = await startLeading({ role, channel, home, links, windows, leading });
  return {
    close: async () => {
      await serving.close();
      await leading.leadership.release();
      await database.close();
    },
  };
}

/** Everything that only the leader does. `database` is fenced: nothing is committed once another control plane leads. */
async function startLeading({ role, channel, home, links, windows, leading }: LeadingParts): Promise<Running> {
  const { leadership } = leading;
  const { database } = leadership;
  const posture = await createPostureService(database, {
    subjectMasterKey: loadOrCreateSecret(keyFilesOf(home).subject, SUBJECT_KEY_BYTES),
    sessionPublicKey: identityOf(home, role.settings.name).sessionKey,
  });
  const { installationId } = await posture.read();
  let listeningPort = role.port;
  const site = (): Site => siteOf(role.settings.signIn, listeningPort);
  const gateways = createGatewayService(links);
  const place = controlLogPlace(home, role.settings.name);
  const controlLog = await openControlLog({ home, place, installationId, leadership, gateways, links, onEvent: say });
  const { log, recordedSince } = controlLog;
  const services: OperationServices = {
    home,
    posture,
    gateways,
    people: createPeopleService(database),
    models: createModelService(),
    registry: createRegistryService(database, role.settings.gates),
    attestationPolicies: createAttestationPolicyService(database),
    sessions: createSessionService(database),
    waivers: createWaiverService(database),
    windows,
    changes: createChangeService(database),
    approvals: createApprovalService({
      records: storedApprovals(database),
      installation: installationId,
      environment: role.settings.environment,
      policy: role.settings.approvals,
      verifyPasskey: passkeyVerifier(site),
    }),
    breakGlass: createBreakGlassService(database),
  };
  const runs = createStoredRuns(database, log.name);
  await drainSpool(home.spool, log, recordedSince);
  await resolveOpenRuns({ runs, posture, log, recordedSince });
  await posture.declare(role.routing, { actor: 'system', runId: newId('run'), operation: 'start' });

  const door = openDoor({ catalogue, services, log, runs });
  const recorder = openRecorder(log, home.spool);
  const trusted = openTrustedRunbooks(role.settings.runbooks.processes, home.root);
  const runbookRuns = await openRuns({ home, leadership, services, door, log, recordedSince, trusted, say });
  const sources = { catalogue, folders: runbookFolders(home), trusted };
  const schedules = openSchedules({ ...sources, schedules: role.settings.schedules, database, runs: runbookRuns, say });
  const browserSignIn = openBrowserSignIn({ settings: role.settings.signIn, home: role.home, database, people: services.people, recorder, site });
  const port = await leading.takePort();
  const start = (): ReturnType<typeof startControlApi> =>
    startControlApi({
      host: role.host,
      port,
      door,
      catalogue,
      people: services.people,
      breakGlass: services.breakGlass,
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
      site,
      ...(role.settings.signIn.origin === null ? {} : { hostNames: [new URL(site().origin).hostname] }),
      extend: [
        browserSignIn,
        (app, authenticate) => {
          registerRunbookRoutes(app, {
            ...{ authenticate, openStream: openEventStream<RunStreamEvents>, ledger: createRunLedger(place) },
            ...{ catalogue, door, approvals: services.approvals, trusted, schedules, runs: runbookRuns },
          });
        },
      ],
    });
  const api = await waitForPredecessor(['PORT_IN_USE'], start);
  listeningPort = api.port;
  await leadership.announce(`http://${role.host}:${String(api.port)}`);
  const invitation = await inviteFirstAdministrator(database);
  // The first emergency must not wait for modules to be read and compiled.
  await Promise.all([...catalogue.map((entry) => entry.load()), checkRunbook(catalogue, '`./security/emergency_isolation.sh`')]);
  channel.ready({
    port: api.port,
    installationId,
    demoKey: await firstKey(door, services, role.demoModel),
    adminLink: invitation === undefined ? undefined : `http://${role.host}:${String(api.port)}/sign-in/${invitation.secret}`,
  });
  schedules.start();
  return {
    close: async () => {
      await schedules.close();
      await api.close();
      await runbookRuns.close();
      await controlLog.close();
    },
  };
}

export function runControlRole(): void {
  runRole(
    (options, channel) => startControl(options as ControlRole, channel),
    (code) => process.exit(code),
  );
}
