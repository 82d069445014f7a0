import { generateAuthenticationOptions, generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Database, Statements } from '../../store/database.ts';
import { findCredential, raiseCounter, selectKeys } from '../../store/person-key-rows.ts';
import { clientDataOf, verifyPasskeyAssertion } from './passkey-assertion.ts';
import type { PasskeyAssertion } from './passkey-assertion.ts';
import { addSession, asPerson, lockActive, redeemFor } from './people-service.ts';
import { asPersonKey, checkLabel, keyIdOf } from './person-keys.ts';
import type { BrowserSession, NewKey, Person, PersonKey } from './service.ts';
import { createSingleUse } from './single-use.ts';
import type { Site } from './site.ts';

const CHALLENGE_MS = 5 * 60 * 1000;
const MAX_CHALLENGES = 10_000;
const RP_NAME = 'ELULMC';
/** Ed25519, ECDSA on P-256, RSA: what authenticators have (COSE numbers). */
const ALGORITHMS = [-8, -7, -257];

/** What a browser's `navigator.credentials.create` gave, as JSON with base64url members. */
export interface RegistrationResponse {
  readonly id: string;
  readonly response: { readonly clientDataJSON: string; readonly attestationObject: string; readonly transports: readonly string[] };
}

/** What a browser's `navigator.credentials.get` gave. */
export interface SignInResponse {
  readonly id: string;
  readonly response: PasskeyAssertion & { readonly userHandle: string | null };
}

/** A new key that was verified, and whose it becomes. */
export interface VerifiedRegistration {
  readonly person: { readonly id: string; readonly name: string };
  readonly key: NewKey;
  readonly keyId: string;
}

export interface SignedInBrowser {
  readonly person: Person;
  readonly session: BrowserSession;
}

/**
 * Passkeys in two steps each: an offer with a challenge (5 minutes, used once, forgotten at a restart), and the check of what
 * the authenticator made of it. Checking stores nothing; `redeem` and `signIn` do. PASSKEY_REFUSED says what is wrong.
 */
export interface Passkeys {
  /** Options of `navigator.credentials.create` for somebody who is signed in. */
  offerTo(person: { readonly id: string; readonly name: string }): Promise<object>;
  /** The same for somebody who holds an invitation: the person is made when it is redeemed. */
  offerForInvitation(secret: string, name: string): Promise<object>;
  /** `owner` is the person who is signed in, or the secret of the invitation. */
  checkNew(owner: string, response: RegistrationResponse, label: string): Promise<VerifiedRegistration>;
  /** Consumes the invitation for the person of the offer. */
  redeem(secret: string, registration: VerifiedRegistration): Promise<SignedInBrowser>;
  /** Options of `navigator.credentials.get`: any passkey of this site. */
  offerSignIn(): Promise<object>;
  checkSignIn(response: SignInResponse): Promise<{ readonly key: PersonKey; readonly counter: number }>;
  /** Opens the session, unless the counter was used meanwhile. */
  signIn(key: PersonKey, counter: number): Promise<SignedInBrowser>;
}

type Challenge = { readonly for: 'sign-in' } | { readonly for: 'registration'; readonly owner: string; readonly person: VerifiedRegistration['person'] };

function refused(reason: string): ElulmcError {
  return new ElulmcError('PASSKEY_REFUSED', `the passkey was not accepted: ${reason}`);
}

async function signInWith(statements: Statements, key: PersonKey, counter: number): Promise<SignedInBrowser> {
  const person = asPerson(await lockActive(statements, key.person));
  if (!(await raiseCounter(statements, key.id, counter))) throw refused('its counter was used before, or it was removed');
  return { person, session: await addSession(statements, person.id, key.id) };
}

