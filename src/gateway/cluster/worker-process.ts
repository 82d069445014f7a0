import type { BankAnswer } from '../limits/limit-bank.ts';
import { LimitSlices } from '../limits/limit-slices.ts';
import type { BankLink } from '../limits/limit-slices.ts';
import { startGatewayWorker } from '../worker.ts';
import type { GatewayWorker, GatewayWorkerOptions } from '../worker.ts';
import type { PrimaryMessage, WorkerMessage } from './messages.ts';

const SLICE_INTERVAL_MS = 100;

/** The channel of a worker process to its primary. */
export interface WorkerChannel {
  send(message: WorkerMessage): void;
  onMessage(listener: (message: PrimaryMessage) => void): void;
}

/** The bank over the channel: questions carry a ticket, answers come back in their own time. */
class ChannelBank implements BankLink {
  readonly #channel: WorkerChannel;
  readonly #waiting = new Map<number, (answer: BankAnswer) => void>();
  #ticket = 0;

  constructor(channel: WorkerChannel) {
    this.#channel = channel;
  }

  ask(ask: Parameters<BankLink['ask']>[0], answered: (answer: BankAnswer) => void): void {
    this.#ticket += 1;
    this.#waiting.set(this.#ticket, answered);
    this.#channel.send({ type: 'limit.ask', ticket: this.#ticket, ask });
  }

  giveBack(...[keyId, credit]: Parameters<BankLink['giveBack']>): void {
    this.#channel.send({ type: 'limit.back', keyId, credit });
  }

  answered(ticket: number, answer: BankAnswer): void {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    waiting?.(answer);
  }
}

/**
 * One worker of a cluster: a gateway worker whose limits come from the primary and that answers the primary's
 * questions. Says `ready` with its port. Feed and log are opened and closed by the caller.
 */
export async function startGatewayWorkerProcess(options: Omit<GatewayWorkerOptions, 'limits'>, channel: WorkerChannel): Promise<GatewayWorker> {
  const bank = new ChannelBank(channel);
  const limits = new LimitSlices(bank);
  const worker = await startGatewayWorker({ ...options, limits });
  channel.onMessage((message) => {
    switch (message.type) {
      case 'limit.answer':
        bank.answered(message.ticket, message.answer);
        break;
      case 'ask.report':
        channel.send({ type: 'report', ticket: message.ticket, report: { status: worker.status(), closed: worker.closed() } });
        break;
      case 'ask.metrics':
        channel.send({ type: 'metrics', ticket: message.ticket, metrics: worker.metrics() });
        break;
    }
  });
  const tick = setInterval(() => {
    limits.tick();
  }, SLICE_INTERVAL_MS);
  tick.unref();
  channel.send({ type: 'ready', port: worker.port });
  return {
    ...worker,
    close: async () => {
      clearInterval(tick);
      await worker.close();
    },
  };
}

/** The channel of this process, when it is a worker of a cluster. */
export function processChannel(): WorkerChannel {
  return {
    send: (message) => {
      if (process.connected) process.send?.(message);
    },
    onMessage: (listener) => {
      process.on('message', (message: unknown) => {
        if (typeof message === 'object' && message !== null && 'type' in message) listener(message as PrimaryMessage);
      });
    },
  };
}
