import { asElulmcError } from '../core/errors.ts';
import type { Exchange, Stage, Step } from './exchange.ts';
import { finishExchange } from './finish.ts';
import { admit } from './stages/admit.ts';
import { authenticate } from './stages/authenticate.ts';
import { forward } from './stages/forward.ts';
import { readBody } from './stages/read-body.ts';
import { receive } from './stages/receive.ts';
import { record } from './stages/record.ts';
import { reply } from './stages/reply.ts';
import { route } from './stages/route.ts';

/** The way of every request, in order. Whatever ends it early goes to `record` at once. */
const PIPELINE: readonly Stage[] = [receive, authenticate, readBody, admit, route, forward, record, reply];

const RECORD = PIPELINE.indexOf(record);

/** Moves an exchange on until a stage waits or the last one is done. */
export function advance(exchange: Exchange): void {
  for (;;) {
    const told = exchange.early;
    exchange.early = undefined;
    if (told === 'settled') exchange.position = RECORD;
    const stage = PIPELINE[exchange.position];
    if (stage === undefined) return;
    exchange.position += 1;
    const step = run(stage, exchange);
    if (step === 'settled') exchange.early = 'settled';
    // A stage may have been told to go on before it came to wait.
    if (step !== 'wait' || exchange.early !== undefined) continue;
    exchange.waiting = true;
    return;
  }
}

/** A stage that throws has a fault of ours in it: the request fails, the gateway does not. */
function run(stage: Stage, exchange: Exchange): Step {
  try {
    return stage(exchange);
  } catch (error) {
    exchange.abortUpstream();
    exchange.refuseWith(asElulmcError(error));
    if (exchange.position <= RECORD) return 'settled';
    exchange.response.destroy();
    finishExchange(exchange);
    return 'next';
  }
}
