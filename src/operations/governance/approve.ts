import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';

const input = z.strictObject({
  request: z
    .string()
    .refine((id) => isId('apr', id), 'must be the id of a request: apr_...')
    .describe('Id of the request.'),
  keyId: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the public key, 64 hex digits')
    .optional()
    .describe('Id of your key. The command line fills it in.'),
  signature: z
    .string()
    .min(1)
    .max(16_384)
    .optional()
    .describe('Your signature, base64url; of a passkey: JSON with authenticatorData, clientDataJSON and signature. The command line makes it with your key.'),
});

const output = z.object({
  request: z.string(),
  state: z.enum(['open', 'approved', 'declined', 'expired', 'used']),
  operation: z.string(),
  digest: z.string(),
  signed: z.int().describe('People who have signed.'),
  required: z.int(),
  token: z.string().nullable().describe('For --approval-token; null while signatures are missing.'),
});

type Input = z.output<typeof input>;

/** Only a person signs, and only with a signature made elsewhere: this server holds no key of anybody. */
function signatureIn(context: OperationContext, { keyId, signature }: Input): { readonly keyId: string; readonly text: string } {
  if (context.actor.kind !== 'person') throw new ElulmcError('NOT_ALLOWED', 'only a person who is signed in approves');
  if (keyId === undefined || signature === undefined) {
    const field = signature === undefined ? 'signature' : 'keyId';
    throw new ElulmcError('FIELD_INVALID', `${field}: is missing; elulmc governance approve makes it with your key`, { field });
  }
  return { keyId, text: signature };
}

export const approve = defineOperation({
  room: 'governance',
  name: 'approve',
  runbookLine: null,
  summary: 'Sign a request with your own key.',
  description:
    'Shows what is asked for, and signs it with the key that sign-in made on this machine; with a passkey it is signed in the browser. The server sees public keys only, so it cannot approve anything itself. ' +
    'Nobody approves what they asked for, and each person counts once. Signing again changes nothing.',
  risk: 'change',
  permission: 'approve',
  approvals: 0,
  partOfApproving: true,
  input,
  positional: ['request'],
  output,
  frameworks: { csf: 'PR.AA' },
  examples: ['elulmc governance approve apr_01jd8zq4xv0000000000000000'],
  errors: [
    'APPROVAL_UNKNOWN',
    'APPROVAL_DECLINED',
    'APPROVAL_EXPIRED',
    'APPROVAL_USED',
    'APPROVAL_BY_REQUESTER',
    'APPROVAL_TWICE',
    'APPROVAL_SIGNATURE_INVALID',
    'APPROVAL_KEY_UNKNOWN',
    'APPROVER_REMOVED',
    'DATABASE_UNAVAILABLE',
  ],
  plan: async (context, given) => {
    signatureIn(context, given);
    const request = await context.services.approvals.find(given.request);
    if (request === undefined) throw new ElulmcError('APPROVAL_UNKNOWN', `there is no request ${given.request}`, { field: 'request' });
    return { changes: [`sign the approval of ${request.statement.operation}, digest ${request.digest}`], notes: [] };
  },
  perform: async (context, given) => {
    const { approvals } = context.services;
    const request = await approvals.sign(given.request, context.actor.id, signatureIn(context, given));
    const { operation, policy } = request.statement;
    const token = approvals.tokenOf(request) ?? null;
    return {
      output: {
        request: request.id,
        state: request.state,
        operation,
        digest: request.digest,
        signed: request.signatures.length,
        required: policy.required,
        token,
      },
      verdict: 'ok',
      summary: `Signed ${request.id} for ${operation}: ${String(request.signatures.length)} of ${String(policy.required)} people; digest ${request.digest}.`,
    };
  },
  undo: 'elulmc governance decline REQUEST --reason REASON, as long as it was not used.',
});
