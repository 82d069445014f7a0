import { monotonicMs } from '../../core/clock.ts';
import { asElulmcError } from '../../core/errors.ts';
import type { ElulmcError } from '../../core/errors.ts';
import { openPostureConnection } from '../../store/posture-connection.ts';
import type { PostureConnection } from '../../store/posture-connection.ts';
import { NOTHING_KNOWN } from '../../store/posture-reader.ts';
import type { PostureFeed } from './feed.ts';
import { mergeSnapshot } from './merge-snapshot.ts';
import type { PostureSnapshot } from './snapshot.ts';
import { watchKillSwitch } from './watch-kill-switch.ts';

const FIRST_PAUSE_MS = 20;
/** Small, so that a server that goes on after a freeze is noticed within a moment. */
const LONGEST_PAUSE_MS = 100;

export interface PostureFeedOptions {
  readonly databaseUrl: string;
  readonly killswitchPath: string;
  /** Longest time between two reads; default 500. */
  readonly pollMs?: number;
  /** How long an answer is valid, counted from before the question; default 2,000. */
  readonly leaseMs?: number;
  /** Told once when reading begins to fail, and again only after a success in between. */
  readonly onError?: (error: ElulmcError) => void;
}

type Listener = (change: 'posture' | 'killswitch') => void;

/**
 * The posture as this process last read it, and until when it may be believed. Reads on every wake-up and every `pollMs`; whatever
 * goes wrong only lets the lease run out.
 */
class LeasedFeed implements PostureFeed {
  readonly #options: PostureFeedOptions;
  readonly #leaseMs: number;
  readonly #killSwitch;
  readonly #poll: NodeJS.Timeout;
  readonly #listeners: Listener[] = [];
  #snapshot: PostureSnapshot | undefined;
  #leaseEndMs = -Infinity;
  #connection: PostureConnection | undefined;
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #pauseMs = FIRST_PAUSE_MS;
  #retry: NodeJS.Timeout | undefined;
  #failing = false;
  #closed = false;
  #onFirstRead: () => void = () => undefined;

  constructor(options: PostureFeedOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? 2000;
    this.#killSwitch = watchKillSwitch(options.killswitchPath, () => {
      this.#tell('killswitch');
    });
    this.#poll = setInterval(() => {
      this.#killSwitch.check();
      this.#wake();
    }, options.pollMs ?? 500);
  }

  current(): PostureSnapshot | undefined {
    return this.#snapshot;
  }

  leaseEndMs(): number {
    return this.#leaseEndMs;
  }

  killSwitch(): boolean {
    return this.#killSwitch.present();
  }

  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#retry);
    this.#killSwitch.close();
    this.#connection?.destroy();
    this.#onFirstRead();
    await this.#reading;
  }

  /** Starts reading; resolves after the first success, or after `limitMs`. */
  firstRead(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#onFirstRead = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#wake();
    });
  }

  #tell(change: 'posture' | 'killswitch'): void {
    for (const listener of this.#listeners) listener(change);
  }

  #wake(): void {
    if (this.#closed || this.#retry !== undefined) return;
    if (this.#reading !== undefined) {
      this.#readAgain = true;
      return;
    }
    this.#reading = this.#read().finally(() => {
      this.#reading = undefined;
      if (!this.#readAgain) return;
      this.#readAgain = false;
      this.#wake();
    });
  }

  async #read(): Promise<void> {
    try {
      const connection = this.#connection ?? (await this.#connect());
      const askedAt = monotonicMs();
      const answer = await connection.read(this.#snapshot?.version ?? NOTHING_KNOWN);
      if (this.#closed) return;
      this.#accept(mergeSnapshot(this.#snapshot, answer), askedAt);
    } catch (error) {
      this.#fail(asElulmcError(error, 'DATABASE_UNAVAILABLE'));
    }
  }

  async #connect(): Promise<PostureConnection> {
    const connection = await openPostureConnection(this.#options.databaseUrl, {
      onWake: () => {
        this.#wake();
      },
      onLost: (error) => {
        this.#connection = undefined;
        this.#fail(asElulmcError(error, 'DATABASE_UNAVAILABLE'));
      },
    });
    if (this.#closed) connection.destroy();
    this.#connection = connection;
    return connection;
  }

  #accept(next: PostureSnapshot, askedAt: number): void {
    const changed = next.version !== this.#snapshot?.version;
    this.#snapshot = next;
    this.#leaseEndMs = askedAt + this.#leaseMs;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#failing = false;
    this.#killSwitch.check();
    if (changed) this.#tell('posture');
    this.#onFirstRead();
  }

  #fail(error: ElulmcError): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    if (this.#closed) return;
    if (!this.#failing) this.#options.onError?.(error);
    this.#failing = true;
    if (this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#wake();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/**
 * Opens the feed of a gateway worker. Resolves after the first read, at most 2 s after the call; until a read succeeds the
 * feed is closed (no snapshot, lease over). Never rejects: a database that is away is a closed feed that keeps trying.
 */
export async function openPostureFeed(options: PostureFeedOptions): Promise<PostureFeed> {
  const feed = new LeasedFeed(options);
  await feed.firstRead(2000);
  return feed;
}
