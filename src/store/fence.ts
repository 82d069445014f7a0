import type { PoolClient } from 'pg';
import { ElulmcError } from '../core/errors.ts';
import type { Queryable } from './posture-reader.ts';

/** What a leader's writes depend on: that nobody has raised the epoch since. */
export interface Fence {
  readonly epoch: number;
  /** Another control plane leads now. Nothing that this process knows or still does counts any more. */
  readonly onLost: (reason: string) => void;
}

const ONE_STATEMENT = 'select epoch::text as epoch from leader';
// One round trip. The row lock lasts until the end of the transaction and holds up whoever raises the epoch.
const BEGIN = `begin read write; ${ONE_STATEMENT} for key share`;

/** Fails closed: without a row nobody leads. */
function demandEpoch(fence: Fence, rows: readonly unknown[]): void {
  const [row] = rows as readonly { readonly epoch: string }[];
  if (row !== undefined && Number(row.epoch) === fence.epoch) return;
  const reason = `the epoch is ${row?.epoch ?? 'gone'}, and this control plane led in epoch ${String(fence.epoch)}`;
  fence.onLost(reason);
  throw new ElulmcError('LEADERSHIP_LOST', reason);
}

/** Begins a transaction that can be committed in this epoch only. LEADERSHIP_LOST when it is over. */
export async function beginFenced(client: PoolClient, fence: Fence): Promise<void> {
  const results = (await client.query(BEGIN)) as unknown as readonly { readonly rows: readonly unknown[] }[];
  demandEpoch(fence, results[1]?.rows ?? []);
}

/**
 * For `verify` of a pool whose statements cannot be conditioned on the epoch: a takeover ends the connections that exist, and those
 * made afterwards are refused here.
 */
export function refuseLaterConnections(fence: Fence): (client: Queryable, done: (error?: Error) => void) => void {
  return (client, done) => {
    client
      .query({ text: ONE_STATEMENT })
      .then(({ rows }) => {
        demandEpoch(fence, rows);
        done();
      })
      .catch(done);
  };
}
