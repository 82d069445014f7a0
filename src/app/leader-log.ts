import type { LedgerEntry } from '../ledger/entry.ts';
import type { LedgerLog } from '../ledger/log.ts';

/**
 * The control log for a leader: before an entry is handed over, `confirm` lets a control plane that stood still find out that it was
 * replaced, so that it ends instead of recording what failed because of that. Keeps the order.
 */
export function leaderLog(log: LedgerLog, confirm: () => Promise<void>): LedgerLog {
  let last: Promise<void> = Promise.resolve();
  const confirmed = (): Promise<void> => {
    last = last.then(confirm);
    return last;
  };
  return {
    name: log.name,
    origin: log.origin,
    vkey: log.vkey,
    appendThen: (entry: LedgerEntry, done) => {
      void confirmed().then(() => {
        log.appendThen(entry, done);
      });
    },
    append: (entry) => confirmed().then(() => log.append(entry)),
    appendSigned: (entry) => confirmed().then(() => log.appendSigned(entry)),
    head: () => log.head(),
    size: () => log.size(),
    pending: () => log.pending(),
    lagMs: () => log.lagMs(),
    healthy: () => log.healthy(),
    close: () => log.close(),
  };
}
