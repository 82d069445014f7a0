import { startStandby } from '../api/standby.ts';
import type { Standby } from '../api/standby.ts';
import { monotonicMs, sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import type { Home } from '../core/home.ts';
import type { ControlRole } from '../services/installation/roles.ts';
import type { RoleChannel } from '../services/processes/child-role.ts';
import type { Database } from '../store/database.ts';
import { readInstallationId, readLeader } from '../store/leader-rows.ts';
import type { LeaderRow } from '../store/leader-rows.ts';
import { tryCandidacy, watchLeader } from '../store/leadership.ts';
import type { Leadership } from '../store/leadership.ts';
import { migrateDatabase } from '../store/migrate.ts';
import { demandOwnName, demandSharedKeys, identityOf } from './control-identity.ts';
import { loseLeadership } from './lose-leadership.ts';
import { packageVersion } from './package-facts.ts';
import { waitForPredecessor } from './wait-for-predecessor.ts';

const LOOK_EVERY_MS = 250;
/** A leader of our own name is most likely the process that ran before this one and is about to end. */
const PREDECESSOR_MS = 15_000;

export interface Candidate {
  readonly role: ControlRole;
  readonly home: Home;
  readonly database: Database;
  readonly channel: RoleChannel;
  readonly say: (text: string) => void;
}

export interface Leading {
  readonly leadership: Leadership;
  /** Port that the control API listens on; frees it where this control plane has answered there as one that stands by. */
  takePort(): Promise<number>;
}

/** Once the lock is held: nobody else changes what is checked here. */
async function takeOver({ role, home, database }: Candidate): Promise<Leadership | undefined> {
  const candidacy = await tryCandidacy(database, { onLost: loseLeadership });
  if (candidacy === undefined) return undefined;
  try {
    await migrateDatabase(database);
    const { name } = role.settings;
    await demandOwnName(database, home, name);
    demandSharedKeys(home, name, await readLeader(database));
    return await candidacy.lead(identityOf(home, name));
  } catch (error) {
    await candidacy.release();
    throw error;
  }
}

/**
 * Resolves when this control plane leads. Until then it stands by: it answers `/health` and names the leader, and the supervisor is
 * told that it is ready, so that the gateway of this host can serve. CONFIG_INVALID when it could never lead.
 */
export async function becomeLeader(candidate: Candidate): Promise<Leading> {
  const { role, home, database, say } = candidate;
  const look = watchLeader(database);
  const patienceEnds = monotonicMs() + PREDECESSOR_MS;
  let leader: LeaderRow | undefined;
  let standby: Standby | undefined;

  async function step(): Promise<Leadership | undefined> {
    const seen = await look();
    leader = seen.leader;
    await demandOwnName(database, home, role.settings.name);
    demandSharedKeys(home, role.settings.name, leader);
    if (!seen.isLed) return takeOver(candidate);
    const isPredecessor = leader?.name === role.settings.name && monotonicMs() < patienceEnds;
    const installationId = isPredecessor ? undefined : await readInstallationId(database);
    if (standby === undefined && installationId !== undefined) standby = await standBy(candidate, installationId, () => leader?.url ?? null);
    return undefined;
  }

  for (;;) {
    const leadership = await step().catch((error: unknown) => {
      // Whoever stands by goes on standing by while the database is away.
      if (standby !== undefined && error instanceof ElulmcError && error.code === 'DATABASE_UNAVAILABLE') return undefined;
      throw error;
    });
    if (leadership !== undefined) {
      say(`leading in epoch ${String(leadership.epoch)}`);
      return {
        leadership,
        takePort: async () => {
          await standby?.close();
          return standby?.port ?? role.port;
        },
      };
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function standBy({ role, channel, say }: Candidate, installationId: string, leader: () => string | null): Promise<Standby> {
  const options = { host: role.host, port: role.port, version: packageVersion(), installationId, leader };
  const standby = await waitForPredecessor(['PORT_IN_USE'], () => startStandby(options));
  say(`standing by; the leader is ${leader() ?? 'starting'}`);
  channel.ready({ port: standby.port, installationId, standbyFor: leader() ?? 'a control plane that is starting' });
  return standby;
}
