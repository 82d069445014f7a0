import { createHash } from 'node:crypto';
import { EvidenceError } from '../checks.ts';
import { TPM_ALG } from './algorithms.ts';
import { isExtending, startupLocalityIn } from './event-log.ts';
import type { LoggedEvent } from './event-log.ts';
import type { MeasuredFile } from './ima-list.ts';
import type { TpmQuote } from './quote.ts';

const DIGEST_BYTES = 32;
const IMA_PCR = 10;
/** Registers of a later, measured start: all ones until there was one. */
const FIRST_DYNAMIC = 17;
const LAST_DYNAMIC = 22;

function extended(value: Buffer, digest: Buffer): Buffer {
  return createHash('sha256').update(value).update(digest).digest();
}

/** Values of the SHA-256 bank after these events. EvidenceError `event-log-mismatch` when the log leaves that bank out. */
function replayEvents(events: readonly LoggedEvent[]): Map<number, Buffer> {
  const values = new Map<number, Buffer>();
  for (const event of events) {
    const { register, digests } = event;
    const locality = startupLocalityIn(event);
    if (locality !== undefined && !values.has(0)) values.set(0, Buffer.concat([Buffer.alloc(DIGEST_BYTES - 1), Buffer.from([locality])]));
    if (!isExtending(event)) continue;
    const digest = digests.get(TPM_ALG.sha256);
    if (digest?.length !== DIGEST_BYTES) throw new EvidenceError('event-log-mismatch', 'an event has no digest for the quoted bank');
    values.set(register, extended(values.get(register) ?? Buffer.alloc(DIGEST_BYTES), digest));
  }
  return values;
}

function startOf(pcr: number): Buffer {
  return Buffer.alloc(DIGEST_BYTES, pcr >= FIRST_DYNAMIC && pcr <= LAST_DYNAMIC ? 0xff : 0);
}

function digestOf(selection: readonly number[], values: ReadonlyMap<number, Buffer>): Buffer {
  const hash = createHash('sha256');
  for (const pcr of selection) hash.update(values.get(pcr) ?? startOf(pcr));
  return hash.digest();
}

/**
 * Replays the logs against the quote and returns how many entries of the list of measured files the quote proves. The list is read
 * after the quote was made and goes on growing, so its end may be unproved. EvidenceError `event-log-mismatch` when the log and no
 * beginning of the list lead to the quoted digest.
 */
export function replay(quote: TpmQuote, events: readonly LoggedEvent[], files: readonly MeasuredFile[]): number {
  const values = replayEvents(events);
  const isMeasured = quote.selection.includes(IMA_PCR);
  for (let proved = 0; ; proved += 1) {
    const digest = digestOf(quote.selection, values);
    if (digest.equals(quote.pcrDigest)) return isMeasured ? proved : 0;
    const next = files[proved];
    if (next === undefined || !isMeasured)
      throw new EvidenceError('event-log-mismatch', 'the logs do not lead to the quoted values', {
        expected: quote.pcrDigest.toString('hex'),
        found: digest.toString('hex'),
      });
    values.set(IMA_PCR, extended(values.get(IMA_PCR) ?? startOf(IMA_PCR), next.extension));
  }
}
