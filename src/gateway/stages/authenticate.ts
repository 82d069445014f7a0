import { ERRORS } from '../../core/errors.ts';
import type { Exchange, Step } from '../exchange.ts';
import { gate, gateSentence } from '../gate.ts';

/**
 * Who is it? From here on the exchange is on record, and every ending of it too. The gate is asked before the body is
 * read, so that a closed gateway takes no bodies.
 */
export function authenticate(exchange: Exchange): Step {
  const { context, request } = exchange;
  const view = context.view();
  if (view === undefined) return exchange.refuse('POSTURE_STALE', gateSentence('POSTURE_STALE'));
  const identity = context.credentials.identify(request.headers.authorization, view);
  if (typeof identity === 'string') return exchange.refuse(identity, ERRORS[identity].title);
  exchange.subjectKey = context.subjectKeys.of(view.snapshot, identity.key.subject);
  // Personal fields of this subject cannot be sealed: the request cannot be recorded.
  if (exchange.subjectKey === undefined) return exchange.refuse('LEDGER_UNAVAILABLE', 'The record of this subject is closed.');
  exchange.identity = identity;
  exchange.remoteAddress = request.socket.remoteAddress ?? '';
  exchange.sessionGeneration = view.snapshot.sessionGeneration;
  context.running.add(exchange);
  const closed = gate(exchange);
  return closed === undefined ? 'next' : exchange.refuse(closed, gateSentence(closed));
}
