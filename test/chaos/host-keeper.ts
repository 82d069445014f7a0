import { sleep } from '../../src/core/clock.ts';
import type { ControlHost, Ready } from '../fixtures/control-plane.ts';

/** Longer than a control plane waits for what it is doing. */
const STOP_MS = 30_000;

/** Starts a control plane again whenever it has ended, as a supervisor does, and notes ends that nobody has caused. */
export class HostKeeper {
  readonly host: ControlHost;
  readonly #onViolation: (text: string) => void;
  #wanted = false;
  #loop: Promise<void> = Promise.resolve();
  #isKilled = false;
  #saidBefore = 0;
  phase: 'down' | 'starting' | 'up' = 'down';
  /** How often it was started. */
  starts = 0;
  /** Pause before the next start. */
  restartAfterMs = 0;

  constructor(host: ControlHost, onViolation: (text: string) => void) {
    this.host = host;
    this.#onViolation = onViolation;
  }

  get isWanted(): boolean {
    return this.#wanted;
  }

  /** Keeps it running from now on. Resolves when it is ready for the first time; rejects when its first start fails. */
  keep(): Promise<Ready> {
    this.#wanted = true;
    const first = Promise.withResolvers<Ready>();
    this.#loop = this.#run(first);
    return first.promise;
  }

  /** False when there was no process to send it to. */
  signal(signal: NodeJS.Signals): boolean {
    if (signal === 'SIGKILL') this.#isKilled = true;
    return this.host.signal(signal);
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    // A start that is under way ends as ready or not; until then there is nothing to stop.
    while (this.phase === 'starting') await sleep(10);
    const impatience = setTimeout(() => {
      this.#onViolation(`control plane ${this.host.name} did not stop within ${String(STOP_MS / 1000)} s`);
      this.signal('SIGKILL');
    }, STOP_MS);
    await this.host.stop();
    await this.#loop;
    clearTimeout(impatience);
  }

  async #run(first: PromiseWithResolvers<Ready>): Promise<void> {
    while (this.#wanted) {
      this.#isKilled = false;
      this.#saidBefore = this.host.said().length;
      this.phase = 'starting';
      this.starts++;
      try {
        const ready = await this.host.start();
        this.phase = 'up';
        first.resolve(ready);
        await this.#ended(await this.host.ended());
      } catch (error) {
        first.reject(error);
        const code = await this.host.ended();
        await this.#ended(code, error instanceof Error ? error.message : String(error));
      }
      this.phase = 'down';
      if (this.isWanted) await sleep(this.restartAfterMs);
    }
  }

  /** Only a kill, a stop and a lost leadership are reasons to end. */
  async #ended(code: number | null, failure = ''): Promise<void> {
    if (this.#isKilled && code === null) return;
    if (!this.#wanted && code === 0) return;
    // Its last words come through a pipe.
    await sleep(50);
    const said = this.host.said().slice(this.#saidBefore);
    if (said.includes('LEADERSHIP_LOST')) return;
    const words = said
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{'))
      .slice(-5);
    this.#onViolation(`control plane ${this.host.name} ended by itself with ${String(code)}: ${[failure, ...words].join(' | ')}`);
  }
}
