import { monotonicMs, wallAt } from '../../core/clock.ts';
import type { LedgerEntry } from '../../ledger/entry.ts';
import type { LedgerLog } from '../../ledger/log.ts';
import type { SignerKey } from '../../ledger/verify/note-key.ts';
import type { Database } from '../../store/database.ts';
import { indexLog } from './index-log.ts';
import { lookAtLog } from './witness-log.ts';
import type { Look } from './witness-log.ts';
import type { WitnessedLog } from './witnessed-log.ts';

const LOOK_EVERY_MS = 1_000;
/** While nothing but traffic happens, one entry in this time fixes the order between the logs. */
const RECORD_EVERY_MS = 10_000;

export interface WitnessOptions {
  readonly database: Database;
  readonly key: SignerKey;
  /** The control plane's own log: witnessed too, and where `log.witnessed` entries go. */
  readonly control: LedgerLog;
  readonly controlLog: WitnessedLog;
  /** Logs of the gateways that are known now. */
  readonly logs: () => Promise<readonly WitnessedLog[]>;
  /** One line for the log of the process. */
  readonly onEvent: (text: string) => void;
}

export interface Witness {
  close(): Promise<void>;
}

function entryOf(log: WitnessedLog, look: Extract<Look, { outcome: 'cosigned' | 'refused' }>): LedgerEntry {
  const common = { v: 1, kind: 'log.witnessed', id: log.name, at: wallAt(), actor: 'system', action: 'witness log', target: log.name, ref: null } as const;
  if (look.outcome === 'refused') return { ...common, outcome: 'refused', data: { reason: look.reason, detail: look.detail, independent: log.independent } };
  return {
    ...common,
    outcome: 'ok',
    data: { size: look.head.size, root: look.head.root, cosignature: look.cosignature.trimEnd(), independent: log.independent },
  };
}

/** Follows every log: cosigns it, remembers its head, keeps the search table current, records the order between the logs. */
class RunningWitness implements Witness {
  readonly #options: WitnessOptions;
  readonly #recordedAtMs = new Map<string, number>();
  readonly #failing = new Set<string>();
  readonly #unproven = new Map<string, number>();
  #controlSizeSeen = 0;
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#next(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#pass;
  }

  #next(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#pass = this.#lookAtAll().finally(() => {
        if (!this.#closed) this.#next(LOOK_EVERY_MS);
      });
    }, ms);
  }

  async #lookAtAll(): Promise<void> {
    const { control, controlLog, logs } = this.#options;
    const somethingHappened = control.size() > this.#controlSizeSeen;
    for (const log of await logs().catch(() => [])) await this.#follow(log, somethingHappened);
    await this.#follow(controlLog, false);
    this.#controlSizeSeen = control.size();
  }

  async #follow(log: WitnessedLog, mustRecord: boolean): Promise<void> {
    if (this.#closed) return;
    const { database, key, onEvent } = this.#options;
    try {
      const look = await lookAtLog(database, log, key, (this.#unproven.get(log.name) ?? 0) + 1);
      if (look.outcome === 'unproven') this.#unproven.set(log.name, (this.#unproven.get(log.name) ?? 0) + 1);
      else this.#unproven.delete(log.name);
      if (look.outcome === 'refused' && look.newly) onEvent(`log ${log.name} is refused (${look.reason}): ${look.detail}`);
      await this.#record(log, look, mustRecord);
      if (look.outcome === 'cosigned' || look.outcome === 'unchanged') await indexLog(database, log);
      this.#failing.delete(log.name);
    } catch (error) {
      // The next look tries again; safety does not rest on this one. Said once, until it works again.
      if (!this.#failing.has(log.name)) onEvent(`log ${log.name} cannot be followed: ${error instanceof Error ? error.message : String(error)}`);
      this.#failing.add(log.name);
    }
  }

  async #record(log: WitnessedLog, look: Look, mustRecord: boolean): Promise<void> {
    const { control, controlLog } = this.#options;
    // The control log would grow for ever by telling of its own growth.
    if (log.name === controlLog.name) return;
    const now = monotonicMs();
    const due = now - (this.#recordedAtMs.get(log.name) ?? -Infinity) >= RECORD_EVERY_MS;
    if ((look.outcome === 'cosigned' && (due || mustRecord)) || (look.outcome === 'refused' && look.newly)) {
      await control.append(entryOf(log, look));
      this.#recordedAtMs.set(log.name, now);
    }
  }
}

export function startWitness(options: WitnessOptions): Witness {
  return new RunningWitness(options);
}
