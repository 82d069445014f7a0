import { z } from 'zod';
import { canonicalJson } from '../../core/canonical-json.ts';
import { ElulmcError } from '../../core/errors.ts';
import { decodeExactly } from '../../vault/dsse.ts';
import type { ApprovalSignature, ApprovalStatement } from './service.ts';
import { signatureSchema, verifySignature } from './signature.ts';
import type { VerifyPasskey } from './signature.ts';
import { APPROVAL_PAYLOAD_TYPE, digestOf, readStatement } from './statement.ts';

/** What a token says, every signature verified against the key that it carries. */
export interface ProvenToken {
  readonly statement: ApprovalStatement;
  readonly payload: string;
  readonly digest: string;
  readonly signatures: readonly ApprovalSignature[];
}

const MAX_TOKEN_CHARACTERS = 1024 * 1024;

const envelope = z.strictObject({
  payload: z.string(),
  payloadType: z.literal(APPROVAL_PAYLOAD_TYPE),
  signatures: z.array(signatureSchema).min(1).max(100),
});

/** base64url of the canonical JSON of the DSSE envelope. */
export function tokenFrom(payload: string, signatures: readonly ApprovalSignature[]): string {
  const text = canonicalJson({ payload: Buffer.from(payload, 'utf8').toString('base64'), payloadType: APPROVAL_PAYLOAD_TYPE, signatures });
  return Buffer.from(text, 'utf8').toString('base64url');
}

function invalid(detail: string): ElulmcError {
  return new ElulmcError('APPROVAL_TOKEN_INVALID', detail, { field: 'approval-token' });
}

function readEnvelope(token: string): z.output<typeof envelope> {
  const bytes = token.length > MAX_TOKEN_CHARACTERS ? undefined : decodeExactly(token, 'base64url');
  if (bytes === undefined || bytes.length === 0) throw invalid('the token is not base64url');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('the token does not hold JSON');
  }
  const parsed = envelope.safeParse(value);
  if (!parsed.success) throw invalid('the token does not hold a DSSE envelope of an approval');
  if (!bytes.equals(Buffer.from(canonicalJson(parsed.data), 'utf8'))) throw invalid('the token is not in its canonical form');
  return parsed.data;
}

/**
 * Everything that can be known of a token without a database: APPROVAL_TOKEN_INVALID unless it is an envelope with a statement,
 * each in its only spelling; APPROVAL_SIGNATURE_INVALID unless every signature is by the key that it carries.
 */
export async function verifyToken(token: string, verifyPasskey: VerifyPasskey): Promise<ProvenToken> {
  const { payload: encoded, signatures } = readEnvelope(token);
  const payload = decodeExactly(encoded, 'base64')?.toString('utf8');
  const statement = payload === undefined ? undefined : readStatement(payload);
  if (payload === undefined || statement === undefined) throw invalid('the token does not hold a statement of an approval');
  for (const signature of signatures) await verifySignature(payload, signature, verifyPasskey);
  return { statement, payload, digest: digestOf(payload), signatures };
}
