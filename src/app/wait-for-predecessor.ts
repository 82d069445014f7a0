import { monotonicMs, sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';

const PATIENCE_MS = 15_000;
const PAUSE_MS = 100;

/**
 * Tries again while a process of the installation's last run still holds a log or a port: after a kill of the parent its
 * children end within a moment, and the next start must not fail for that.
 */
export async function waitForPredecessor<T>(codes: readonly ErrorCode[], start: () => Promise<T>): Promise<T> {
  const end = monotonicMs() + PATIENCE_MS;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof ElulmcError) || !codes.includes(error.code) || monotonicMs() > end) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
