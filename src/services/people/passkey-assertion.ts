import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import { asRecord } from '../../core/json.ts';
import type { PersonKey } from './service.ts';
import type { Site } from './site.ts';

/** What a passkey signed; every member base64url. */
export interface PasskeyAssertion {
  readonly authenticatorData: string;
  readonly clientDataJSON: string;
  readonly signature: string;
}

export type CheckedAssertion = { readonly ok: true; readonly counter: number } | { readonly ok: false; readonly reason: string };

/** The JSON of `clientDataJSON`; undefined when it is none. */
export function clientDataOf(clientDataJSON: string): Record<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}

/**
 * Checks an assertion (WebAuthn level 3, section 7.2): type, challenge, origin, relying party, user presence and verification,
 * signature, and, while it is `fresh`, that the counter is higher than the stored one. Store the counter with
 * `PeopleService.raiseCounter`, whose answer decides between two assertions at the same time. An assertion that was accepted
 * before and is checked again is not `fresh`.
 */
export async function verifyPasskeyAssertion(
  key: PersonKey,
  assertion: PasskeyAssertion,
  challenge: Buffer,
  site: Site,
  fresh = true,
): Promise<CheckedAssertion> {
  const { credential } = key;
  if (credential === null) return { ok: false, reason: 'the key is no passkey' };
  if (clientDataOf(assertion.clientDataJSON)?.['crossOrigin'] === true) return { ok: false, reason: 'it was made inside a page of another origin' };
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { id: credential.id, rawId: credential.id, type: 'public-key', clientExtensionResults: {}, response: { ...assertion } },
      expectedChallenge: challenge.toString('base64url'),
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      credential: { id: credential.id, publicKey: new Uint8Array(Buffer.from(key.publicKey, 'base64')), counter: fresh ? credential.counter : 0 },
      requireUserVerification: true,
    });
    return verified ? { ok: true, counter: authenticationInfo.newCounter } : { ok: false, reason: 'the signature is not valid' };
  } catch (thrown) {
    return { ok: false, reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
