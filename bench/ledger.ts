import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { directorySource } from '../src/ledger/verify/tile-source.ts';
import { verifyLog } from '../src/ledger/verify/verify-log.ts';
import { median, quantile } from './ledger/statistics.ts';
import { bareSync, hashChain, ledger, ndjson, sqliteChain } from './ledger/systems.ts';
import type { Measurement, System } from './ledger/systems.ts';

const ROUNDS = 5;
/** Each round is a new log, partly with a new thread: its code is compiled before anything is measured. */
const WARM_UP_MS = 400;
const ROUND_MS = 800;
const BATCHES = [1, 100, 1_000, 10_000];
const SYSTEMS: readonly System[] = [ledger, ndjson, hashChain, sqliteChain, bareSync];
const VERIFIED_ENTRIES = 300_000;
const VERIFICATIONS = 5;

/** Rates and latencies of one system at one batch size: medians over the rounds. */
interface Result {
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type Results = ReadonlyMap<System, Result>;

/**
 * The ledger against a hash chain in SQLite and plain files, durable, at equal numbers of waiting entries. All systems take turns
 * in one run on one disk, because absolute rates of a disk differ tenfold: only the ratios say something. Returns Markdown.
 */
export async function runLedgerBench(): Promise<string> {
  const folder = mkdtempSync(join(import.meta.dirname, '.ledger-'));
  try {
    const sections: string[] = [];
    for (const batch of BATCHES) sections.push(section(batch, await compare(folder, batch)));
    return [...sections, await verification(join(folder, 'verified'))].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(folder: string, batch: number): Promise<Results> {
  const measured = new Map<System, Measurement[]>(SYSTEMS.map((system) => [system, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const system of SYSTEMS) {
      // Nothing is removed before the end: some file systems are slow to make files where files were just removed.
      const place = mkdtempSync(join(folder, 'round-'));
      measured.get(system)?.push(await system.measure(place, batch, WARM_UP_MS, ROUND_MS));
    }
  }
  return new Map([...measured].map(([system, list]) => [system, summarize(list)]));
}

function summarize(list: readonly Measurement[]): Result {
  return {
    perSecond: median(list.map(({ entries, wallMs }) => (entries / wallMs) * 1000)),
    perCpuSecond: median(list.map(({ entries, cpuMs }) => (entries / cpuMs) * 1000)),
    p50Ms: median(list.map(({ latenciesMs }) => quantile(latenciesMs, 0.5))),
    p99Ms: median(list.map(({ latenciesMs }) => quantile(latenciesMs, 0.99))),
  };
}

function section(batch: number, results: Results): string {
  const rows = [...results].map(([{ name }, { perSecond, perCpuSecond, p50Ms, p99Ms }]) => {
    const cells = [name, perSecond.toFixed(0), perCpuSecond.toFixed(0), p50Ms.toFixed(2), p99Ms.toFixed(2)];
    return `| ${cells.join(' | ')} |`;
  });
  const table = ['| system | durable entries/s | entries/CPU-s | p50 ms | p99 ms |', '|---|---|---|---|---|', ...rows];
  return [`### ${String(batch)} waiting`, '', ...table, '', ...verdicts(batch, results), ''].join('\n');
}

/** The stated targets (docs/benchmarks.md), each with what was measured. */
function verdicts(batch: number, results: Results): string[] {
  const value = (system: System, key: keyof Result): number => results.get(system)?.[key] ?? NaN;
  const rate = (system: System): number => value(ledger, 'perSecond') / value(system, 'perSecond');
  const lines = [
    `- rate against the SQLite hash chain: ${rate(sqliteChain).toFixed(2)} x${batch === 1_000 ? ' (target 1.2 x)' : ''}`,
    `- rate against NDJSON + hash chain: ${rate(hashChain).toFixed(2)} x`,
    `- rate against plain NDJSON + fdatasync: ${rate(ndjson).toFixed(2)} x${target(batch)}`,
    `- p99 against bare fdatasync: ${(value(ledger, 'p99Ms') / value(bareSync, 'p99Ms')).toFixed(2)} x (target 3 x, floor 5 x)`,
  ];
  return batch === 1_000 ? [...lines, `- durable entries a second: ${value(ledger, 'perSecond').toFixed(0)} (target 150,000)`] : lines;
}

function target(batch: number): string {
  if (batch === 1) return ' (target 0.9 x)';
  return batch === 1_000 ? ' (target 0.40 x)' : '';
}

async function verification(folder: string): Promise<string> {
  const { directory, vkey } = await ledger.fill(folder, VERIFIED_ENTRIES);
  const rates: number[] = [];
  for (let i = 0; i < VERIFICATIONS; i += 1) {
    const before = process.cpuUsage();
    const result = await verifyLog({ source: directorySource(directory), vkey });
    const { user, system } = process.cpuUsage(before);
    if (!result.verified) throw new Error(`${result.place}: ${result.reason}`);
    rates.push((result.size / (user + system)) * 1e6);
  }
  return [`### Re-verification`, '', `${String(VERIFIED_ENTRIES)} entries: ${median(rates).toFixed(0)} entries per CPU-second (target 700,000)`, ''].join('\n');
}
