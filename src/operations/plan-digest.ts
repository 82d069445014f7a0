import { createHash } from 'node:crypto';

/** JSON with sorted names and no spaces, so that equal values give equal bytes (RFC 8785 for what JSON.parse can give). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** Lower-case hex SHA-256 over the canonical JSON of a value. */
export function sha256OfJson(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** A copy of `record` without the named fields. */
export function without(record: Readonly<Record<string, unknown>>, fields: readonly string[] = []): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !fields.includes(name)));
}

/** Digest of what approvers sign: the operation, its inputs without secrets, and the changes in order. */
export function planDigest(operation: string, inputWithoutSecrets: Readonly<Record<string, unknown>>, changes: readonly string[]): string {
  return sha256OfJson({ operation, inputs: inputWithoutSecrets, changes });
}
