import { verifyPasskeyAssertion } from '../people/passkey-assertion.ts';
import type { Site } from '../people/site.ts';
import type { VerifyPasskey } from './signature.ts';

/**
 * Passkey signatures as they must be on this site. They are checked again long after they were made, so the counter says nothing
 * here (signing compares it once); the challenge, which holds the request's id, does.
 */
export function passkeyVerifier(site: () => Site): VerifyPasskey {
  return async (publicKey, answer, challenge) => {
    const where = site();
    const credential = { id: 'approval', rpId: where.rpId, transports: [], counter: 0 };
    const key = { id: '', person: '', kind: 'webauthn', publicKey, credential, label: '', createdAt: '', removedAt: null } as const;
    return (await verifyPasskeyAssertion(key, answer, challenge, where, false)).ok;
  };
}
