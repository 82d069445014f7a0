import { wallAt, wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { TreeHead } from '../../ledger/log.ts';
import type { SignerKey } from '../../ledger/verify/note-key.ts';
import { witnessLog } from '../../ledger/witness.ts';
import type { WitnessRefusal, WitnessResult } from '../../ledger/witness.ts';
import type { Database } from '../../store/database.ts';
import { findLogHead, saveCosignedHead, setLogRefused } from '../../store/log-head-rows.ts';
import type { LogHeadRow } from '../../store/log-head-rows.ts';
import type { WitnessedLog } from './witnessed-log.ts';

/** Looks in a row at which a log may fail to give its tiles: a file that cannot be read now is no evidence against it. */
const PATIENCE = 3;
const WITHOUT_EVIDENCE: ReadonlySet<string> = new Set(['unproven', 'missing']);

/** What one look at a log came to. */
export type Look =
  | { readonly outcome: 'absent' | 'unchanged' }
  | { readonly outcome: 'unproven'; readonly detail: string }
  | { readonly outcome: 'cosigned'; readonly head: TreeHead; readonly cosignature: string }
  | { readonly outcome: 'refused'; readonly reason: string; readonly detail: string; readonly newly: boolean };

/** A log keeps the key that it was cosigned under first: with another one, even the same entries are somebody else's. */
async function judge(log: WitnessedLog, vkey: string | undefined, last: LogHeadRow | undefined, key: SignerKey): Promise<WitnessResult> {
  const refused = (reason: WitnessRefusal, detail: string): WitnessResult => ({ outcome: 'refused', reason, detail, head: undefined });
  if (vkey === undefined) return refused('missing', 'the log has no vkey');
  if (last !== undefined && last.vkey !== vkey) return refused('bad-signature', 'the log has another verifier key than the one that was cosigned first');
  return witnessLog({ source: log.source, vkey, last, key, time: Math.floor(wallMs() / 1000) });
}

/**
 * Looks at one log as its witness. A head is stored before its cosignature is given to anybody; a log that is behind what
 * was cosigned, forked, badly signed or unproven is refused, which closes the gateway that writes it. `failures` counts the
 * looks in a row, this one included, at which it was unproven. A refused log that continues what was cosigned again (its
 * newest copy was put back) is trusted again.
 */
export async function lookAtLog(database: Database, log: WitnessedLog, key: SignerKey, failures = PATIENCE): Promise<Look> {
  const vkey = (await log.source.read('vkey'))?.toString('utf8').trim();
  const last = await findLogHead(database, log.name);
  if (vkey === undefined && last === undefined) return { outcome: 'absent' };
  const result = await judge(log, vkey, last, key);
  if (result.outcome !== 'refused' && last?.refused === true) await setLogRefused(database, log.name, false, 'system');
  if (result.outcome === 'unchanged') return { outcome: 'unchanged' };
  if (result.outcome === 'refused') {
    if (result.reason === 'missing' && last === undefined) return { outcome: 'absent' };
    if (WITHOUT_EVIDENCE.has(result.reason) && failures < PATIENCE) return { outcome: 'unproven', detail: result.detail };
    const newly = await setLogRefused(database, log.name, true, 'system');
    return { outcome: 'refused', reason: result.reason, detail: result.detail, newly };
  }
  const stored = await saveCosignedHead(database, { log: log.name, ...result.head, vkey: last?.vkey ?? vkey ?? '', cosignedAt: wallAt(), note: result.note });
  return stored ? { outcome: 'cosigned', head: result.head, cosignature: result.cosignature } : { outcome: 'unchanged' };
}

/** Refuses to go on with a log of this host that is less than what was cosigned of it. INTEGRITY_VIOLATION. */
export async function demandContinuation(database: Database, log: WitnessedLog, key: SignerKey): Promise<void> {
  const look = await lookAtLog(database, log, key);
  if (look.outcome === 'refused')
    throw new ElulmcError('INTEGRITY_VIOLATION', `the log ${log.name} is not a continuation of what was cosigned (${look.reason}): ${look.detail}`);
}
