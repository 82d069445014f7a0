import { readFileSync } from 'node:fs';
import { ElulmcError } from '../core/errors.ts';

const MAX_TOKEN_BYTES = 16 * 1024;

/** The bearer token that an upstream wants, from a file with one line; null for no file. CONFIG_INVALID when it cannot be used. */
export function readTokenFile(path: string | null): string | null {
  if (path === null) return null;
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ElulmcError('CONFIG_INVALID', `the token file ${path} cannot be read`, { cause: error, field: 'tokenFile' });
  }
  if (text === '' || text.length > MAX_TOKEN_BYTES || !/^[\x21-\x7e]+$/.test(text)) {
    throw new ElulmcError('CONFIG_INVALID', `the token file ${path} does not hold one token on one line`, { field: 'tokenFile' });
  }
  return text;
}
