import { request as httpRequest } from 'node:http';
import { startControlApi } from '../../src/api/control-api.ts';
import type { ControlApi, ControlApiOptions, RequestLogLine } from '../../src/api/control-api.ts';
import { catalogue } from '../../src/operations/catalogue.ts';
import { openDoor } from '../../src/operations/door.ts';
import type { Role } from '../../src/services/people/roles.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../fixtures/memory-operation-runs.ts';
import { memoryServices } from '../fixtures/operation-services.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';
import { newPublicKey } from '../fixtures/public-key.ts';

export const LOCAL_TOKEN = 'ell_local-token-of-the-test';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface RunningApi {
  readonly api: ControlApi;
  readonly services: MemoryServices;
  readonly log: MemoryLedger;
  readonly lines: RequestLogLine[];
  /** Token of a new person. */
  personToken(role: Role): Promise<string>;
  send(
    method: string,
    path: string,
    options?: { readonly token?: string | undefined; readonly body?: string | object; readonly headers?: Record<string, string> },
  ): Promise<Answer>;
  stop(): Promise<void>;
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The control API over services in memory, on a free port. */
export async function startApi(changes: Partial<ControlApiOptions> = {}): Promise<RunningApi> {
  const services = memoryServices();
  const log = new MemoryLedger();
  const lines: RequestLogLine[] = [];
  const api = await startControlApi({
    host: '127.0.0.1',
    port: 0,
    door: openDoor({ catalogue: changes.catalogue ?? catalogue, services, log, runs: new MemoryOperationRuns() }),
    catalogue,
    people: services.people,
    breakGlass: services.breakGlass,
    localToken: LOCAL_TOKEN,
    uid: 1000,
    version: '0.0.0-test',
    health: () => Promise.resolve({ ok: true, installationId: 'ins_test', version: '0.0.0-test', parts: { database: 'ok' } }),
    onRequest: (line) => void lines.push(line),
    ...changes,
  });
  return {
    api,
    services,
    log,
    lines,
    personToken: async (role) => (await services.people.redeem((await services.people.invite(role)).secret, `A ${role}`, newPublicKey())).token,
    send: (method, path, options = {}) =>
      new Promise((resolve, reject) => {
        const body = typeof options.body === 'object' ? JSON.stringify(options.body) : options.body;
        const headers = {
          ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
          ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
          ...options.headers,
        };
        const sent = httpRequest({ host: '127.0.0.1', port: api.port, method, path, headers, agent: false }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
          });
        });
        sent.on('error', reject);
        sent.end(body);
      }),
    stop: async () => {
      await api.close();
      services.remove();
    },
  };
}
