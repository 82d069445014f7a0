import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asElulmcError, ElulmcError, toProblem } from '../core/errors.ts';
import { createHostCheck } from './allowed-hosts.ts';
import type { StandbyAnswer } from './contract/control.ts';

export interface StandbyOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly version: string;
  readonly installationId: string;
  /** Address of who leads; null while nobody does or it starts. */
  readonly leader: () => string | null;
}

export interface Standby {
  readonly port: number;
  /** Ends every connection: the control API takes the port. */
  close(): Promise<void>;
}

function answer(response: ServerResponse, status: number, type: string, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': type,
    'content-length': String(Buffer.byteLength(text)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
    ...headers,
  });
  response.end(text);
}

/** What a control plane answers while another one leads: that it lives, and whom to ask instead. PORT_IN_USE when the port is taken. */
export async function startStandby(options: StandbyOptions): Promise<Standby> {
  const checkHost = createHostCheck(options.host, []);
  const problem = (response: ServerResponse, error: ElulmcError): void => {
    const body = toProblem(error);
    answer(response, body.status, 'application/problem+json', body, error.row.retry === 'later' ? { 'retry-after': '1' } : {});
  };
  const server = createServer((request, response) => {
    request.resume();
    const leader = options.leader();
    try {
      checkHost(request.headers.host);
    } catch (thrown) {
      problem(response, asElulmcError(thrown));
      return;
    }
    if (request.method === 'GET' && request.url === '/health') {
      const { installationId, version } = options;
      answer(response, 200, 'application/json', { ok: true, role: 'standby', leader, installationId, version } satisfies StandbyAnswer);
      return;
    }
    problem(
      response,
      new ElulmcError('CONTROL_STANDBY', leader === null ? 'no control plane leads at the moment; this one stands by' : `the leader is ${leader}`),
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen(options.port, options.host, () => {
    resolve(undefined);
  });
  try {
    await promise;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw thrown;
    throw new ElulmcError('PORT_IN_USE', `${options.host}:${String(options.port)} is taken`, { cause: thrown, field: 'ELULMC_CONTROL_PORT' });
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((closed) => {
        server.close(() => {
          closed();
        });
        server.closeAllConnections();
      }),
  };
}
