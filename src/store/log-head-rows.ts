import { and, eq, sql } from 'drizzle-orm';
import { newId } from '../core/ids.ts';
import type { Database } from './database.ts';
import { changePosture } from './posture-writer.ts';
import { logHead } from './schema.ts';

export type LogHeadRow = typeof logHead.$inferSelect;

/** What the witness cosigned. */
export interface CosignedHead {
  readonly log: string;
  readonly size: number;
  /** Standard base64 of 32 bytes. */
  readonly root: string;
  /** The verifier key that the log had when it was cosigned first; it never changes. */
  readonly vkey: string;
  readonly cosignedAt: string;
  /** The cosigned checkpoint. */
  readonly note: string;
}

/**
 * Stores a cosigned head. False when a larger one or another root of the same size is stored, or the log is refused: a head never goes back.
 * Gateways read heads with every renewal; a mere growth raises no posture version.
 */
export async function saveCosignedHead(database: Database, head: CosignedHead): Promise<boolean> {
  const { size, root, cosignedAt, note } = head;
  const grows = sql`not ${logHead.refused} and (${logHead.size} < ${size} or (${logHead.size} = ${size} and ${logHead.root} = ${root}))`;
  const rows = await database.transaction(({ orm }) =>
    orm
      .insert(logHead)
      .values(head)
      .onConflictDoUpdate({ target: logHead.log, set: { size, root, cosignedAt, note }, setWhere: grows })
      .returning({ log: logHead.log }),
  );
  return rows.length > 0;
}

/** Closes (or opens again) the gateway worker of a log; a change of the posture. False when it was so already or the log has no head. */
export async function setLogRefused(database: Database, log: string, refused: boolean, actor: string): Promise<boolean> {
  const author = { actor, runId: newId('run'), operation: refused ? 'refuse log' : 'trust log' };
  const { changed } = await database.transaction(({ orm, connection }) =>
    changePosture(connection, 'refuse-log', author, async () => {
      const rows = await orm
        .update(logHead)
        .set({ refused })
        .where(and(eq(logHead.log, log), eq(logHead.refused, !refused)))
        .returning({ log: logHead.log });
      return rows.length === 0 ? null : { log, refused };
    }),
  );
  return changed;
}

export async function findLogHead(database: Database, log: string): Promise<LogHeadRow | undefined> {
  const rows = await database.run(({ orm }) => orm.select().from(logHead).where(eq(logHead.log, log)));
  return rows[0];
}

export async function selectLogHeads(database: Database): Promise<LogHeadRow[]> {
  return await database.run(({ orm }) => orm.select().from(logHead).orderBy(logHead.log));
}
