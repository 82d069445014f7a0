import { and, desc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import { approvalRequest, approvalSignature } from './approval-schema.ts';
import type { Statements } from './database.ts';
import { person, personKey } from './people-schema.ts';
import { operationRun } from './schema.ts';

export type ApprovalRequestRow = typeof approvalRequest.$inferSelect;
export type ApprovalSignatureRow = typeof approvalSignature.$inferSelect;

/** One row of a request for each of its signatures, or one without. */
export interface RequestWithSignatures {
  readonly request: ApprovalRequestRow;
  readonly signatures: readonly ApprovalSignatureRow[];
}

/** The request of its run id: the given one, or the earlier one of the same run. */
export async function insertRequest({ orm }: Statements, row: ApprovalRequestRow): Promise<string> {
  await orm.insert(approvalRequest).values(row).onConflictDoNothing({ target: approvalRequest.runId });
  const [stored] = await orm.select({ id: approvalRequest.id }).from(approvalRequest).where(eq(approvalRequest.runId, row.runId));
  return stored?.id ?? row.id;
}

async function withSignatures({ orm }: Statements, requests: readonly ApprovalRequestRow[]): Promise<readonly RequestWithSignatures[]> {
  if (requests.length === 0) return [];
  const ids = requests.map(({ id }) => id);
  const signatures = await orm
    .select()
    .from(approvalSignature)
    .where(inArray(approvalSignature.request, ids))
    .orderBy(approvalSignature.at, approvalSignature.person);
  return requests.map((request) => ({ request, signatures: signatures.filter((signature) => signature.request === request.id) }));
}

export async function selectRequest(statements: Statements, id: string): Promise<RequestWithSignatures | undefined> {
  const rows = await statements.orm.select().from(approvalRequest).where(eq(approvalRequest.id, id));
  return (await withSignatures(statements, rows))[0];
}

/** The same, and nobody else can change it until the transaction ends. */
export async function lockRequest(statements: Statements, id: string): Promise<RequestWithSignatures | undefined> {
  const rows = await statements.orm.select().from(approvalRequest).where(eq(approvalRequest.id, id)).for('update');
  return (await withSignatures(statements, rows))[0];
}

export type RequestRowState = 'open' | 'approved' | 'declined' | 'expired' | 'used';

/** The state in which a request is at an instant, as services/approvals/request-state.ts has it. */
function stateAt(now: string): SQL {
  return sql`case
    when ${approvalRequest.usedBy} is not null then 'used'
    when ${approvalRequest.declinedAt} is not null then 'declined'
    when ${approvalRequest.expiredAt} is not null or ${approvalRequest.expiresAt} <= ${now}::timestamptz then 'expired'
    when (select count(*) from ${approvalSignature} where ${approvalSignature.request} = ${approvalRequest.id}) >= ${approvalRequest.required}
      then 'approved'
    else 'open' end`;
}

/** Newest first. */
export async function selectRequests(
  statements: Statements,
  states: readonly RequestRowState[],
  limit: number,
  now: string,
): Promise<readonly RequestWithSignatures[]> {
  if (states.length === 0) return [];
  const rows = await statements.orm
    .select()
    .from(approvalRequest)
    .where(inArray(stateAt(now), [...states]))
    .orderBy(desc(approvalRequest.createdAt), desc(approvalRequest.id))
    .limit(limit);
  return withSignatures(statements, rows);
}

/** Keys with their people, neither of which can be changed until the transaction ends. */
export async function lockSigners({ orm }: Statements, keyIds: readonly string[]) {
  if (keyIds.length === 0) return [];
  return await orm
    .select({ key: personKey, person })
    .from(personKey)
    .innerJoin(person, eq(person.id, personKey.person))
    .where(inArray(personKey.id, [...keyIds]))
    // Not `share`: who signs with a passkey raises its counter, and two who hold shares wait for each other.
    .for('no key update');
}

export async function insertSignature({ orm }: Statements, row: ApprovalSignatureRow): Promise<void> {
  await orm.insert(approvalSignature).values(row);
}

export async function declineRequest(
  { orm }: Statements,
  id: string,
  declined: { readonly by: string; readonly at: string; readonly reason: string },
): Promise<void> {
  await orm
    .update(approvalRequest)
    .set({ declinedBy: declined.by, declinedAt: declined.at, declineReason: declined.reason })
    .where(and(eq(approvalRequest.id, id), isNull(approvalRequest.declinedAt)));
}

/** Uses it up for one run; false when another one has. */
export async function useRequest({ orm }: Statements, id: string, runId: string, at: string): Promise<boolean> {
  const rows = await orm
    .update(approvalRequest)
    .set({ usedBy: runId, usedAt: sql`coalesce(${approvalRequest.usedAt}, ${at}::timestamptz)` })
    .where(and(eq(approvalRequest.id, id), sql`(${approvalRequest.usedBy} is null or ${approvalRequest.usedBy} = ${runId})`))
    .returning({ id: approvalRequest.id });
  return rows.length > 0;
}

/** Marks what waits and is past its time, by the given clock or the database's own. */
export async function expireRequests(statements: Statements, now: string): Promise<readonly RequestWithSignatures[]> {
  const rows = await statements.orm
    .update(approvalRequest)
    .set({ expiredAt: sql`greatest(${now}::timestamptz, clock_timestamp())` })
    .where(
      and(
        isNull(approvalRequest.expiredAt),
        isNull(approvalRequest.usedBy),
        isNull(approvalRequest.declinedAt),
        sql`${approvalRequest.expiresAt} <= greatest(${now}::timestamptz, clock_timestamp())`,
      ),
    )
    .returning();
  return withSignatures(statements, rows);
}

/** Milliseconds since the Unix epoch by the database's clock; not the time at which the transaction began. */
export async function databaseClock({ connection }: Statements): Promise<number> {
  const { rows } = await connection.query({ text: 'select extract(epoch from clock_timestamp()) * 1000 as ms' });
  return Number((rows as { ms: string }[])[0]?.ms);
}

export async function isRunOpen({ orm }: Statements, runId: string): Promise<boolean> {
  const rows = await orm
    .select({ id: operationRun.id })
    .from(operationRun)
    .where(and(eq(operationRun.id, runId), isNull(operationRun.outcome)));
  return rows.length > 0;
}
