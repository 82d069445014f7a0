import type { Role } from './roles.ts';

/** A person who signed in. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: string;
  /** Null while the person may sign in and act. */
  readonly removedAt: string | null;
}

/** A public key that signs for one person; the private half never left their machine or authenticator. A key belongs to one person for ever. */
export interface PersonKey {
  /** Lower-case hex SHA-256 of the bytes of `publicKey`: the `keyid` of their signatures. */
  readonly id: string;
  readonly person: string;
  readonly kind: 'ed25519' | 'webauthn';
  /** base64: SPKI DER of an Ed25519 key, or a COSE key (WebAuthn). */
  readonly publicKey: string;
  /** WebAuthn only. */
  readonly credential: PasskeyCredential | null;
  /** What its owner calls it. */
  readonly label: string;
  readonly createdAt: string;
  readonly removedAt: string | null;
}

export interface PasskeyCredential {
  /** base64url */
  readonly id: string;
  readonly rpId: string;
  readonly transports: readonly string[];
  /** Signature counter; 0 where the authenticator keeps none. */
  readonly counter: number;
}

/** A key that is to be registered. */
export interface NewKey {
  /** base64, as in `PersonKey`. */
  readonly publicKey: string;
  readonly credential: PasskeyCredential | null;
  readonly label: string;
}

/** A signed-in browser; ends by itself after 8 hours. */
export interface BrowserSession {
  /** `elb_...`: the value of the cookie; stored as SHA-256. */
  readonly secret: string;
  readonly expiresAt: string;
}

/** Who calls an operation. */
export type Actor =
  | { readonly kind: 'person'; readonly id: string; readonly name: string; readonly role: Role }
  /** A user of this host who holds the local token (0600) but has not signed in: `local:<uid>`. */
  | { readonly kind: 'local'; readonly id: string }
  | { readonly kind: 'system'; readonly id: 'system' };

export interface PeopleService {
  /** A new one-time link secret; stored as SHA-256. Expires after 24 hours, or when `by` is no administrator any more. */
  invite(role: Role, by: string): Promise<{ readonly secret: string; readonly expiresAt: string }>;
  /** Who made the invitation, while the secret could be redeemed. Consumes nothing. */
  inviterOf(secret: string): Promise<string | undefined>;
  /**
   * Consumes the invitation, makes the person with this Ed25519 key and a bearer token (`elp_...`, shown once). INVITATION_INVALID
   * otherwise; CONFLICT when the key belongs to somebody, and the invitation stays open.
   */
  redeem(secret: string, name: string, publicKey: string): Promise<{ readonly person: Person; readonly token: string }>;
  /** The person of a bearer token, or undefined; removed people have none. */
  authenticate(token: string): Promise<Person | undefined>;
  openSession(personId: string): Promise<BrowserSession>;
  /** The person of a browser session, or undefined: unknown, expired, or the person was removed. */
  personOfSession(secret: string): Promise<Person | undefined>;
  closeSession(secret: string): Promise<void>;
  /** Voids every operator token and browser session but those of `except`. Returns how many people were signed out. */
  signOutAll(except: string | null): Promise<number>;
  /** Also those who were removed. */
  list(): Promise<readonly Person[]>;
  find(personId: string): Promise<Person | undefined>;
  /**
   * Ends the person's tokens and sessions, and the invitations that they made and nobody used; their keys sign for nobody any more.
   * Idempotent. NOT_FOUND for an unknown id, CONFLICT for the last administrator.
   */
  remove(personId: string): Promise<Person>;
  /** Every key of a person, also removed ones. */
  keysOf(personId: string): Promise<readonly PersonKey[]>;
  /** By its id (hex SHA-256 of the public key). */
  findKey(keyId: string): Promise<PersonKey | undefined>;
  /** CONFLICT when the key belongs to another person or was removed. Idempotent. */
  addKey(personId: string, key: NewKey): Promise<PersonKey>;
  /** It signs for nobody any more and does not come back; the tokens and sessions that it was the key of end. Idempotent. NOT_FOUND for an unknown id. */
  removeKey(keyId: string): Promise<PersonKey>;
  /** Stores the signature counter of a passkey. False when it did not rise: the assertion that carried it must not count. */
  raiseCounter(keyId: string, counter: number): Promise<boolean>;
}
