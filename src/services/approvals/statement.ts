import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../core/canonical-json.ts';
import { isId } from '../../core/ids.ts';
import type { ApprovalStatement } from './service.ts';

/** Type of the payload of an approval's DSSE envelope (docs/formats/approval.md). */
export const APPROVAL_PAYLOAD_TYPE = 'application/vnd.elulmc.approval+json';

const schema = z.strictObject({
  v: z.literal(1),
  request: z.string().refine((id) => isId('apr', id)),
  installation: z.string(),
  environment: z.string(),
  operation: z.string(),
  input: z.record(z.string(), z.json()),
  changes: z.array(z.string()),
  touches: z.array(z.strictObject({ object: z.string(), version: z.string() })),
  policy: z.strictObject({ required: z.int().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  requester: z.string(),
  expiresAt: z.iso.datetime({ precision: 3 }),
});

/** The bytes that approvers sign, as text. */
export function payloadOf(statement: ApprovalStatement): string {
  return canonicalJson(statement);
}

/** The statement of a payload, or undefined unless the payload is exactly its canonical JSON. */
export function readStatement(payload: string): ApprovalStatement | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(payload));
    return parsed.success && payloadOf(parsed.data) === payload ? parsed.data : undefined;
  } catch {
    // No JSON, or nested so deeply that it cannot be walked through.
    return undefined;
  }
}

/** Lower-case hex SHA-256 of the payload: what people compare. */
export function digestOf(payload: string): string {
  return createHash('sha256').update(payload, 'utf8').digest('hex');
}
