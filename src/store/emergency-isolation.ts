import { Client } from 'pg';
import { ElulmcError } from '../core/errors.ts';
import { clientConfig, destroyClient } from './connection.ts';
import type { ChangeAuthorRow, IsolationTargetRow } from './posture-shapes.ts';
import { isolateRows } from './posture-writer.ts';
import type { ChangeMade, IsolateSummary } from './posture-writer.ts';

export interface EmergencyIsolation {
  readonly databaseUrl: string;
  readonly targets: readonly IsolationTargetRow[] | 'active-upstreams';
  readonly reason: string;
  readonly author: ChangeAuthorRow;
  readonly timeoutMs: number;
}

/** Isolates over one connection within `timeoutMs`, or fails with DATABASE_UNAVAILABLE and nobody knows whether it was committed. */
export async function isolateOverConnection({ databaseUrl, targets, reason, author, timeoutMs }: EmergencyIsolation): Promise<ChangeMade<IsolateSummary>> {
  const client = new Client(clientConfig(databaseUrl, timeoutMs));
  const write = async (): Promise<ChangeMade<IsolateSummary>> => {
    await client.connect();
    await client.query('begin');
    const made = await isolateRows(client, targets, reason, author);
    await client.query('commit');
    return made;
  };
  const { promise: gone, reject } = Promise.withResolvers<never>();
  client.on('error', reject);
  const timer = setTimeout(() => {
    reject(new Error(`no answer within ${String(timeoutMs)} ms`));
  }, timeoutMs);
  try {
    return await Promise.race([write(), gone]);
  } catch (error) {
    throw new ElulmcError('DATABASE_UNAVAILABLE', error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    clearTimeout(timer);
    destroyClient(client);
  }
}
