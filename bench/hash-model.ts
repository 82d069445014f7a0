import { randomFillSync } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashModel } from '../src/artifacts/manifest/hash-model.ts';
import type { Serialization } from '../src/artifacts/manifest/manifest.ts';
import { walkModel } from '../src/artifacts/manifest/model-walk.ts';
import { opensslSha256, opensslVersion } from './hashing/openssl.ts';
import { median } from './ledger/statistics.ts';

const MIB = 1024 * 1024;
const FILE_MIB = 1024;
const SHARD_MIB = 64;
/** Many files: shards of adapters and tokenizers, and those of a data set beside a model. */
const SETS = [
  { count: 4_000, size: 512 * 1024 },
  { count: 20_000, size: 16 * 1024 },
];
const ROUNDS = 5;
/** Bytes for each second of CPU, against those of openssl on the same bytes. */
const GOAL = 0.8;

interface Round {
  readonly cpuMs: number;
  readonly wallMs: number;
}

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly rounds: readonly Round[];
}

function makeFile(path: string, mib: number): void {
  writeFileSync(path, '');
  const block = Buffer.alloc(8 * MIB);
  for (let written = 0; written < mib; written += 8) appendFileSync(path, randomFillSync(block));
}

function makeFiles(folder: string, count: number, size: number): readonly string[] {
  mkdirSync(folder);
  const bytes = randomFillSync(Buffer.alloc(size));
  return Array.from({ length: count }, (_, i) => {
    const path = join(folder, `part-${String(i)}.bin`);
    writeFileSync(path, bytes);
    return path;
  });
}

/** The whole way of `verify-model`: the visit, the threads, the digests and their order. */
async function measure(model: string, serialization: Serialization, threads: number): Promise<Round & { readonly digest: string }> {
  const cpu = process.cpuUsage();
  const before = performance.now();
  const { files } = await walkModel(model, { ignored: new Set(), links: 'refuse' });
  const { manifest } = await hashModel(files, { serialization, hash: 'sha256', threads });
  const wallMs = performance.now() - before;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, wallMs, digest: manifest.resources[0]?.digest ?? '' };
}

function perCpuSecond({ bytes, rounds }: Row): number {
  return bytes / MIB / (median(rounds.map(({ cpuMs }) => cpuMs)) / 1000);
}

function section(title: string, peer: Row, rows: readonly Row[]): string[] {
  const lines = [peer, ...rows].map((row) => {
    const wall = row.bytes / MIB / (median(row.rounds.map(({ wallMs }) => wallMs)) / 1000);
    const ratio = perCpuSecond(row) / perCpuSecond(peer);
    return `| ${row.name} | ${perCpuSecond(row).toFixed(0)} | ${wall.toFixed(0)} | ${ratio.toFixed(2)} |`;
  });
  const worst = Math.min(...rows.map((row) => perCpuSecond(row) / perCpuSecond(peer)));
  const verdict = `- worst ratio for each core: ${worst.toFixed(2)} (goal ${GOAL.toFixed(1)}: ${worst >= GOAL ? 'met' : 'missed'})`;
  return [`### ${title}`, '', '| what | MiB for each CPU second | MiB for each second | CPU ratio |', '|---|---|---|---|', ...lines, '', verdict, ''];
}

/** Many files of one size against openssl, in turns. */
async function measureSet(folder: string, { count, size }: (typeof SETS)[number], threads: number): Promise<readonly string[]> {
  const paths = makeFiles(folder, count, size);
  const [theirs, ours]: [Round[], Round[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    theirs.push(await opensslSha256(paths));
    ours.push(await measure(folder, { method: 'files' }, threads));
  }
  rmSync(folder, { recursive: true });
  const bytes = count * size;
  return section(`${String(count)} files of ${String(size / 1024)} KiB`, { name: 'openssl dgst -sha256', bytes, rounds: theirs }, [
    { name: 'a thread for each core', bytes, rounds: ours },
  ]);
}

async function measureFile(file: string, threads: number): Promise<readonly string[]> {
  const shards: Serialization = { method: 'shards', shardSize: SHARD_MIB * MIB };
  makeFile(file, FILE_MIB);
  const rounds: Record<'peer' | 'one' | 'parallel', Round[]> = { peer: [], one: [], parallel: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const theirs = await opensslSha256([file]);
    const ours = await measure(file, { method: 'files' }, 1);
    if (ours.digest !== theirs.digest) throw new Error('the digests differ');
    rounds.peer.push(theirs);
    rounds.one.push(ours);
    rounds.parallel.push(await measure(file, shards, threads));
  }
  rmSync(file);
  const bytes = FILE_MIB * MIB;
  return section(`One file of ${String(FILE_MIB)} MiB`, { name: 'openssl dgst -sha256', bytes, rounds: rounds.peer }, [
    { name: 'one thread', bytes, rounds: rounds.one },
    { name: `shards of ${String(SHARD_MIB)} MiB, a thread for each core`, bytes, rounds: rounds.parallel },
  ]);
}

/** Our manifests against `openssl dgst -sha256` on the same bytes, in turns, because rates of a machine differ from minute to minute. */
export async function runHashModelBench(): Promise<string> {
  const version = await opensslVersion();
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-hash-model-'));
  const threads = availableParallelism();
  const load = loadavg()[0]?.toFixed(1) ?? '';
  try {
    const lines = [
      `${version}, ${String(threads)} cores, load average before ${load}, medians of ${String(ROUNDS)} rounds, bytes in the page cache`,
      '',
      ...(await measureFile(join(folder, 'model.safetensors'), threads)),
    ];
    for (const set of SETS) lines.push(...(await measureSet(join(folder, String(set.count)), set, threads)));
    return lines.join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
