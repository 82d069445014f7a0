import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { readKeyFile } from '../../src/core/ed25519-file.ts';
import { LogWriter } from '../../src/ledger/log-writer.ts';
import { openLogReader } from '../../src/ledger/reader.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { formatVerifierKey, signerKey } from '../../src/ledger/verify/note-key.ts';
import { verifyLog } from '../../src/ledger/verify/verify-log.ts';
import { logOptions, ORIGIN, temporaryFolder } from './support.ts';

const KILLS = 52;
const LOGS = 2;
const CHILD = join(import.meta.dirname, 'writing-child.ts');

/** Acknowledged entries by index, as the child printed them. */
type Acknowledged = Map<number, string>;

function spawnWriter(folder: string, prefix: string, waiting: number): { child: ChildProcess; output: Readable } {
  const { directory, keyFile } = logOptions(folder);
  const child = spawn(process.execPath, [CHILD, directory, keyFile, prefix, String(waiting)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Half of a child's life is spent on reading TypeScript otherwise.
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compile-cache') },
  });
  return { child, output: child.stdout };
}

function startWriter(folder: string, round: number): { child: ChildProcess; acknowledged: Acknowledged; firstAck: Promise<unknown> } {
  const { child, output } = spawnWriter(folder, `r${String(round)}`, 1 + ((round * 37) % 200));
  const acknowledged: Acknowledged = new Map();
  let rest = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) acknowledged.set(Number(line.slice(0, line.indexOf(' '))), line.slice(line.indexOf(' ') + 1));
  });
  return { child, acknowledged, firstAck: once(output, 'data') };
}

/** Kills at a random moment: most often while writing, sometimes while the log is being opened. */
async function writeUntilKilled(folder: string, round: number): Promise<Acknowledged> {
  const { child, acknowledged, firstAck } = startWriter(folder, round);
  const closed = once(child, 'close');
  if (round % 5 !== 4) await Promise.race([firstAck, closed]);
  await sleep(Math.random() * (round % 5 === 4 ? 300 : 120));
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await closed;
  return acknowledged;
}

async function checkNothingIsLost(folder: string, acknowledged: Acknowledged): Promise<void> {
  const { directory, keyFile } = logOptions(folder);
  const privateKey = readKeyFile(keyFile);
  if (privateKey === undefined) return;
  const key = signerKey(ORIGIN, 1, privateKey);
  const vkey = formatVerifierKey(key);
  const writer = await LogWriter.open({ directory, key });
  writer.close();
  expect(await verifyLog({ source: directorySource(directory), vkey })).toMatchObject({ verified: true, size: writer.size });
  if (acknowledged.size === 0) return;
  const reader = await openLogReader(directorySource(directory), vkey);
  const found: Acknowledged = new Map();
  const indexes = [...acknowledged.keys()];
  for await (const { index, bytes } of reader.entries(Math.min(...indexes), Math.max(...indexes) + 1)) found.set(index, bytes.toString('utf8'));
  for (const [index, text] of acknowledged) expect(found.get(index)).toBe(text);
}

async function killRepeatedly(folder: string, kills: number): Promise<number> {
  await once(spawnWriter(folder, 'warm-up', 0).child, 'close');
  let entries = 0;
  for (let round = 0; round < kills; round += 1) {
    const acknowledged = await writeUntilKilled(folder, round);
    await checkNothingIsLost(folder, acknowledged);
    entries += acknowledged.size;
  }
  return entries;
}

test(`nothing acknowledged is lost over ${String(KILLS)} kills at random moments`, { timeout: 300_000 }, async () => {
  const folders = Array.from({ length: LOGS }, temporaryFolder);
  const entries = await Promise.all(folders.map((folder) => killRepeatedly(folder, KILLS / LOGS)));
  for (const count of entries) expect(count).toBeGreaterThan(KILLS);
});
