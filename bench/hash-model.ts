import { randomFillSync } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashModel } from '../src/artifacts/manifest/hash-model.ts';
import type { Serialization } from '../src/artifacts/manifest/manifest.ts';
import { walkModel } from '../src/artifacts/manifest/model-walk.ts';
import { opensslSha256, opensslVersion } from './hashing/openssl.ts';
import { median } from './ledger/statistics.ts';

const MIB = 1024 * 1024;
const FILE_MIB = 1024;
const SHARD_MIB = 64;
const SMALL_FILES = 4_000;
const SMALL_BYTES = 512 * 1024;
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

function makeSmallFiles(folder: string): readonly string[] {
  mkdirSync(folder);
  const bytes = randomFillSync(Buffer.alloc(SMALL_BYTES));
  return Array.from({ length: SMALL_FILES }, (_, i) => {
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

/** Our manifests against `openssl dgst -sha256` on the same bytes, in turns, because rates of a machine differ from minute to minute. */
export async function runHashModelBench(): Promise<string> {
  const version = await opensslVersion();
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-hash-model-'));
  const threads = availableParallelism();
  const shards: Serialization = { method: 'shards', shardSize: SHARD_MIB * MIB };
  try {
    const [file, small] = [join(folder, 'model.safetensors'), join(folder, 'small')];
    makeFile(file, FILE_MIB);
    const parts = makeSmallFiles(small);
    const rounds: Record<'peer' | 'one' | 'parallel' | 'peerMany' | 'many', Round[]> = { peer: [], one: [], parallel: [], peerMany: [], many: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      const theirs = await opensslSha256([file]);
      const ours = await measure(file, { method: 'files' }, 1);
      if (ours.digest !== theirs.digest) throw new Error('the digests differ');
      rounds.peer.push(theirs);
      rounds.one.push(ours);
      rounds.parallel.push(await measure(file, shards, threads));
      rounds.peerMany.push(await opensslSha256(parts));
      rounds.many.push(await measure(small, { method: 'files' }, threads));
    }
    const [bytes, smallBytes] = [FILE_MIB * MIB, SMALL_FILES * SMALL_BYTES];
    return [
      `${version}, ${String(threads)} cores, medians of ${String(ROUNDS)} rounds, bytes in the page cache`,
      '',
      ...section(`One file of ${String(FILE_MIB)} MiB`, { name: 'openssl dgst -sha256', bytes, rounds: rounds.peer }, [
        { name: 'one thread', bytes, rounds: rounds.one },
        { name: `shards of ${String(SHARD_MIB)} MiB, a thread for each core`, bytes, rounds: rounds.parallel },
      ]),
      ...section(
        `${String(SMALL_FILES)} files of ${String(SMALL_BYTES / 1024)} KiB`,
        { name: 'openssl dgst -sha256', bytes: smallBytes, rounds: rounds.peerMany },
        [{ name: 'a thread for each core', bytes: smallBytes, rounds: rounds.many }],
      ),
    ].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
