import { asElulmcError } from '../../core/errors.ts';
import { asRecord } from '../../core/json.ts';

/** A child of `elulmc up` as its own process sees it. */
export interface RoleChannel {
  ready(message: Readonly<Record<string, unknown>>): void;
  onMessage(listener: (message: Readonly<Record<string, unknown>>) => void): void;
}

/**
 * Runs one role: waits for the options of the parent, starts, reports ready, and stops in order when the parent's
 * channel closes (also when the parent was killed). Ctrl-C in the terminal reaches the parent only by effect.
 */
export function runRole(start: (options: unknown, channel: RoleChannel) => Promise<{ close(): Promise<void> }>, exit: (code: number) => void): void {
  let running: { close(): Promise<void> } | undefined;
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    if (running === undefined) {
      exit(0);
      return;
    }
    running.close().then(
      () => {
        exit(0);
      },
      (error: unknown) => {
        process.stderr.write(`stop failed: ${String(error)}\n`);
        exit(1);
      },
    );
  };
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', stop);
  process.once('disconnect', stop);
  const channel: RoleChannel = {
    ready: (message) => {
      process.send?.({ ...message, type: 'ready' });
    },
    onMessage: (listener) => {
      process.on('message', (message: unknown) => {
        const record = asRecord(message);
        if (record !== undefined && record['type'] !== 'start') listener(record);
      });
    },
  };
  process.once('message', (message: unknown) => {
    start(asRecord(message)?.['options'], channel).then(
      (started) => {
        running = started;
        if (stopping)
          void started.close().then(() => {
            exit(0);
          });
      },
      (thrown: unknown) => {
        const error = asElulmcError(thrown, 'START_FAILED');
        process.stderr.write(`${error.code}: ${error.message}\n${error.stack ?? ''}\n`);
        process.send?.({ type: 'failed', code: error.code, detail: error.message });
        setTimeout(() => {
          exit(error.row.exit);
        }, 50);
      },
    );
  });
}
