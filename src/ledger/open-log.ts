import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ElulmcError } from '../core/errors.ts';
import { createKeyFile, readKeyFile } from '../core/ed25519-file.ts';
import { releaseLock } from '../core/lock-file.ts';
import { acquireLock } from './lock.ts';
import type { LedgerLog, OpenLogOptions, TreeHead } from './log.ts';
import { createRing } from './ring.ts';
import { formatVerifierKey, NoteError, signerKey } from './verify/note-key.ts';
import type { SignerKey } from './verify/note-key.ts';
import { WAL_FOLDER } from './wal.ts';
import { WorkerLog } from './worker-log.ts';
import type { WriterData, WriterMessage } from './writer-thread.ts';

const DEFAULT_MAX_PENDING = 65_536;
const DEFAULT_CHECKPOINT_INTERVAL_MS = 1_000;
/** Room for about 16,000 entries of 500 bytes. Every page of it is used in turn, so it is all resident. */
const RING_BYTES = 8 * 1024 * 1024;

/**
 * Opens a log for writing, or makes it, in a worker thread of its own. Rejects with LEDGER_LOCKED (another process writes it),
 * KEY_FILE_UNSAFE (mode, damage, or no key for a log that exists), INTEGRITY_VIOLATION (what is stored is less than what was
 * signed, or different), LEDGER_UNAVAILABLE (the disk refuses), FIELD_INVALID (an origin that cannot stand in a note).
 */
export async function openLog(options: OpenLogOptions): Promise<LedgerLog> {
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const lock = acquireLock(options.directory);
  try {
    const vkey = formatVerifierKey(loadKey(options));
    const ring = createRing(RING_BYTES);
    const data: WriterData = {
      directory: options.directory,
      origin: options.origin,
      keyFile: options.keyFile,
      lock,
      ring,
      checkpointIntervalMs: options.checkpointIntervalMs ?? DEFAULT_CHECKPOINT_INTERVAL_MS,
    };
    // A published package holds .js files, a checkout .ts files: the thread's file is of the same kind as this one.
    const file = import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js';
    const worker = new Worker(new URL(file, import.meta.url), { workerData: data, execArgv: [], name: `ledger ${options.name}` });
    const opened = await waitUntilOpened(worker);
    return new WorkerLog({
      name: options.name,
      origin: options.origin,
      vkey,
      worker,
      ring,
      lock,
      size: opened.size,
      head: opened.head,
      maxPending: options.maxPending ?? DEFAULT_MAX_PENDING,
      onFailure: options.onFailure,
    });
  } catch (error) {
    releaseLock(lock);
    throw error;
  }
}

function loadKey(options: OpenLogOptions): SignerKey {
  const existing = readKeyFile(options.keyFile);
  const hasLog = ['checkpoint', 'vkey', 'tile', WAL_FOLDER].some((name) => existsSync(join(options.directory, name)));
  if (existing === undefined && hasLog)
    throw new ElulmcError(
      'KEY_FILE_UNSAFE',
      `${options.keyFile} is missing, but the log ${options.directory} exists; put the key back, or begin a new log in another folder`,
    );
  try {
    return signerKey(options.origin, 1, existing ?? createKeyFile(options.keyFile));
  } catch (error) {
    if (error instanceof NoteError) throw new ElulmcError('FIELD_INVALID', `the origin of a log: ${error.message}`, { field: 'origin' });
    throw error;
  }
}

function waitUntilOpened(worker: Worker): Promise<{ size: number; head: TreeHead }> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => {
      reject(new ElulmcError('LEDGER_UNAVAILABLE', 'the writer thread of the log did not start'));
    };
    worker.once('error', reject);
    worker.once('exit', onExit);
    worker.once('message', (message: WriterMessage) => {
      worker.off('error', reject);
      worker.off('exit', onExit);
      if (message.type === 'opened') resolve(message);
      else
        reject(message.type === 'failed' ? new ElulmcError(message.code, message.message) : new ElulmcError('LEDGER_UNAVAILABLE', 'the writer thread ended'));
    });
  });
}
