import { wallAt } from '../../core/clock.ts';
import type { Database } from '../../store/database.ts';
import { liveSessions } from '../../store/session-rows.ts';
import type { SessionService } from './service.ts';

/** Sessions as the ledger's index tells: nothing else is stored about them. */
export function createSessionService(database: Database): SessionService {
  return { list: (limit) => liveSessions(database, wallAt(), limit) };
}
