import { ElulmcError } from '../../core/errors.ts';

/** The JSON value of bytes that a server sent. Throws UPSTREAM_INVALID when they are not UTF-8 or not JSON. */
export function readJson(bytes: Uint8Array, upstream: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ElulmcError('UPSTREAM_INVALID', `${upstream} answered with something that is not JSON`, { cause: error });
  }
}
