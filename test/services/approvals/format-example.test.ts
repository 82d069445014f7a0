import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSignature, signWithKey, signedBytesOf } from '../../../src/services/approvals/signature.ts';
import { digestOf, payloadOf, readStatement } from '../../../src/services/approvals/statement.ts';
import { tokenFrom, verifyToken } from '../../../src/services/approvals/token.ts';

const document = readFileSync(new URL('../../../docs/formats/approval.md', import.meta.url), 'utf8');
const [pem = '', payload = '', digests = '', signature = '', token = ''] = [...document.matchAll(/```(?:pem|json|text)\n([\s\S]*?)\n```/g)].map(
  ([, text]) => text,
);

test('the example of docs/formats/approval.md is what this program makes', () => {
  const key = createPrivateKey(pem);
  const statement = readStatement(payload);
  if (statement === undefined) throw new Error('the payload of the example is no statement');
  expect(payloadOf(statement)).toBe(payload);
  expect([digestOf(payload), createHash('sha256').update(signedBytesOf(payload)).digest('hex')].join('\n')).toBe(digests);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  const signed = signWithKey(key, payload);
  const made = readSignature({ id: signed.keyId, kind: 'ed25519', publicKey }, signed.signature);
  expect(made).toEqual(JSON.parse(signature));
  expect(tokenFrom(payload, [made])).toBe(token);
});

test('and what it accepts', async () => {
  expect(await verifyToken(token, () => Promise.resolve(false))).toMatchObject({ payload, signatures: [JSON.parse(signature)] });
});
