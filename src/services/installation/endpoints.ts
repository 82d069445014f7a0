import { readFileSync } from 'node:fs';
import { replaceFile } from '../../core/atomic-file.ts';
import type { Home } from '../../core/home.ts';
import { asRecord } from '../../core/json.ts';

/** run/endpoints.json: how the tools of this host reach a running installation. Mode 0600: it holds the local token. */
export interface Endpoints {
  /** `http://127.0.0.1:4181` */
  readonly controlUrl: string;
  /** Origin under which browsers reach the control plane, where `signIn.origin` names one. */
  readonly siteOrigin?: string;
  /** `http://127.0.0.1:4180/v1` */
  readonly gatewayUrl: string;
  readonly databaseUrl: string;
  /** Prometheus metrics of the gateway; the bearer token is in `keys/internal.token`. */
  readonly metricsUrl: string;
  /** Bearer token of `local:<uid>`. */
  readonly localToken: string;
  /** Process of `elulmc up`. */
  readonly pid: number;
  readonly startedAt: string;
}

const FIELDS = ['controlUrl', 'gatewayUrl', 'databaseUrl', 'metricsUrl', 'localToken', 'startedAt'] as const;

export function writeEndpoints(home: Home, endpoints: Endpoints): void {
  replaceFile(home.endpoints, JSON.stringify(endpoints, undefined, 2) + '\n');
}

/** What the last start left, or undefined when there was none or the file is damaged. */
export function readEndpoints(home: Home): Endpoints | undefined {
  let record: Record<string, unknown> | undefined;
  try {
    record = asRecord(JSON.parse(readFileSync(home.endpoints, 'utf8')));
  } catch {
    return undefined;
  }
  if (record === undefined || typeof record['pid'] !== 'number' || FIELDS.some((name) => typeof record[name] !== 'string')) return undefined;
  return record as unknown as Endpoints;
}
