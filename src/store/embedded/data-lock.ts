import { monotonicMs, sleep } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { isLock, releaseLock, takeLock } from '../../core/lock-file.ts';

const RETRY_MS = 50;

/** Runs `work` while this process alone holds `path`. The lock of a process that died is taken over. START_FAILED after `limitMs`. */
export async function withDataLock<T>(path: string, limitMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = monotonicMs() + limitMs;
  let lock = takeLock(path);
  while (!isLock(lock)) {
    if (monotonicMs() > deadline) throw new ElulmcError('START_FAILED', `the lock ${path} is held by process ${String(lock.pid)} on ${lock.host}`);
    await sleep(RETRY_MS);
    lock = takeLock(path);
  }
  try {
    return await work();
  } finally {
    releaseLock(lock);
  }
}
