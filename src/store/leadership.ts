import { drizzle } from 'drizzle-orm/node-postgres';
import type { Client } from 'pg';
import { randomBytes } from 'node:crypto';
import { monotonicMs, sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { connectOnce, destroyClient } from './connection.ts';
import type { Database, Statements } from './database.ts';
import { mapDatabaseError } from './database-errors.ts';
import type { Fence } from './fence.ts';
import { endConnections, endHolder, lockHolder, raiseEpoch, readLeader, renewLease, setLeaderUrl } from './leader-rows.ts';
import type { LeaderIdentity, LeaderRow } from './leader-rows.ts';

/** Any constant: all control planes on one database compete for the same advisory lock. */
const LOCK = 4_180_002;
const TIMEOUT_MS = 10_000;
const RENEW_EVERY_MS = 1_000;
/** A leader that has been silent for so long may be replaced. */
const LEASE_MS = 5_000;
/** Up to here after its last sign of life nobody can have replaced a leader. */
const FRESH_MS = 3_000;
/** Longest wait for the database when a leader wants to know whether it still leads. */
const CONFIRM_MS = 2_000;

/** A name for the connections of one control plane's process, so that a successor can end exactly these. */
export function newControlName(): string {
  return `elulmc-control-${randomBytes(12).toString('hex')}`;
}

export interface Leadership {
  readonly epoch: number;
  readonly fence: Fence;
  /** For everything that the leader writes: nothing is committed after its epoch. */
  readonly database: Database;
  /** Tells those that stand by where the control API is. */
  announce(url: string): Promise<void>;
  /**
   * Resolves at once while nobody can have taken over. Otherwise, after this process or the database stood still, it asks the database,
   * so that a leader that was replaced meanwhile finds out first. An unreachable database is no answer: then it resolves too.
   */
  confirm(): Promise<void>;
  /** Gives the leadership up; `onLost` is not called. */
  release(): Promise<void>;
}

/** The lock is held, but nobody has been replaced yet. */
export interface Candidacy {
  /** Ends what is left of the leader before and raises the epoch. */
  lead(as: LeaderIdentity): Promise<Leadership>;
  release(): Promise<void>;
}

export interface CandidacyOptions {
  /** Called once, when the connection that holds the lock has ended or another control plane leads. */
  readonly onLost: (reason: string) => void;
  readonly renewEveryMs?: number;
}

/** The connection that holds the lock. It speaks every second, from the first moment on: whoever stands by takes silence for an end. */
class Holding {
  readonly #client: Client;
  readonly #options: CandidacyOptions;
  readonly #ended = Promise.withResolvers<undefined>();
  #epoch: number | undefined;
  #freshAtMs = monotonicMs();
  #beat: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(client: Client, options: CandidacyOptions) {
    this.#client = client;
    this.#options = options;
    client.once('error', this.#onEnd).once('end', this.#onEnd);
    this.#next();
  }

  readonly #onEnd = (): void => {
    this.lose('the database has ended the connection that held the leadership');
  };

  readonly lose = (reason: string): void => {
    if (this.#over) return;
    this.#stop();
    this.#options.onLost(reason);
    void this.release().catch(() => undefined);
  };

  #stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#ended.resolve(undefined);
  }

  #next(): void {
    this.#timer = setTimeout(() => {
      void this.beat().finally(() => {
        if (!this.#over) this.#next();
      });
    }, this.#options.renewEveryMs ?? RENEW_EVERY_MS);
  }

  /** One sign of life. A server that does not answer is no reason to give up: it answers nobody else either. */
  beat(): Promise<void> {
    this.#beat ??= this.#speak()
      .catch(() => undefined)
      .finally(() => {
        this.#beat = undefined;
      });
    return this.#beat;
  }

  async #speak(): Promise<void> {
    const sentMs = monotonicMs();
    if (this.#epoch === undefined) await this.#client.query('select 1');
    else if (!(await renewLease(this.#client, this.#epoch))) {
      this.lose('another control plane has taken over');
      return;
    }
    this.#freshAtMs = sentMs;
  }

  async confirm(): Promise<void> {
    const sinceMs = monotonicMs();
    const isFresh = (): boolean => monotonicMs() - this.#freshAtMs < FRESH_MS;
    const mayWait = (): boolean => !this.#over && monotonicMs() - sinceMs < CONFIRM_MS;
    // More than once: an answer that came before this process stood still says nothing.
    while (!isFresh() && mayWait()) await Promise.race([this.beat().then(() => sleep(10)), this.#ended.promise, sleep(CONFIRM_MS)]);
  }

  /** Raises the epoch over the connection that holds the lock: whoever has lost the lock cannot do it. */
  async raise(holder: string, as: LeaderIdentity): Promise<number> {
    while (this.#beat !== undefined) await this.#beat;
    const sentMs = monotonicMs();
    const raising = this.#raise({ orm: drizzle(this.#client), connection: this.#client }, holder, as);
    // No sign of life in between: the connection does one thing at a time.
    this.#beat = raising.then(
      () => undefined,
      () => undefined,
    );
    try {
      this.#epoch = await raising;
      this.#freshAtMs = sentMs;
      return this.#epoch;
    } finally {
      this.#beat = undefined;
    }
  }

  async #raise(statements: Statements, holder: string, as: LeaderIdentity): Promise<number> {
    await this.#client.query('begin');
    const epoch = await raiseEpoch(statements, holder, as);
    await this.#client.query('commit');
    return epoch;
  }

  async release(): Promise<void> {
    this.#client.off('error', this.#onEnd).off('end', this.#onEnd);
    this.#stop();
    await this.#client.end();
  }
}

async function lead(database: Database, holding: Holding, as: LeaderIdentity): Promise<Leadership> {
  const before = await readLeader(database);
  if (before === undefined) throw new ElulmcError('INTERNAL', 'the database was not migrated');
  // A process that stands still holds its row locks for ever, and one that lost only its leadership goes on until it notices.
  const endBefore = async (): Promise<void> => {
    const { holder } = before;
    if (holder !== null && holder !== database.clientName) await database.run(({ connection }) => endConnections(connection, holder));
  };
  await endBefore();
  const epoch = await holding.raise(database.clientName, as);
  // What it connected between the two: from now on it is refused.
  await endBefore();
  const fence: Fence = { epoch, onLost: holding.lose };
  const fenced = database.fenced(fence);
  return {
    epoch,
    fence,
    database: fenced,
    announce: (url) => fenced.transaction((statements) => setLeaderUrl(statements, url)),
    confirm: () => holding.confirm(),
    release: () => holding.release(),
  };
}

/** Takes the lock of the control planes if nobody holds it, else undefined. It is held by a connection of its own and freed by the server when that ends. */
export async function tryCandidacy(database: Database, options: CandidacyOptions): Promise<Candidacy | undefined> {
  let client: Client | undefined;
  try {
    client = await connectOnce(database.url, TIMEOUT_MS, database.clientName);
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [LOCK]);
    if (rows[0]?.taken !== true) {
      await client.end();
      return undefined;
    }
    const holding = new Holding(client, options);
    return { lead: (as) => lead(database, holding, as), release: () => holding.release() };
  } catch (error) {
    // The server may have given the lock before the answer was lost: nobody may lead while this connection lives on.
    if (client !== undefined) destroyClient(client);
    throw mapDatabaseError(error);
  }
}

export interface LeaderLook {
  /** False when nobody holds the lock, or its holder was silent for the whole lease and has been ended. */
  readonly isLed: boolean;
  /** Who led last; undefined in a database that was not migrated yet. */
  readonly leader: LeaderRow | undefined;
}

/**
 * Watches the holder of the lock. Silence is counted between answers of the database by this process's own monotonic clock, so neither
 * a jump of a clock nor a database that stood still makes a living leader look dead.
 */
export function watchLeader(database: Database, { leaseMs = LEASE_MS }: { readonly leaseMs?: number } = {}): () => Promise<LeaderLook> {
  let sign: string | undefined;
  let silentMs = 0;
  let lookedAtMs = monotonicMs();
  return async () => {
    const holder = await lockHolder(database, LOCK);
    const leader = await readLeader(database);
    if (holder === undefined) return { isLed: false, leader };
    const heard = `${holder.sign} ${leader?.renewedAt ?? ''}`;
    const now = monotonicMs();
    silentMs = heard === sign ? silentMs + Math.min(now - lookedAtMs, leaseMs / 4) : 0;
    sign = heard;
    lookedAtMs = now;
    if (silentMs < leaseMs) return { isLed: true, leader };
    await database.run(({ connection }) => endHolder(connection, holder));
    return { isLed: false, leader };
  };
}
