import { Pool } from 'pg';
import { clientConfig } from './connection.ts';
import type { Database } from './database.ts';
import { refuseLaterConnections } from './fence.ts';
import type { Fence } from './fence.ts';

/** Longest wait for an answer: what the durable engine asks is small. */
const TIMEOUT_MS = 30_000;

export type EnginePool = Pool;

/**
 * Connections of the durable engine, which manages its own tables in the schema `dbos` of the same database. They have the name of the
 * control plane's own ones, so that a successor ends them too, and none is made after its epoch.
 */
export function openEnginePool({ url, clientName }: Pick<Database, 'url' | 'clientName'>, fence: Fence, size: number): EnginePool {
  const pool = new Pool({ ...clientConfig(url, TIMEOUT_MS, clientName), max: size, verify: refuseLaterConnections(fence) });
  pool.on('error', () => {
    // An idle connection ended; the pool has dropped it, and the next call connects anew.
  });
  pool.on('connect', (client) => {
    client.on('error', () => {
      // The query that runs, or the next one, fails with the same error.
    });
  });
  return pool;
}
