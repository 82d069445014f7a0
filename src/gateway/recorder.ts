import { wallAt, monotonicMs } from '../core/clock.ts';
import type { EntryKind, Json, LedgerEntry } from '../ledger/entry.ts';
import type { LedgerLog } from '../ledger/log.ts';

const SUMMARY_MS = 1_000;

/** The worker's side of its log: request entries, sums of refusals, heartbeats, and whether the log can be relied on. */
export class Recorder {
  readonly log: LedgerLog;
  readonly #stallMs: number;
  readonly #onFailure: () => void;
  readonly #timer: NodeJS.Timeout;
  #refusals = new Map<string, number>();
  #broken = false;
  #lastEntryMs = monotonicMs();

  /** `onFailure` is called when an append failed, in the same turn. */
  constructor(log: LedgerLog, times: { readonly stallMs: number; readonly heartbeatMs: number }, onFailure: () => void) {
    this.log = log;
    this.#stallMs = times.stallMs;
    this.#onFailure = onFailure;
    this.#timer = setInterval(
      () => {
        this.flushRefusals();
        if (monotonicMs() - this.#lastEntryMs >= times.heartbeatMs) this.note('heartbeat', log.name, 'heartbeat', {});
      },
      Math.min(SUMMARY_MS, times.heartbeatMs),
    );
    this.#timer.unref();
  }

  /** Nothing may be served that cannot be recorded: the log is broken, or the disk does not answer. */
  failed(): boolean {
    return this.#broken || !this.log.healthy() || this.log.lagMs() > this.#stallMs;
  }

  /** Appends an entry; `done` is called once, when it is durable or has failed. */
  append(entry: LedgerEntry, done: (error: Error | null, index: number) => void): void {
    this.#lastEntryMs = monotonicMs();
    this.log.appendThen(entry, done);
  }

  /** Appends an entry that nobody waits for. */
  appendNote(entry: LedgerEntry): void {
    this.append(entry, this.#noted);
  }

  /** An entry about the gateway itself. */
  note(kind: EntryKind, id: string, action: string, data: Json): void {
    const target = this.log.name;
    this.appendNote({ v: 1, kind, id, at: wallAt(), actor: 'system', action, target, outcome: 'ok', ref: null, data });
  }

  /** Counts a refusal of somebody who did not prove who they are; summed per second and reason. */
  countRefusal(code: string): void {
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
  }

  flushRefusals(): void {
    if (this.#refusals.size === 0 || this.failed()) return;
    const counted = this.#refusals;
    this.#refusals = new Map();
    this.note('refusals.summary', this.log.name, 'refuse', Object.fromEntries(counted));
  }

  /** An append failed. A full queue is a moment's overload; a log that is no longer healthy is the end of service. */
  appendFailed(): void {
    this.#broken = this.#broken || !this.log.healthy();
    this.#onFailure();
  }

  close(): void {
    clearInterval(this.#timer);
    this.flushRefusals();
  }

  readonly #noted = (error: Error | null): void => {
    if (error !== null) this.appendFailed();
  };
}
