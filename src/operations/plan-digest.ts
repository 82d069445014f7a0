import { sha256OfJson } from '../core/canonical-json.ts';

/** A copy of `record` without the named fields. */
export function without(record: Readonly<Record<string, unknown>>, fields: readonly string[] = []): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !fields.includes(name)));
}

/**
 * Digest that names a plan in entries and reports: the operation, its inputs without secrets, and the changes in order. What
 * approvers sign covers more: the versions of what is touched, the installation, the policy and an expiry (docs/formats/approval.md).
 */
export function planDigest(operation: string, inputWithoutSecrets: Readonly<Record<string, unknown>>, changes: readonly string[]): string {
  return sha256OfJson({ operation, inputs: inputWithoutSecrets, changes });
}
