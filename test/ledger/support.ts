import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import type { LedgerLog, OpenLogOptions } from '../../src/ledger/log.ts';
import { LogWriter } from '../../src/ledger/log-writer.ts';
import { openLog } from '../../src/ledger/open-log.ts';
import { signerKey } from '../../src/ledger/verify/note-key.ts';
import type { SignerKey } from '../../src/ledger/verify/note-key.ts';
import type { TileSource } from '../../src/ledger/verify/tile-source.ts';
import { FRAME_HEADER_BYTES, sealFrame } from '../../src/ledger/wal-segment.ts';

export const ORIGIN = 'test.example/ledger/one';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-ledger-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export function logOptions(folder: string, more: Partial<OpenLogOptions> = {}): OpenLogOptions {
  return { directory: join(folder, 'log'), name: 'log', origin: ORIGIN, keyFile: join(folder, 'keys', 'log.pem'), ...more };
}

/** An open log that is closed after the test, whatever happens. */
export async function openTestLog(options: OpenLogOptions): Promise<LedgerLog> {
  const log = await openLog(options);
  onTestFinished(() => log.close());
  return log;
}

export function testEntry(id: string, data: LedgerEntry['data'] = { tokens: 12 }): LedgerEntry {
  return {
    v: 1,
    kind: 'request.done',
    id,
    at: '2026-01-02T03:04:05.678Z',
    actor: 'key_test',
    action: 'POST /v1/chat/completions',
    target: 'demo',
    outcome: 'ok',
    ref: null,
    data,
  };
}

/** A frame of these texts, sealed, with the end of each record. */
export function frameOf(texts: readonly string[], firstIndex: number): { frame: Buffer; records: Buffer; ends: number[] } {
  const records = texts.map((text) => {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
  });
  const frame = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), ...records]);
  sealFrame(frame, firstIndex, texts.length);
  let end = 0;
  return { frame, records: frame.subarray(FRAME_HEADER_BYTES), ends: records.map((record) => (end += record.length)) };
}

export function newSigner(name = ORIGIN, type: 1 | 4 = 1): SignerKey {
  return signerKey(name, type, generateKeyPairSync('ed25519').privateKey);
}

export function writeGroup(writer: LogWriter, texts: readonly string[]): void {
  const { frame, records, ends } = frameOf(texts, writer.size);
  writer.commit(frame, texts.length);
  writer.derive(records, ends, texts.length);
}

/** Makes a log of `size` entries `entry <i>` without a thread; returns its key. Groups of 1,000. */
export async function makeLog(directory: string, size: number, key: SignerKey = newSigner()): Promise<SignerKey> {
  const writer = await LogWriter.open({ directory, key });
  while (writer.size < size) writeGroup(writer, entryTexts(writer.size, Math.min(size, writer.size + 1000)));
  writer.publish();
  writer.close();
  return key;
}

export function entryTexts(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `entry ${String(from + i)}`);
}

/** Tiles kept in memory. */
export class MemoryTiles implements TileSource {
  readonly files = new Map<string, Buffer>();

  read(path: string): Promise<Buffer | undefined> {
    return Promise.resolve(this.files.get(path));
  }
}

/** Names in the WAL folder of a log. */
export function walFiles(directory: string): string[] {
  return readdirSync(join(directory, 'entries.wal')).sort();
}
