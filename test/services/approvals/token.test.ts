import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { newId } from '../../../src/core/ids.ts';
import type { ApprovalSignature, ApprovalStatement } from '../../../src/services/approvals/service.ts';
import { readSignature, signWithKey } from '../../../src/services/approvals/signature.ts';
import { payloadOf } from '../../../src/services/approvals/statement.ts';
import { tokenFrom, verifyToken } from '../../../src/services/approvals/token.ts';
import { codeOf } from '../../operations/door-bench.ts';

const noPasskeys = () => Promise.resolve(false);
const statement: ApprovalStatement = {
  v: 1,
  request: newId('apr'),
  installation: 'ins_test',
  environment: 'production',
  operation: 'deployment activate-backup',
  input: { model: 'demo ü "quoted"', limits: [1, 2.5, null] },
  changes: ['serve demo from backup'],
  touches: [{ object: 'route:demo', version: 'a1' }],
  policy: { required: 2, sha256: 'ab'.repeat(32) },
  requester: 'per_requester',
  expiresAt: '2026-01-01T00:00:00.000Z',
};
const payload = payloadOf(statement);

function signature(): ApprovalSignature {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { keyId, signature: text } = signWithKey(privateKey, payload);
  return readSignature({ id: keyId, kind: 'ed25519', publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') }, text);
}

let signatures: readonly ApprovalSignature[];
let token: string;
beforeAll(() => {
  signatures = [signature(), signature()];
  token = tokenFrom(payload, signatures);
});

test('a token proves its statement and its signatures without anything else', async () => {
  expect(await verifyToken(token, noPasskeys)).toMatchObject({ statement, payload, signatures });
});

test('no token with a flipped bit is accepted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: token.length * 8 - 1 }), async (at) => {
      const bytes = Buffer.from(token, 'latin1');
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(await codeOf(verifyToken(bytes.toString('latin1'), noPasskeys))).toMatch(/^APPROVAL_(TOKEN|SIGNATURE)_INVALID$/);
    }),
    { numRuns: 3_000 },
  );
});

test('no token with a flipped bit inside its encoding is accepted', async () => {
  const inner = Buffer.from(token, 'base64url');
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: inner.length * 8 - 1 }), async (at) => {
      const bytes = Buffer.from(inner);
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(await codeOf(verifyToken(bytes.toString('base64url'), noPasskeys))).toMatch(/^APPROVAL_(TOKEN|SIGNATURE)_INVALID$/);
    }),
    { numRuns: 3_000 },
  );
});

describe('another spelling of the same token', () => {
  const encode = (text: string): string => Buffer.from(text).toString('base64url');
  const text = (): string => Buffer.from(token, 'base64url').toString();
  test.each<[string, () => string]>([
    ['padding', () => `${token}=`],
    ['white space', () => encode(text().replace('{', '{ '))],
    [
      'another order',
      () => encode(JSON.stringify({ signatures, payloadType: 'application/vnd.elulmc.approval+json', payload: Buffer.from(payload).toString('base64') })),
    ],
    ['a further field', () => encode(text().replace('{', '{"a":1,'))],
    ['a field twice', () => encode(text().replace('{', `{"payload":"${Buffer.from(payload).toString('base64')}",`))],
    ['another type of payload', () => encode(text().replace('approval+json', 'other+json'))],
    ['base64 instead of base64url', () => Buffer.from(text()).toString('base64') + '=='],
    ['nothing', () => ''],
    ['no signature', () => tokenFrom(payload, [])],
    ['a statement with white space', () => tokenFrom(payload.replace('{', '{ '), signatures)],
    ['a statement that needs nobody', () => tokenFrom(payloadOf({ ...statement, policy: { ...statement.policy, required: 0 } }), signatures)],
    ['another version of the statement', () => tokenFrom(canonicalJson({ ...statement, v: 2 }), signatures)],
  ])('%s', async (_what, make) => {
    expect(await codeOf(verifyToken(make(), noPasskeys))).toBe('APPROVAL_TOKEN_INVALID');
  });

  test('random text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (noise) => {
        expect(await codeOf(verifyToken(noise, noPasskeys))).toBe('APPROVAL_TOKEN_INVALID');
      }),
    );
  });
});
