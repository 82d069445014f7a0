import { hash } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { monotonicMs, wallAt } from '../../src/core/clock.ts';
import { newId } from '../../src/core/ids.ts';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import type { LedgerLog } from '../../src/ledger/log.ts';
import { openLog } from '../../src/ledger/open-log.ts';

/** One round of one system. */
export interface Measurement {
  readonly entries: number;
  readonly wallMs: number;
  /** CPU time of the process, all threads. */
  readonly cpuMs: number;
  /** From an entry's appending to its durability; for the batch systems one value for each batch. */
  readonly latenciesMs: readonly number[];
}

export interface System {
  readonly name: string;
  /** Appends durably in a new folder, `batch` entries waiting at any time: `warmUpMs` without and `ms` with measurement. */
  measure(folder: string, batch: number, warmUpMs: number, ms: number): Promise<Measurement>;
}

/** About 300 bytes, like the record of a request. */
function newEntry(): LedgerEntry {
  return {
    v: 1,
    kind: 'request.done',
    id: newId('req'),
    at: wallAt(),
    actor: 'key_01kwv3mxq2b7d9f4h6k8m0p2r4',
    action: 'POST /v1/chat/completions',
    target: 'assistant',
    outcome: 'ok',
    ref: null,
    data: { upstream: 'primary', status: 200, tokensIn: 212, tokensOut: 64, ms: 318, finish: 'stop' },
  };
}

async function timed(run: (latenciesMs: number[]) => number | Promise<number>): Promise<Measurement> {
  const latenciesMs: number[] = [];
  const cpu = process.cpuUsage();
  const start = monotonicMs();
  const entries = await run(latenciesMs);
  const wallMs = monotonicMs() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { entries, wallMs, cpuMs: (user + system) / 1000, latenciesMs };
}

interface BatchStore {
  /** Makes this many entries durable. */
  write(batch: number): void;
  close(): void;
}

/** A system that takes whole batches one after the other. */
function batchSystem(name: string, open: (folder: string) => BatchStore): System {
  return {
    name,
    measure: async (folder, batch, warmUpMs, ms) => {
      const store = open(folder);
      writeFor(store, batch, warmUpMs, []);
      const measurement = await timed((latenciesMs) => writeFor(store, batch, ms, latenciesMs));
      store.close();
      return measurement;
    },
  };
}

function writeFor(store: BatchStore, batch: number, ms: number, latenciesMs: number[]): number {
  const end = monotonicMs() + ms;
  let entries = 0;
  while (entries === 0 || monotonicMs() < end) {
    const start = monotonicMs();
    store.write(batch);
    latenciesMs.push(monotonicMs() - start);
    entries += batch;
  }
  return entries;
}

function appendTo(fd: number, text: string): void {
  writeSync(fd, text);
  fdatasyncSync(fd);
}

/** No integrity at all: the ceiling of what a log of JSON lines can do. */
export const ndjson: System = batchSystem('NDJSON + fdatasync', (folder) => {
  const fd = openSync(join(folder, 'log'), 'a');
  return {
    write: (batch) => {
      let text = '';
      for (let i = 0; i < batch; i += 1) text += `${JSON.stringify(newEntry())}\n`;
      appendTo(fd, text);
    },
    close: () => {
      closeSync(fd);
    },
  };
});

/** Each line carries the hash of itself and the one before. */
export const hashChain: System = batchSystem('NDJSON + hash chain', (folder) => {
  const fd = openSync(join(folder, 'log'), 'a');
  let previous = '';
  return {
    write: (batch) => {
      let text = '';
      for (let i = 0; i < batch; i += 1) {
        const json = JSON.stringify(newEntry());
        previous = hash('sha256', previous + json);
        text += `${previous} ${json}\n`;
      }
      appendTo(fd, text);
    },
    close: () => {
      closeSync(fd);
    },
  };
});

export const sqliteChain: System = batchSystem('SQLite hash chain (WAL, FULL)', (folder) => {
  const database = new DatabaseSync(join(folder, 'log.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE log (id INTEGER PRIMARY KEY, entry TEXT NOT NULL, hash TEXT NOT NULL)');
  const insert = database.prepare('INSERT INTO log (entry, hash) VALUES (?, ?)');
  let previous = '';
  return {
    write: (batch) => {
      database.exec('BEGIN');
      for (let i = 0; i < batch; i += 1) {
        const json = JSON.stringify(newEntry());
        previous = hash('sha256', previous + json);
        insert.run(json, previous);
      }
      database.exec('COMMIT');
    },
    close: () => {
      database.close();
    },
  };
});

/** Bytes of the same number, made of nothing: what the disk takes. */
export const bareSync: System = batchSystem('bare write + fdatasync', (folder) => {
  const fd = openSync(join(folder, 'log'), 'a');
  const bytes = JSON.stringify(newEntry()).length + 1;
  const blocks = new Map<number, Buffer>();
  return {
    write: (batch) => {
      const block = blocks.get(batch) ?? Buffer.alloc(batch * bytes, 'x');
      blocks.set(batch, block);
      writeSync(fd, block);
      fdatasyncSync(fd);
    },
    close: () => {
      closeSync(fd);
    },
  };
});

/** Keeps `batch` entries waiting: each answer brings the next entry, until `isOver`. Resolves with the number of entries. */
function keepWaiting(log: LedgerLog, batch: number, isOver: (appended: number) => boolean, latenciesMs: number[]): Promise<number> {
  return new Promise((resolve, reject) => {
    let appended = 0;
    let answered = 0;
    const next = (): void => {
      if (isOver(appended)) {
        if (answered === appended) resolve(answered);
        return;
      }
      appended += 1;
      const start = monotonicMs();
      log.appendThen(newEntry(), (error) => {
        if (error !== null) {
          reject(error);
          return;
        }
        latenciesMs.push(monotonicMs() - start);
        answered += 1;
        next();
      });
    };
    for (let i = 0; i < batch; i += 1) next();
  });
}

function keepWaitingFor(log: LedgerLog, batch: number, ms: number, latenciesMs: number[]): Promise<number> {
  const end = monotonicMs() + ms;
  return keepWaiting(log, batch, (appended) => appended >= batch && monotonicMs() >= end, latenciesMs);
}

function openBenchLog(folder: string): Promise<LedgerLog> {
  return openLog({ directory: join(folder, 'log'), name: 'log', origin: 'bench.example/log', keyFile: join(folder, 'key.pem') });
}

export const ledger = {
  name: 'ledger',
  measure: async (folder: string, batch: number, warmUpMs: number, ms: number): Promise<Measurement> => {
    const log = await openBenchLog(folder);
    await keepWaitingFor(log, batch, warmUpMs, []);
    const measurement = await timed((latenciesMs) => keepWaitingFor(log, batch, ms, latenciesMs));
    await log.close();
    return measurement;
  },
  /** Makes a log of `entries` entries. */
  fill: async (folder: string, entries: number): Promise<{ directory: string; vkey: string }> => {
    const log = await openBenchLog(folder);
    await keepWaiting(log, 1_000, (appended) => appended >= entries, []);
    await log.close();
    return { directory: join(folder, 'log'), vkey: log.vkey };
  },
};
