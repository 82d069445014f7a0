import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { ElulmcError } from '../core/errors.ts';
import type { OperationContext } from './context.ts';
import { readableHere } from './host-paths.ts';

/** Bytes of a regular file of at most `maxBytes`. FIELD_INVALID names the field; nothing of what the file holds. */
export function readSmallFile(path: string, field: string, maxBytes: number): Buffer {
  const invalid = (what: string, cause?: unknown): ElulmcError => new ElulmcError('FIELD_INVALID', `${field}: ${path} ${what}`, { field, cause });
  let fd: number;
  try {
    // Not blocking: a pipe must not hold the control plane up.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw invalid(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, error);
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw invalid('is no file');
    if (stats.size > maxBytes) throw invalid(`has ${String(stats.size)} bytes, at most ${String(maxBytes)} are read`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The file that an input field of `hostPaths` names. NOT_FOUND, NOT_ALLOWED or FIELD_INVALID, naming the field. */
export function readHostFile(context: OperationContext, given: string, field: string, maxBytes: number): Buffer {
  return readSmallFile(readableHere(context, given, field), field, maxBytes);
}
