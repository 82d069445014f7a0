import { ElulmcError } from '../core/errors.ts';

/** Objects that calls work on, each by one call at a time, within this process: only one control plane performs. */
export interface ObjectLocks {
  /** Resolves once all of them are held, with what lets them go. INTERRUPTED when the signal aborts first. */
  hold(objects: readonly string[], signal: AbortSignal, onWait: (object: string) => void): Promise<() => void>;
}

async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => {
    aborted.reject(new ElulmcError('INTERRUPTED', 'interrupted while another call worked on the same object'));
  };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

export function createObjectLocks(): ObjectLocks {
  const held = new Map<string, Promise<unknown>>();
  return {
    async hold(objects, signal, onWait) {
      // All or none: whoever waits holds nothing, so nobody waits for each other.
      for (let busy = objects.find((object) => held.has(object)); busy !== undefined; busy = objects.find((object) => held.has(object))) {
        onWait(busy);
        await unlessAborted(held.get(busy) ?? Promise.resolve(), signal);
      }
      const released = Promise.withResolvers<undefined>();
      for (const object of objects) held.set(object, released.promise);
      return () => {
        for (const object of objects) if (held.get(object) === released.promise) held.delete(object);
        released.resolve(undefined);
      };
    },
  };
}
