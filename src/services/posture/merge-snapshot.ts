import { ElulmcError } from '../../core/errors.ts';
import type { PostureAnswer } from '../../store/posture-reader.ts';
import type { PostureSnapshot } from './snapshot.ts';

function merged<T>(before: ReadonlyMap<string, T> | undefined, changed: readonly T[], nameOf: (value: T) => string): ReadonlyMap<string, T> {
  if (before !== undefined && changed.length === 0) return before;
  const result = new Map(before);
  for (const value of changed) result.set(nameOf(value), value);
  return result;
}

/**
 * The snapshot after an answer. INTEGRITY_VIOLATION for an older version than the known one or another installation: such an
 * answer comes from a database that was rolled back or exchanged, and renews no lease.
 */
export function mergeSnapshot(known: PostureSnapshot | undefined, { version, heads, rows }: PostureAnswer): PostureSnapshot {
  if (known !== undefined && version < known.version)
    throw new ElulmcError('INTEGRITY_VIOLATION', `the database answers with posture version ${String(version)} after version ${String(known.version)}`);
  if (rows === null) {
    if (known === undefined) throw new ElulmcError('INTEGRITY_VIOLATION', 'the database answered a first read with nothing');
    return { ...known, heads };
  }
  if (known !== undefined && known.installationId !== rows.installationId)
    throw new ElulmcError('INTEGRITY_VIOLATION', `the database belongs to the installation ${rows.installationId} instead of ${known.installationId}`);
  return {
    ...rows,
    version,
    heads,
    keys: merged(known?.keys, rows.keys, (key) => key.sha256),
    subjects: merged(known?.subjects, rows.subjects, (subject) => subject.id),
  };
}
