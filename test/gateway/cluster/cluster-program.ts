/** A small gateway as its own processes: `main` is the primary, `worker` a worker. Speaks with the test over IPC. */
import { join } from 'node:path';
import { startGatewayPrimary } from '../../../src/gateway/cluster/primary.ts';
import { processChannel, startGatewayWorkerProcess } from '../../../src/gateway/cluster/worker-process.ts';
import { openLog } from '../../../src/ledger/open-log.ts';
import { MemoryPosture } from '../../fixtures/memory-posture.ts';
import { testAdapter } from '../fixtures/harness.ts';

interface Options {
  readonly folder: string;
  readonly upstreamUrl: string;
  readonly keys: readonly { readonly text: string; readonly requestsPerMinute: number | null }[];
  readonly slot?: number;
  readonly port?: number;
}

async function main(options: Options): Promise<void> {
  const file = import.meta.filename;
  const logs = new Map([0, 1].map((slot) => [`gw-test-${String(slot)}`, join(options.folder, `gw-test-${String(slot)}`)]));
  const primary = await startGatewayPrimary({
    name: 'test',
    workers: 2,
    public: { host: '127.0.0.1', port: 0 },
    program: (slot, port) => ({ exec: file, args: ['worker'], options: { ...options, slot, port } }),
    readyTimeoutMs: 100_000,
    internal: { host: '127.0.0.1', port: 0, token: 'internal-token' },
    logs,
    onEvent: (text) => process.send?.({ type: 'event', text }),
  });
  process.on('message', (message) => {
    if (message === 'pids') process.send?.({ type: 'pids', pids: primary.workerPids() });
  });
  process.once('disconnect', () => {
    void primary.close().then(() => process.exit(0));
  });
  process.send?.({ type: 'ready', port: primary.port, internalPort: primary.internalPort, pids: primary.workerPids() });
}

async function worker(options: Options): Promise<void> {
  const name = `gw-test-${String(options.slot)}`;
  const log = await openLog({ directory: join(options.folder, name), name, origin: `test.invalid/${name}`, keyFile: join(options.folder, `${name}.key`) });
  const posture = new MemoryPosture({ installationId: 'ins_test' });
  posture.addUpstream('a', options.upstreamUrl);
  posture.addRoute({ model: 'm', targets: [{ upstream: 'a', model: 'm', weight: 1 }], backup: null, active: 'primary' });
  for (const { text, requestsPerMinute } of options.keys) posture.addKey({ id: `key_${String(requestsPerMinute)}`, text, limits: { requestsPerMinute } });
  const channel = processChannel();
  const started = await startGatewayWorkerProcess(
    {
      slot: options.slot ?? 0,
      host: '127.0.0.1',
      port: options.port ?? 0,
      feed: posture,
      log,
      subjectMasterKey: posture.subjectMasterKey,
      sessionSigningKey: null,
      adapterFor: () => testAdapter(),
    },
    channel,
  );
  process.once('disconnect', () => {
    void started
      .close()
      .then(() => log.close())
      .then(() => process.exit(0));
  });
}

const run = process.argv[2] === 'worker' ? worker : main;
process.once('message', (message) => {
  run((message as { options: Options }).options).catch((error: unknown) => {
    process.send?.({ type: 'failed', code: 'START_FAILED', detail: String(error) }, () => process.exit(1));
  });
});
