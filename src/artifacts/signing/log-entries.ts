import { asRecord } from '../../core/json.ts';

/** Log entries and timestamps of a keyless bundle at most: the library compares each with each. */
const MAX_ENTRIES = 8;

function isSameAsCheckpoint(entry: unknown): boolean {
  const { rootHash, treeSize, checkpoint } = asRecord(asRecord(entry)?.['inclusionProof']) ?? {};
  const envelope = asRecord(checkpoint)?.['envelope'];
  const [, size, root] = typeof envelope === 'string' ? envelope.slice(0, 4096).split('\n') : [];
  return (typeof treeSize === 'string' || typeof treeSize === 'number') && String(treeSize) === size && rootHash === root;
}

/**
 * What is wrong with the log entries of a bundle beyond what Sigstore's library looks at: it verifies a proof against the checkpoint,
 * which is signed, and passes over the root and the size that stand beside it. Undefined: nothing.
 */
export function logEntriesFault(json: Readonly<Record<string, unknown>>): string | undefined {
  const { tlogEntries, timestampVerificationData } = asRecord(json['verificationMaterial']) ?? {};
  const timestamps = asRecord(timestampVerificationData)?.['rfc3161Timestamps'] ?? [];
  if (!Array.isArray(tlogEntries) || !Array.isArray(timestamps)) return 'no list of log entries or timestamps';
  if (tlogEntries.length > MAX_ENTRIES || timestamps.length > MAX_ENTRIES) return `more than ${String(MAX_ENTRIES)} log entries or timestamps`;
  return tlogEntries.every(isSameAsCheckpoint) ? undefined : 'a log entry whose proof is not about its checkpoint';
}
