import { and, count, eq, gt, isNotNull, isNull, lte } from 'drizzle-orm';
import type { Statements } from './database.ts';
import { deviceSignIn } from './people-schema.ts';

export type DeviceSignInRow = typeof deviceSignIn.$inferSelect;

export async function insertDevice({ orm }: Statements, row: DeviceSignInRow): Promise<void> {
  await orm.insert(deviceSignIn).values(row);
}

/** Removes those whose time is over; the number that is left. */
export async function dropExpiredDevices({ orm }: Statements, at: string): Promise<number> {
  await orm.delete(deviceSignIn).where(lte(deviceSignIn.expiresAt, at));
  const rows = await orm.select({ left: count() }).from(deviceSignIn);
  return rows[0]?.left ?? 0;
}

/** A device that nobody has decided about. */
export async function findOpenDevice({ orm }: Statements, userSha256: string, at: string): Promise<DeviceSignInRow | undefined> {
  const rows = await orm
    .select()
    .from(deviceSignIn)
    .where(and(eq(deviceSignIn.userSha256, userSha256), gt(deviceSignIn.expiresAt, at), isNull(deviceSignIn.decidedAt)));
  return rows[0];
}

/** Confirmed by `person`, or refused (null). Of several decisions at the same time only the first is made. */
export async function decideDevice({ orm }: Statements, userSha256: string, person: string | null, at: string): Promise<DeviceSignInRow | undefined> {
  const rows = await orm
    .update(deviceSignIn)
    .set({ person, decidedAt: at })
    .where(and(eq(deviceSignIn.userSha256, userSha256), gt(deviceSignIn.expiresAt, at), isNull(deviceSignIn.decidedAt)))
    .returning();
  return rows[0];
}

export async function findDevice({ orm }: Statements, deviceSha256: string, at: string): Promise<DeviceSignInRow | undefined> {
  const rows = await orm
    .select()
    .from(deviceSignIn)
    .where(and(eq(deviceSignIn.deviceSha256, deviceSha256), gt(deviceSignIn.expiresAt, at)));
  return rows[0];
}

/** The device, which is gone then: of several calls at the same time only one gets it. */
export async function deleteDecidedDevice({ orm }: Statements, deviceSha256: string, at: string): Promise<DeviceSignInRow | undefined> {
  const rows = await orm
    .delete(deviceSignIn)
    .where(and(eq(deviceSignIn.deviceSha256, deviceSha256), gt(deviceSignIn.expiresAt, at), isNotNull(deviceSignIn.decidedAt)))
    .returning();
  return rows[0];
}
