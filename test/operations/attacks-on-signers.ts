import { createHash, randomBytes } from 'node:crypto';
import type { ApprovalRequest } from '../../src/services/approvals/service.ts';
import { signedBytesOf } from '../../src/services/approvals/signature.ts';
import { payloadOf } from '../../src/services/approvals/statement.ts';
import { tokenFrom } from '../../src/services/approvals/token.ts';
import { signEd25519 } from '../../src/vault/dsse.ts';
import type { Misbehavior } from '../fixtures/software-authenticator.ts';
import { envelopeSignature, signatory, signatureOf, signedBy, strangerKey } from '../services/approvals/approval-bench.ts';
import type { AttackBench } from './attack-bench.ts';
import type { Attack } from './attack-table.ts';

const nothing = (): void => undefined;

/** A token of both approvers, whose keys sign other bytes than they should. */
function signedOtherwise(bench: AttackBench, { payload }: ApprovalRequest, bytes: Buffer): string {
  const signatures = [bench.first, bench.second].map((by) => ({
    ...envelopeSignature(payload, by),
    sig: signEd25519(by.privateKey, bytes).toString('base64'),
  }));
  return tokenFrom(payload, signatures);
}

/** Approving with a passkey, and something wrong about how it was asked. */
function byPasskey(tried: string, wrong: Misbehavior): Attack {
  return {
    attack: 'forged signature',
    tried: `a passkey: ${tried}`,
    code: 'APPROVAL_SIGNATURE_INVALID',
    strike: async (bench) => bench.approveWithPasskey(await bench.request(), wrong),
    heal: nothing,
  };
}

