import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ElulmcError } from '../core/errors.ts';
import type { RunbookDocument } from './document.ts';

/** Largest runbook: the document this project starts from has 5 kB. */
export const MAX_RUNBOOK_BYTES = 1024 * 1024;
const PARSE_LIMIT_MS = 30_000;
const PARSE_MEMORY_MB = 512;

export type ParseAnswer = { readonly document: RunbookDocument } | { readonly invalid: string };

function tooLarge(name: string): ElulmcError {
  return new ElulmcError('RUNBOOK_INVALID', `${name} is larger than ${String(MAX_RUNBOOK_BYTES)} bytes`);
}

/** The text of a runbook file. RUNBOOK_INVALID when it is no regular file, too large or not UTF-8; its size is looked at first. */
export function readRunbookFile(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ElulmcError('RUNBOOK_INVALID', `${path} cannot be opened (${code})`, { cause: error });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new ElulmcError('RUNBOOK_INVALID', `${path} is not a file`);
    if (stat.size > MAX_RUNBOOK_BYTES) throw tooLarge(path);
    return decode(path, readAtMost(fd, MAX_RUNBOOK_BYTES + 1));
  } finally {
    closeSync(fd);
  }
}

function readAtMost(fd: number, limit: number): Buffer {
  const buffer = Buffer.alloc(limit);
  let length = 0;
  for (;;) {
    const count = readSync(fd, buffer, length, limit - length, null);
    length += count;
    if (count === 0 || length === limit) return buffer.subarray(0, length);
  }
}

function decode(path: string, bytes: Buffer): string {
  if (bytes.length > MAX_RUNBOOK_BYTES) throw tooLarge(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ElulmcError('RUNBOOK_INVALID', `${path} is not UTF-8`, { cause: error });
  }
}

/** A thread that has started and parses nothing: it is taken for the next text, so that an emergency does not wait for a start. */
let idle: Worker | undefined;

function startParser(): Worker {
  const file = import.meta.url.endsWith('.ts') ? './markdown-worker.ts' : './markdown-worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: PARSE_MEMORY_MB } });
  worker.once('exit', () => {
    if (idle === worker) idle = undefined;
  });
  // Without a listener a thread that breaks while it is idle would end the process.
  worker.on('error', () => undefined);
  return worker;
}

function takeParser(): Worker {
  const worker = idle ?? startParser();
  idle = undefined;
  worker.ref();
  return worker;
}

/** Keeps the thread for the next text. It does not keep the process running. */
function leaveIdle(worker: Worker): void {
  if (idle !== undefined) {
    void worker.terminate();
    return;
  }
  worker.unref();
  idle = worker;
}

/** Starts the thread ahead of the first text. */
export function warmParser(): void {
  if (idle === undefined) leaveIdle(startParser());
}

/** The answer of the thread, or RUNBOOK_INVALID when it gives none in time. */
function answerOf(worker: Worker, text: string, limitMs: number): Promise<ParseAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: unknown): void => {
      settle();
      void worker.terminate();
      reject(new ElulmcError('RUNBOOK_INVALID', `the runbook cannot be parsed: ${what}`, { cause }));
    };
    const onMessage = (answer: ParseAnswer): void => {
      settle();
      leaveIdle(worker);
      resolve(answer);
    };
    const onError = (error: unknown): void => {
      fail('its nesting takes too much memory', error);
    };
    const onExit = (): void => {
      fail('its parser ended without an answer');
    };
    const timer = setTimeout(() => {
      fail(`it is too intricate, the limit is ${String(limitMs)} ms`);
    }, limitMs);
    const settle = (): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(text);
  });
}

/**
 * Parses a runbook in a thread of its own with a limit on time and memory, so that no text can hold up the control plane.
 * RUNBOOK_INVALID names the line, or says that the limit was passed.
 */
export async function parseRunbook(text: string, limitMs = PARSE_LIMIT_MS): Promise<RunbookDocument> {
  if (Buffer.byteLength(text) > MAX_RUNBOOK_BYTES) throw tooLarge('the runbook');
  const answer = await answerOf(takeParser(), text, limitMs);
  if ('invalid' in answer) throw new ElulmcError('RUNBOOK_INVALID', answer.invalid);
  return answer.document;
}
