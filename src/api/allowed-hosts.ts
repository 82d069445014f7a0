import { ElulmcError } from '../core/errors.ts';

/** The name in a Host header, without the port; undefined when the header is no `host[:port]`. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase();
}

/**
 * Refuses requests that were addressed to another name: a page whose name was rebound to 127.0.0.1 would send its own.
 * HOST_NOT_ALLOWED.
 */
export function createHostCheck(listenHost: string, names: readonly string[]): (header: string | undefined) => void {
  const allowed = new Set([
    '127.0.0.1',
    'localhost',
    '[::1]',
    ...[listenHost, ...names].map((name) => (name.includes(':') ? `[${name}]` : name).toLowerCase()),
  ]);
  return (header) => {
    const name = hostName(header);
    if (name === undefined || !allowed.has(name)) throw new ElulmcError('HOST_NOT_ALLOWED', 'the Host header does not name this server');
  };
}