/** The right plan, approved by nobody who may. */
export const ATTACKS_ON_SIGNERS: readonly Attack[] = [
  {
    attack: 'own approval',
    tried: 'the requester is one of the two who sign',
    code: 'APPROVAL_BY_REQUESTER',
    strike: (bench, { request: { payload } }) =>
      bench.use({
        token: tokenFrom(
          payload,
          [bench.requester, bench.first].map((by) => envelopeSignature(payload, by)),
        ),
      }),
    heal: nothing,
  },
  {
    attack: 'own approval',
    tried: 'one of the two who signed performs it',
    code: 'APPROVAL_BY_REQUESTER',
    strike: (bench, { token }) => bench.door().call(bench.call({ actor: bench.actor(bench.first), approval: { token } })),
    heal: nothing,
  },
  {
    attack: 'own approval',
    tried: 'governance approve of what one has asked for',
    code: 'APPROVAL_BY_REQUESTER',
    strike: async (bench) => signedBy(bench.approvals(), await bench.request({ requester: bench.first.person.id }), bench.first),
    heal: nothing,
  },
  {
    attack: 'removed approver',
    tried: 'removed after signing',
    code: 'APPROVER_REMOVED',
    strike: async (bench, { token }) => {
      await bench.people.remove(bench.first.person.id);
      return bench.use({ token });
    },
    heal: null,
  },
  {
    attack: 'removed approver',
    tried: 'a viewer since',
    code: 'APPROVER_REMOVED',
    strike: async (bench, { request }) => {
      await bench.execute("update person set role = 'viewer' where id = $1", [bench.second.person.id]);
      return bench.use({ request: request.id });
    },
    heal: null,
  },
  {
    attack: 'removed approver',
    tried: 'governance approve by an administrator',
    code: 'APPROVER_REMOVED',
    strike: async (bench) => signedBy(bench.approvals(), await bench.request(), await signatory(bench.people, 'admin')),
    heal: nothing,
  },
  {
    attack: 'signature by the server instead of a person',
    tried: 'a token signed with keys made on the spot',
    code: 'APPROVAL_KEY_UNKNOWN',
    strike: (bench, { request: { payload } }) =>
      bench.use({
        token: tokenFrom(
          payload,
          [strangerKey(), strangerKey()].map((key) => envelopeSignature(payload, key)),
        ),
      }),
    heal: nothing,
  },
  {
    attack: 'signature by the server instead of a person',
    tried: 'written into the database as signatures of two approvers',
    code: 'APPROVAL_KEY_UNKNOWN',
    strike: async (bench) => {
      const request = await bench.request();
      for (const { person } of [bench.first, bench.second]) {
        const forged = envelopeSignature(request.payload, strangerKey());
        const values = [request.id, person.id, forged.keyid, JSON.stringify(forged)];
        await bench.execute('insert into approval_signature (request, person, key_id, signature, at) values ($1, $2, $3, $4, now())', values);
      }
      return bench.use({ request: request.id });
    },
    heal: nothing,
  },
  {
    attack: 'removed key',
    tried: 'the key of an approver was removed after it had signed',
    code: 'APPROVAL_KEY_UNKNOWN',
    strike: async (bench, { token }) => {
      await bench.people.removeKey(bench.first.keyId);
      return bench.use({ token });
    },
    heal: null,
  },
  {
    attack: "another person's key",
    tried: 'governance approve with a signature that somebody else has made',
    code: 'APPROVAL_KEY_UNKNOWN',
    strike: async (bench) => {
      const { id, payload } = await bench.request();
      return bench.approvals().sign(id, bench.first.person.id, signatureOf(payload, bench.second));
    },
    heal: nothing,
  },
  {
    attack: 'forged signature',
    tried: "keys of the server under the ids of the approvers' keys",
    code: 'APPROVAL_SIGNATURE_INVALID',
    strike: (bench, { request: { payload } }) => {
      const forged = [bench.first, bench.second].map(({ keyId, publicKey }) => ({ ...envelopeSignature(payload, strangerKey()), keyid: keyId, publicKey }));
      return bench.use({ token: tokenFrom(payload, forged) });
    },
    heal: nothing,
  },
  {
    attack: 'forged signature',
    tried: 'an edited statement with the signatures of the old one',
    code: 'APPROVAL_SIGNATURE_INVALID',
    strike: (bench, { request }) => {
      bench.world.changes = ['delete the backups'];
      const payload = payloadOf({ ...request.statement, changes: ['delete the backups'] });
      const signatures = request.signatures.map((each) => each.signature);
      return bench.use({ token: tokenFrom(payload, signatures) });
    },
    heal: (bench) => {
      bench.world.changes = ['turn the probe', 'tell it'];
    },
  },
  {
    attack: 'forged signature',
    tried: 'over the digest instead of the encoding',
    code: 'APPROVAL_SIGNATURE_INVALID',
    strike: (bench, { request }) => bench.use({ token: signedOtherwise(bench, request, createHash('sha256').update(signedBytesOf(request.payload)).digest()) }),
    heal: nothing,
  },
  {
    attack: 'forged signature',
    tried: 'over the payload without its type',
    code: 'APPROVAL_SIGNATURE_INVALID',
    strike: (bench, { request }) => bench.use({ token: signedOtherwise(bench, request, Buffer.from(request.payload)) }),
    heal: nothing,
  },
  byPasskey('asked by the page of another site', { origin: 'https://evil.example' }),
  byPasskey('of another relying party', { rpId: 'evil.example' }),
  byPasskey('touched, but nobody was verified', { userVerified: false }),
  byPasskey('over another challenge, such as that of a sign-in', { challenge: randomBytes(32).toString('base64url') }),
  byPasskey('a copy, whose counter did not rise', { counter: 0 }),
  {
    attack: 'one person counted twice',
    tried: 'with two keys',
    code: 'APPROVAL_TWICE',
    strike: async (bench, { request: { payload } }) => {
      const key = strangerKey();
      await bench.people.addKey(bench.first.person.id, { publicKey: key.publicKey, credential: null, label: 'another machine' });
      return bench.use({
        token: tokenFrom(
          payload,
          [bench.first, key].map((by) => envelopeSignature(payload, by)),
        ),
      });
    },
    heal: nothing,
  },
  {
    attack: 'one person counted twice',
    tried: 'with the same signature twice',
    code: 'APPROVAL_TWICE',
    strike: (bench, { request: { payload } }) =>
      bench.use({
        token: tokenFrom(
          payload,
          [bench.first, bench.first].map((by) => envelopeSignature(payload, by)),
        ),
      }),
    heal: nothing,
  },
  {
    attack: 'too few signatures',
    tried: 'a token with one where two are needed',
    code: 'APPROVAL_MISSING',
    strike: (bench, { request: { payload } }) => bench.use({ token: tokenFrom(payload, [envelopeSignature(payload, bench.second)]) }),
    heal: nothing,
  },
  { attack: 'too few signatures', tried: 'no approval at all', code: 'APPROVAL_MISSING', strike: (bench) => bench.door().call(bench.call()), heal: nothing },
];
