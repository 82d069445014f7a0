import type { ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import type { LedgerLog } from '../ledger/log.ts';
import { openLog } from '../ledger/open-log.ts';
import { signerKey } from '../ledger/verify/note-key.ts';
import { directorySource } from '../ledger/verify/tile-source.ts';
import { createRecordedSince } from '../operations/recorded-since.ts';
import type { RecordedSince } from '../operations/spool.ts';
import type { GatewayLink } from '../services/gateways/internal-client.ts';
import { gatewayLogSource } from '../services/gateways/log-source.ts';
import type { GatewayService } from '../services/gateways/service.ts';
import { demandContinuation } from '../services/witness/witness-log.ts';
import { startWitness } from '../services/witness/witness-service.ts';
import type { WitnessedLog } from '../services/witness/witnessed-log.ts';
import type { Leadership } from '../store/leadership.ts';
import { loadOrCreateEd25519 } from '../vault/key-file.ts';
import type { ControlLogPlace } from './control-identity.ts';
import { keyFilesOf } from './key-files.ts';
import { leaderLog } from './leader-log.ts';
import { waitForPredecessor } from './wait-for-predecessor.ts';

const COSIGNATURE_TYPE = 4;

export interface ControlLogOptions {
  readonly home: Home;
  readonly place: ControlLogPlace;
  readonly installationId: string;
  readonly leadership: Leadership;
  readonly gateways: GatewayService;
  readonly links: () => readonly GatewayLink[];
  readonly onEvent: (text: string) => void;
}

export interface ControlLog {
  readonly log: LedgerLog;
  readonly recordedSince: RecordedSince;
  close(): Promise<void>;
}

/** Opens the control plane's own log and starts the witness of every log. INTEGRITY_VIOLATION when the log was rolled back. */
export async function openControlLog(options: ControlLogOptions): Promise<ControlLog> {
  const { home, installationId, leadership, gateways, links, onEvent } = options;
  const { name, directory, keyFile } = options.place;
  const { database } = leadership;
  const own: WitnessedLog = { name, source: directorySource(directory), independent: false };
  const key = signerKey(`${installationId}/witness`, COSIGNATURE_TYPE, loadOrCreateEd25519(keyFilesOf(home).witness));
  const opened = await waitForPredecessor(['LEDGER_LOCKED'], () =>
    openLog({
      directory,
      name,
      origin: `${installationId}/${name}`,
      keyFile,
      onFailure: (error: Error | ElulmcError) => {
        onEvent(`the control log cannot be written: ${error.message}`);
      },
    }),
  );
  try {
    await demandContinuation(database, own, key);
  } catch (error) {
    await opened.close();
    throw error;
  }
  const log = leaderLog(opened, () => leadership.confirm());
  const logs = async (): Promise<WitnessedLog[]> =>
    (await gateways.status()).flatMap((gateway) => {
      const link = links().find((candidate) => candidate.name === gateway.name);
      return link === undefined ? [] : gateway.workers.map((worker) => ({ name: worker.log, source: gatewayLogSource(link, worker.log), independent: false }));
    });
  const witness = startWitness({ database, key, control: log, controlLog: own, logs, onEvent });
  return {
    log,
    recordedSince: createRecordedSince(directory),
    close: async () => {
      await witness.close();
      await log.close();
    },
  };
}
