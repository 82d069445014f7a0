import { ElulmcError } from '../../core/errors.ts';

/** The connection broke, or could not be made: worth another try. */
export class ConnectionLost extends ElulmcError {
  constructor(detail: string, cause: unknown) {
    super('UPSTREAM_UNAVAILABLE', detail, { cause });
  }
}

const SHOWN_CHARACTERS = 300;
/** Statuses by which a server says "not now", with or without a time. */
const BUSY = new Set([429, 503]);

/**
 * The server answered, but not with 200. UPSTREAM_UNAVAILABLE for 429 and 5xx, UPSTREAM_INVALID for anything else: then the
 * request itself does not suit this server (too long, unknown field, no such route, wrong key), now and later.
 */
export class UpstreamRefusal extends ElulmcError {
  readonly status: number;

  constructor(upstream: string, status: number, body: Uint8Array) {
    const shown = Buffer.from(body.subarray(0, 4 * SHOWN_CHARACTERS))
      .toString('utf8')
      .slice(0, SHOWN_CHARACTERS);
    super(status >= 500 || status === 429 ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_INVALID', `${upstream} answered with status ${String(status)}: ${shown}`);
    this.status = status;
  }

  get isBusy(): boolean {
    return BUSY.has(this.status);
  }

  /** Whether the server wants another key, or none may ask this. */
  get isForbidden(): boolean {
    return this.status === 401 || this.status === 403;
  }
}
