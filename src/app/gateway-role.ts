import { join } from 'node:path';
import type { ElulmcError } from '../core/errors.ts';
import { homeAt } from '../core/home.ts';
import { startGatewayPrimary } from '../gateway/cluster/primary.ts';
import { processChannel, startGatewayWorkerProcess } from '../gateway/cluster/worker-process.ts';
import { openLog } from '../ledger/open-log.ts';
import type { GatewayRole } from '../services/installation/roles.ts';
import { openPostureFeed } from '../services/posture/open-feed.ts';
import { runRole } from '../services/processes/child-role.ts';
import { adapterFor } from '../upstreams/adapters.ts';
import { loadOrCreateEd25519, loadOrCreateSecret } from '../vault/key-file.ts';
import { keyFilesOf, SUBJECT_KEY_BYTES } from './key-files.ts';
import { waitForPredecessor } from './wait-for-predecessor.ts';

const WORKER_READY_MS = 100_000;

interface WorkerRole {
  readonly gateway: GatewayRole;
  readonly slot: number;
}

function logName(gateway: GatewayRole, slot: number): string {
  return `gw-${gateway.name}-${String(slot)}`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function runGatewayRole(): void {
  runRole(
    async (options, channel) => {
      const gateway = options as GatewayRole;
      const home = homeAt(gateway.home);
      const slots = Array.from({ length: gateway.workers }, (_, slot) => slot);
      const primary = await startGatewayPrimary({
        name: gateway.name,
        workers: gateway.workers,
        public: { host: gateway.host, port: gateway.port },
        program: (slot, port) => ({
          exec: process.argv[1] ?? '',
          args: ['_role', 'gateway-worker'],
          options: { gateway: { ...gateway, port }, slot } satisfies WorkerRole,
        }),
        readyTimeoutMs: WORKER_READY_MS,
        internal: { host: '127.0.0.1', port: gateway.internalPort, token: gateway.internalToken },
        logs: new Map(slots.map((slot) => [logName(gateway, slot), join(home.ledger, logName(gateway, slot))])),
        onEvent: say,
      });
      channel.ready({ port: primary.port, internalPort: primary.internalPort, workerPids: primary.workerPids() });
      return primary;
    },
    (code) => process.exit(code),
  );
}

export function runGatewayWorkerRole(): void {
  runRole(
    async (options) => {
      const { gateway, slot } = options as WorkerRole;
      const home = homeAt(gateway.home);
      const keys = keyFilesOf(home);
      const name = logName(gateway, slot);
      const log = await waitForPredecessor(['LEDGER_LOCKED'], () =>
        openLog({
          directory: join(home.ledger, name),
          name,
          origin: `${gateway.installationId}/${name}`,
          keyFile: keys.ledger(name),
          onFailure: (error) => {
            say(`the log ${name} cannot be written: ${error.message}`);
          },
        }),
      );
      const feed = await openPostureFeed({
        databaseUrl: gateway.databaseUrl,
        killswitchPath: home.killswitch,
        onError: (error: ElulmcError) => {
          say(`the posture cannot be read: ${error.message}`);
        },
      });
      const start = (): ReturnType<typeof startGatewayWorkerProcess> =>
        startGatewayWorkerProcess(
          {
            slot,
            host: gateway.host,
            port: gateway.port,
            feed,
            log,
            subjectMasterKey: loadOrCreateSecret(keys.subject, SUBJECT_KEY_BYTES),
            sessionSigningKey: loadOrCreateEd25519(keys.session),
            adapterFor,
          },
          processChannel(),
        );
      const worker = await waitForPredecessor(['PORT_IN_USE'], start);
      return {
        close: async () => {
          await worker.close();
          await feed.close();
          await log.close();
        },
      };
    },
    (code) => process.exit(code),
  );
}
