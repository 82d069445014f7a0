import { asRecord } from '../core/json.ts';
import type { ControlAddress } from './control-address.ts';
import { ask } from './control-client.ts';
import type { Session } from './context.ts';

const MOST = 20;

/** Tells of calls past approvals that nobody has reviewed: every sign-in shows them. A server that cannot say is no reason to fail. */
export async function sayUnreviewed(session: Session, address: ControlAddress, signal: AbortSignal): Promise<void> {
  const me = asRecord(await ask(address, { path: '/v1/me', signal }).catch(() => undefined));
  const uses = asRecord(me?.['unreviewedBreakGlass'])?.['uses'];
  if (!Array.isArray(uses) || uses.length === 0) return;
  session.output.words(`Not reviewed yet: ${String(uses.length)} ${uses.length === 1 ? 'call' : 'calls'} past approvals or windows (break-glass)`);
  for (const use of uses.slice(0, MOST)) {
    const texts = ['runId', 'operation', 'actor', 'at', 'reason'].map((name) => asRecord(use)?.[name]);
    session.output.words(`  ${texts.filter((text) => typeof text === 'string').join('  ')}`);
  }
  session.output.words('Review one: elulmc governance review-break-glass RUN --note NOTE');
}
