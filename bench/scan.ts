import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from './ledger/statistics.ts';
import { corpusSection } from './scan/corpus.ts';
import { makeGguf, makeManyTensors, makeSafetensors, makeTorchZip } from './scan/make-models.ts';
import type { Measured, What } from './scan/measured-scan.ts';
import { runMeasured } from './scan/run-measured.ts';

const MIB = 1024 * 1024;
const ROUNDS = 5;
/** Of the CPU time of Node's sha256 over the same bytes. */
const REQUIRED = 0.5;
const WANTED = 0.8;
const MAX_RSS_MIB = 300;

interface Target {
  readonly name: string;
  /** Writes it; returns its bytes. */
  readonly make: (path: string, bytes: number) => void;
  readonly threads: number;
}

const SHARDS = 8;
const TARGETS: readonly Target[] = [
  { name: 'safetensors, 1,200 tensors', make: (path, bytes) => makeSafetensors(path, bytes, 1200), threads: 1 },
  { name: 'torch zip, 300 tensors', make: (path, bytes) => makeTorchZip(path, bytes, 300), threads: 1 },
  { name: 'torch zip, 3,000 tensors', make: (path, bytes) => makeTorchZip(path, bytes, 3000), threads: 1 },
  { name: 'GGUF, 1,200 tensors', make: (path, bytes) => makeGguf(path, bytes, 1200), threads: 1 },
  { name: `folder of ${String(SHARDS)} shards, safetensors`, make: makeShards, threads: Math.min(4, availableParallelism()) },
];

function makeShards(folder: string, bytes: number): void {
  mkdirSync(folder);
  for (let shard = 0; shard < SHARDS; shard++) makeSafetensors(join(folder, `model-${String(shard)}.safetensors`), bytes / SHARDS, 150);
}

/** What small files of a repository are: JSON, text, source and bytes of nothing. */
function makeSmallFiles(folder: string, count: number): void {
  mkdirSync(folder);
  const kinds = [
    ['json', '{"a": 1}'],
    ['txt', 'hello world\n'],
    ['bin', '\0\xff\0\xaa'],
    ['py', 'print(1)\n'],
  ] as const;
  for (let i = 0; i < count; i++) {
    const [extension, content] = kinds[i % kinds.length] ?? kinds[0];
    writeFileSync(join(folder, `file-${String(i)}.${extension}`), content, 'latin1');
  }
}

const middle = (runs: readonly Measured[], field: 'cpuMs' | 'wallMs'): number => median(runs.map((run) => run[field]));
const most = (runs: readonly Measured[]): number => Math.max(...runs.map(({ maxRssMib }) => maxRssMib));

/** The median of the ratios of each round, since the rates of a machine differ from minute to minute. */
function pairedRatio(peer: readonly Measured[], ours: readonly Measured[], field: 'cpuMs' | 'wallMs', threads = 1): number {
  return median(peer.map((run, round) => run[field] / ((ours[round]?.[field] ?? NaN) * threads)));
}

interface Row {
  readonly target: Target;
  readonly mib: number;
  readonly runs: Readonly<Record<What, readonly Measured[]>>;
}

async function measure(target: Target, folder: string, bytes: number): Promise<Row> {
  const [path, cache] = [join(folder, 'model'), join(folder, 'cache')];
  target.make(path, bytes);
  const runs: Record<What, Measured[]> = { sha256: [], scan: [], 'headers-only': [] };
  for (const what of ['sha256', 'scan'] as const) await runMeasured(what, path, cache);
  for (let round = 0; round < ROUNDS; round++)
    for (const what of ['sha256', 'scan', 'headers-only'] as const) runs[what].push(await runMeasured(what, path, cache));
  rmSync(path, { recursive: true });
  const odd = runs.scan.find(({ verdict }) => verdict !== 'clean');
  if (odd !== undefined) throw new Error(`${target.name}: ${String(odd.verdict)}, and nothing is wrong with it`);
  return { target, mib: bytes / MIB, runs };
}

function judged(value: number, required: number, wanted: number): string {
  if (value >= wanted) return 'wanted';
  return value >= required ? 'required' : 'MISSED';
}

function table(rows: readonly Row[]): string[] {
  const lines = rows.map(({ target, mib, runs }) => {
    const cpu = pairedRatio(runs.sha256, runs.scan, 'cpuMs');
    const wall = pairedRatio(runs.sha256, runs.scan, 'wallMs', target.threads);
    const rates = [middle(runs.sha256, 'cpuMs'), middle(runs.scan, 'cpuMs')].map((ms) => (mib / (ms / 1000)).toFixed(0));
    const headers = middle(runs['headers-only'], 'wallMs').toFixed(0);
    const memory = most(runs.scan);
    const cells = [
      target.name,
      ...rates,
      cpu.toFixed(2),
      wall.toFixed(2),
      memory.toFixed(0),
      headers,
      judged(cpu, REQUIRED, WANTED),
      memory <= MAX_RSS_MIB ? 'met' : 'MISSED',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const head = [
    'what',
    'sha256, MiB / CPU s',
    'scan, MiB / CPU s',
    'CPU ratio',
    'wall ratio for each core',
    'max RSS, MiB',
    'headers only, ms',
    'CPU',
    'memory',
  ];
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...lines, ''];
}

async function oddSection(folder: string): Promise<string[]> {
  const cache = join(folder, 'cache');
  const lines: string[] = [];
  for (const [name, make] of [
    ['a header of 1,000,000 tensors', (path: string) => makeManyTensors(path, 1_000_000)],
    ['a folder of 20,000 small files', (path: string) => makeSmallFiles(path, 20_000)],
  ] as const) {
    const path = join(folder, 'odd');
    make(path);
    const runs = [];
    for (let round = 0; round < 3; round++) runs.push(await runMeasured('scan', path, cache));
    rmSync(path, { recursive: true });
    lines.push(`| ${name} | ${(middle(runs, 'cpuMs') / 1000).toFixed(2)} | ${(middle(runs, 'wallMs') / 1000).toFixed(2)} | ${most(runs).toFixed(0)} |`);
  }
  return ['### Odd inputs', '', '| what | CPU s | s | max RSS, MiB |', '|---|---|---|---|', ...lines, ''];
}

/** Scans of whole models against Node's sha256 over the same bytes, in turns, each in a process of its own; and the open corpus. */
export async function runScanBench(words: readonly string[]): Promise<string> {
  const { values } = parseArgs({
    args: [...words],
    options: { data: { type: 'string', default: '../shared/data/model-files' }, mib: { type: 'string', default: '1024' } },
  });
  const bytes = Number(values.mib) * MIB;
  const load = loadavg()[0] ?? 0;
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-scan-bench-'));
  try {
    const rows: Row[] = [];
    for (const target of TARGETS) rows.push(await measure(target, folder, bytes));
    return [
      `Node ${process.version}, ${String(availableParallelism())} cores, load average before the start ${load.toFixed(2)}; ${values.mib} MiB each, in the page cache; medians of ${String(ROUNDS)} pairs`,
      '',
      `Goals: CPU ratio >= ${REQUIRED.toFixed(1)} required, ${WANTED.toFixed(1)} wanted; max RSS <= ${String(MAX_RSS_MIB)} MiB. Starting the threads and loading the readers count, the start of the program does not.`,
      '',
      ...table(rows),
      ...(await oddSection(folder)),
      ...(await corpusSection(resolve(values.data), join(folder, 'cache'))),
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
