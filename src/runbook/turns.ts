import { ElulmcError } from '../core/errors.ts';

const AT_ONCE = 2;
const WAITING = 20;

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

/**
 * Two pieces of work of one caller at a time: every text of a runbook is parsed in a thread of its own, and nobody may start as
 * many as they like or hold up somebody else's emergency.
 */
export class Turns {
  readonly #lines = new Map<string, Line>();

  /** What the work gives, once it is its turn. CONCURRENCY_LIMITED when twenty of this caller wait already. */
  async take<T>(caller: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(caller) ?? { running: 0, waiting: [] };
    this.#lines.set(caller, line);
    if (line.running < AT_ONCE) line.running += 1;
    else await this.#wait(line);
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      // The turn is handed over, so that nobody who comes now can take it.
      if (next !== undefined) next();
      else if (line.running > 1) line.running -= 1;
      else this.#lines.delete(caller);
    }
  }

  #wait({ waiting }: Line): Promise<void> {
    if (waiting.length >= WAITING) {
      throw new ElulmcError('CONCURRENCY_LIMITED', `${String(AT_ONCE + WAITING)} requests of yours about runbooks are being worked on; wait for them`);
    }
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  }
}
