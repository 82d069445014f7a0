import type { Role } from './roles.ts';

/** A person who signed in; `publicKey` is base64 SPKI DER of an Ed25519 key whose private half never left their machine. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly publicKey: string;
  readonly createdAt: string;
}

/** Who calls an operation. */
export type Actor =
  | { readonly kind: 'person'; readonly id: string; readonly name: string; readonly role: Role }
  /** A user of this host who holds the local token (0600) but has not signed in: `local:<uid>`. */
  | { readonly kind: 'local'; readonly id: string }
  | { readonly kind: 'system'; readonly id: 'system' };

export interface PeopleService {
  /** A new one-time link secret; stored as SHA-256. Expires after 24 hours. */
  invite(role: Role, by: string): Promise<{ readonly secret: string; readonly expiresAt: string }>;
  /** Whether the secret could be redeemed now. Consumes nothing. */
  invitationOpen(secret: string): Promise<boolean>;
  /** Consumes the invitation, makes the person and a bearer token (`elp_...`, shown once). INVITATION_INVALID otherwise. */
  redeem(secret: string, name: string, publicKey: string): Promise<{ readonly person: Person; readonly token: string }>;
  /** The person of a bearer token, or undefined. */
  authenticate(token: string): Promise<Person | undefined>;
  /** Voids every operator token but those of `except`. Returns how many people were signed out. */
  signOutAll(except: string | null): Promise<number>;
  list(): Promise<readonly Person[]>;
}
