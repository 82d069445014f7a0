import { newId } from '../../src/core/ids.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { tokenFrom } from '../../src/services/approvals/token.ts';
import { envelopeSignature } from '../services/approvals/approval-bench.ts';
import type { Attack } from './attack-table.ts';

const nothing = (): void => undefined;

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** Uses that are none: again, after a refusal, or of something that is no approval. */
export const ATTACKS_ON_USE: readonly Attack[] = [
  {
    attack: 'replay',
    tried: 'the token again, after its call has ended',
    code: 'APPROVAL_USED',
    strike: async (bench, { token }) => {
      await bench.use({ token });
      bench.forget();
      return bench.use({ token });
    },
    heal: null,
  },
  {
    attack: 'replay',
    tried: 'the token, then the id of its request',
    code: 'APPROVAL_USED',
    strike: async (bench, { token, request }) => {
      await bench.use({ token });
      bench.forget();
      return bench.use({ request: request.id });
    },
    heal: null,
  },
  {
    attack: 'declined request',
    tried: 'one who had signed declines; the token is used',
    code: 'APPROVAL_DECLINED',
    strike: async (bench, { request, token }) => {
      await bench.approvals().decline(request.id, bench.second.person.id, 'I was tricked');
      return bench.use({ token });
    },
    heal: null,
  },
  {
    attack: 'statement that nobody asked for',
    tried: 'an id that was never given out',
    code: 'APPROVAL_UNKNOWN',
    strike: (bench) => bench.use({ request: newId('apr') }),
    heal: nothing,
  },
  { attack: 'no token', tried: 'some other text', code: 'APPROVAL_TOKEN_INVALID', strike: (bench) => bench.use({ token: 'c2VjcmV0' }), heal: nothing },
  {
    attack: 'no token',
    tried: 'a megabyte and more',
    code: 'APPROVAL_TOKEN_INVALID',
    strike: (bench) => bench.use({ token: 'A'.repeat(1024 * 1024 + 4) }),
    heal: nothing,
  },
  {
    attack: 'no token',
    tried: 'a token with padding',
    code: 'APPROVAL_TOKEN_INVALID',
    strike: (bench, { token }) => bench.use({ token: `${token}=` }),
    heal: nothing,
  },
  {
    attack: 'no token',
    tried: '10,000 signatures',
    code: 'APPROVAL_TOKEN_INVALID',
    strike: (bench, { request: { payload } }) => {
      const { keyid, kind } = envelopeSignature(payload, bench.first);
      const many = Array.from({ length: 10_000 }, () => ({ keyid: keyid.slice(0, 8), kind, publicKey: '', sig: '' }));
      return bench.use({ token: tokenFrom(payload, many) });
    },
    heal: nothing,
  },
  {
    attack: 'no token',
    tried: 'a statement with a name twice',
    code: 'APPROVAL_TOKEN_INVALID',
    strike: (bench, { request: { payload } }) =>
      bench.use({ token: tokenFrom(payload.replace('{', '{"operation":"audits probe",'), [envelopeSignature(payload, bench.first)]) }),
    heal: nothing,
  },
  {
    attack: 'no token',
    tried: 'a statement with 100,000 brackets',
    code: 'APPROVAL_TOKEN_INVALID',
    strike: (bench, { request: { payload } }) => {
      const deep = '['.repeat(50_000) + ']'.repeat(50_000);
      const statement = payload.replace('"target":"demo"', `"target":${deep}`);
      const envelope = {
        payload: Buffer.from(statement).toString('base64'),
        payloadType: 'application/vnd.elulmc.approval+json',
        signatures: [envelopeSignature(payload, bench.first)],
      };
      return bench.use({ token: encoded(canonicalJson(envelope)) });
    },
    heal: nothing,
  },
];
