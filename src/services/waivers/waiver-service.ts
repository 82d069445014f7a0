import { wallAt } from '../../core/clock.ts';
import { newId } from '../../core/ids.ts';
import type { Database } from '../../store/database.ts';
import { findWaiver, insertWaiver, revokeWaiver, selectWaivers, selectWaiversOf } from '../../store/waiver-rows.ts';
import type { WaiverRow } from '../../store/waiver-rows.ts';
import { knownWaiver, refuseOtherRevocation } from './rules.ts';
import type { Waiver, WaiverService } from './service.ts';

function waiverOf(row: WaiverRow): Waiver {
  const { runId: _runId, revokedAt, revokedBy, revokedReason, ...words } = row;
  const isRevoked = revokedAt !== null && revokedBy !== null && revokedReason !== null;
  return { ...words, revoked: isRevoked ? { at: revokedAt, by: revokedBy, reason: revokedReason } : null };
}

/** Waivers in the database. */
export function createWaiverService(database: Database): WaiverService {
  return {
    waive: async (waiver, runId) => {
      const row = { ...waiver, id: newId('wvr'), runId, createdAt: wallAt() };
      return waiverOf(await database.transaction((statements) => insertWaiver(statements, row)));
    },
    revoke: (id, { by, reason }) =>
      database.transaction(async (statements) => {
        const revoked = await revokeWaiver(statements, id, { revokedAt: wallAt(), revokedBy: by, revokedReason: reason });
        if (revoked !== undefined) return waiverOf(revoked);
        const found = await findWaiver(statements, id);
        const before = knownWaiver(found === undefined ? undefined : waiverOf(found), id);
        refuseOtherRevocation(before, by);
        return before;
      }),
    find: async (id) => {
      const row = await database.run((statements) => findWaiver(statements, id));
      return row === undefined ? undefined : waiverOf(row);
    },
    ofDigest: async (digest) => (await database.run((statements) => selectWaiversOf(statements, digest))).map(waiverOf),
    list: async (limit) => (await database.run((statements) => selectWaivers(statements, limit))).map(waiverOf),
  };
}