export function createPasskeys(database: Database, site: () => Site): Passkeys {
  const challenges = createSingleUse<Challenge>(CHALLENGE_MS, MAX_CHALLENGES);

  /** The challenge that a response answers; it is used up, whatever comes of it. */
  function takeChallenge(clientDataJSON: string): { readonly text: string; readonly challenge: Challenge } {
    const text = clientDataOf(clientDataJSON)?.['challenge'];
    const challenge = typeof text === 'string' ? challenges.take(text) : undefined;
    if (typeof text !== 'string' || challenge === undefined) throw refused('its challenge was used before, has expired or is not ours');
    return { text, challenge };
  }

  async function offer(owner: string, person: VerifiedRegistration['person'], exclude: readonly PersonKey[]): Promise<object> {
    const options = await generateRegistrationOptions({
      rpName: RP_NAME,
      rpID: site().rpId,
      userID: new Uint8Array(Buffer.from(person.id)),
      userName: person.name,
      userDisplayName: person.name,
      attestationType: 'none',
      excludeCredentials: exclude.flatMap(({ credential }) => (credential === null ? [] : [{ id: credential.id, transports: [...credential.transports] }])),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      supportedAlgorithmIDs: ALGORITHMS,
      timeout: CHALLENGE_MS,
    });
    challenges.put(options.challenge, { for: 'registration', owner, person });
    return options;
  }

  return {
    offerTo: async (person) => {
      const keys = await database.run((statements) => selectKeys(statements, person.id));
      return await offer(person.id, person, keys.map(asPersonKey));
    },
    offerForInvitation: async (secret, name) => {
      checkLabel(name, 'name');
      return await offer(secret, { id: newId('per'), name }, []);
    },
    checkNew: async (owner, response, label) => {
      checkLabel(label, 'label');
      const { text, challenge } = takeChallenge(response.response.clientDataJSON);
      if (challenge.for !== 'registration' || challenge.owner !== owner) throw refused('its challenge was given for something else');
      const { origin, rpId } = site();
      const { clientDataJSON, attestationObject, transports } = response.response;
      const checked = await verifyRegistrationResponse({
        response: { id: response.id, rawId: response.id, type: 'public-key', clientExtensionResults: {}, response: { clientDataJSON, attestationObject } },
        expectedChallenge: text,
        expectedOrigin: origin,
        expectedRPID: rpId,
        requireUserVerification: true,
        supportedAlgorithmIDs: ALGORITHMS,
      }).catch((thrown: unknown) => {
        throw refused(thrown instanceof Error ? thrown.message : String(thrown));
      });
      if (!checked.verified) throw refused('its attestation is not valid');
      const { id, publicKey, counter } = checked.registrationInfo.credential;
      if (id !== response.id) throw refused('it has two ids');
      const base64 = Buffer.from(publicKey).toString('base64');
      return { person: challenge.person, key: { publicKey: base64, credential: { id, rpId, transports, counter }, label }, keyId: keyIdOf(base64) };
    },
    redeem: async (secret, { person, key }) =>
      await database.transaction(async (statements) => {
        const made = await redeemFor(statements, secret, person, key);
        return { person: made, session: await addSession(statements, made.id, keyIdOf(key.publicKey)) };
      }),
    offerSignIn: async () => {
      const options = await generateAuthenticationOptions({ rpID: site().rpId, userVerification: 'required', timeout: CHALLENGE_MS });
      challenges.put(options.challenge, { for: 'sign-in' });
      return options;
    },
    checkSignIn: async (given) => {
      const { userHandle, ...assertion } = given.response;
      const { text, challenge } = takeChallenge(assertion.clientDataJSON);
      if (challenge.for !== 'sign-in') throw refused('its challenge was given for something else');
      const row = await database.run((statements) => findCredential(statements, given.id));
      if (row?.removedAt !== null) throw refused('it is not registered here');
      const key = asPersonKey(row);
      if (userHandle !== null && Buffer.from(userHandle, 'base64url').toString() !== key.person) throw refused('it was made for somebody else');
      const checked = await verifyPasskeyAssertion(key, assertion, Buffer.from(text, 'base64url'), site());
      if (!checked.ok) throw refused(checked.reason);
      return { key, counter: checked.counter };
    },
    signIn: async (key, counter) => await database.transaction((statements) => signInWith(statements, key, counter)),
  };
}
