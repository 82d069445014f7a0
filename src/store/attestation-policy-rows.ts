import { desc, eq } from 'drizzle-orm';
import { attestationPolicy } from './attestation-policy-schema.ts';
import type { Statements } from './database.ts';

export type AttestationPolicyRow = typeof attestationPolicy.$inferSelect;

/** The version that a run has set. */
export async function findPolicyOfRun({ orm }: Statements, runId: string): Promise<AttestationPolicyRow | undefined> {
  const rows = await orm.select().from(attestationPolicy).where(eq(attestationPolicy.runId, runId));
  return rows[0];
}

/** The row as stored; undefined when the name has this version already. */
export async function insertPolicy({ orm }: Statements, row: AttestationPolicyRow): Promise<AttestationPolicyRow | undefined> {
  const rows = await orm.insert(attestationPolicy).values(row).onConflictDoNothing().returning();
  return rows[0];
}

/** The highest version of a name. */
export async function findPolicy({ orm }: Statements, name: string): Promise<AttestationPolicyRow | undefined> {
  const rows = await orm.select().from(attestationPolicy).where(eq(attestationPolicy.name, name)).orderBy(desc(attestationPolicy.version)).limit(1);
  return rows[0];
}

/** The highest version of each name, by name. */
export async function selectPolicies({ orm }: Statements): Promise<AttestationPolicyRow[]> {
  return await orm.selectDistinctOn([attestationPolicy.name]).from(attestationPolicy).orderBy(attestationPolicy.name, desc(attestationPolicy.version));
}
