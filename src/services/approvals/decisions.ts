import type { ApprovalRequest } from './service.ts';

type Listener = (request: ApprovalRequest) => void;

/** How often requests are looked at that may have expired, while somebody listens. */
const EXPIRY_CHECK_MS = 5_000;

export interface Decisions {
  listen(listener: Listener): () => void;
  tell(request: ApprovalRequest): void;
}

/** Tells listeners of decisions, and looks for expired requests while there are any. */
export function openDecisions(lookForExpired: () => Promise<void>): Decisions {
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  return {
    listen(listener) {
      listeners.add(listener);
      // A database that does not answer is asked again at the next tick.
      timer ??= setInterval(() => void lookForExpired().catch(() => undefined), EXPIRY_CHECK_MS).unref();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    tell(request) {
      for (const listener of listeners) listener(request);
    },
  };
}
