import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asRecord } from '../../core/json.ts';
import { parseEntry, readEntries } from '../../ledger/reader.ts';
import { directorySource } from '../../ledger/verify/tile-source.ts';
import { verifyLog } from '../../ledger/verify/verify-log.ts';

export interface LogVerdict {
  readonly name: string;
  readonly size: number;
  /** Standard base64 of 32 bytes; empty when the log does not verify. */
  readonly root: string;
  /** Null when the whole log verifies. */
  readonly failure: string | null;
}

const REQUEST_KINDS: ReadonlySet<string> = new Set(['request.open', 'request.done', 'session.issued']);

/** Names of the logs in a home's `ledger/`. */
function logNames(ledger: string): string[] {
  return readdirSync(ledger, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

async function verdictOf(ledger: string, name: string): Promise<LogVerdict> {
  const source = directorySource(join(ledger, name));
  const vkey = (await source.read('vkey'))?.toString('utf8').trim();
  if (vkey === undefined) return { name, size: 0, root: '', failure: 'vkey is missing' };
  const result = await verifyLog({ source, vkey });
  if (result.verified) return { name, size: result.size, root: result.root, failure: null };
  return { name, size: 0, root: '', failure: `${result.place}: ${result.reason}` };
}

/** Verifies every log of a home from its first entry. */
export async function verifyLedger(ledger: string): Promise<LogVerdict[]> {
  const verdicts: LogVerdict[] = [];
  for (const name of logNames(ledger)) verdicts.push(await verdictOf(ledger, name));
  return verdicts;
}

/** Ids of all requests of one API key, its sessions included, in the gateways' logs of a home. */
export async function readRequestIds(ledger: string, keyId: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const name of logNames(ledger).filter((log) => log.startsWith('gw-'))) {
    for await (const stored of readEntries(join(ledger, name))) {
      const entry = parseEntry(stored);
      const data = asRecord(entry.data);
      if (!REQUEST_KINDS.has(entry.kind) || data?.['keyId'] !== keyId) continue;
      ids.add(typeof data['requestId'] === 'string' ? data['requestId'] : entry.id);
    }
  }
  return ids;
}
