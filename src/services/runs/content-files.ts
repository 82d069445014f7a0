import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../core/atomic-file.ts';
import { ElulmcError } from '../../core/errors.ts';

/** Keeps bytes under their SHA-256 (lower-case hex), mode 0600, whole or not at all. OPERATION_FAILED when the disk does not take them. */
export function keepContent(folder: string, bytes: Uint8Array): string {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = join(folder, sha256);
  if (existsSync(path)) return sha256;
  try {
    replaceFile(path, bytes);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ElulmcError('OPERATION_FAILED', `${String(bytes.length)} bytes could not be kept below ${folder} (${code})`, { cause: error });
  }
  return sha256;
}
