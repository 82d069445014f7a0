import { bigint, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './instant.ts';

/** The tables of people as the query layer sees them (0001-initial.sql and 0005-people.sql make them). */

export const person = pgTable('person', {
  id: text().primaryKey(),
  name: text().notNull(),
  role: text().notNull(),
  createdAt: instant('created_at').notNull(),
  removedAt: instant('removed_at'),
});

export const personKey = pgTable('person_key', {
  id: text().primaryKey(),
  person: text()
    .notNull()
    .references(() => person.id),
  kind: text().$type<'ed25519' | 'webauthn'>().notNull(),
  publicKey: text('public_key').notNull(),
  credentialId: text('credential_id').unique(),
  rpId: text('rp_id'),
  transports: jsonb().$type<readonly string[]>(),
  counter: bigint({ mode: 'number' }),
  label: text().notNull(),
  createdAt: instant('created_at').notNull(),
  removedAt: instant('removed_at'),
});

/** Who an identity provider says somebody is. */
export const personIdentity = pgTable(
  'person_identity',
  {
    issuer: text().notNull(),
    subject: text().notNull(),
    person: text()
      .notNull()
      .references(() => person.id),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.issuer, table.subject] })],
);

export const personToken = pgTable('person_token', {
  sha256: text().primaryKey(),
  person: text()
    .notNull()
    .references(() => person.id),
  createdAt: instant('created_at').notNull(),
  kind: text().$type<'bearer' | 'browser'>().notNull().default('bearer'),
  expiresAt: instant('expires_at'),
  /** Key that it was given for. */
  key: text().references(() => personKey.id),
});

export const invitation = pgTable('invitation', {
  sha256: text().primaryKey(),
  role: text().notNull(),
  invitedBy: text('invited_by').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
  usedBy: text('used_by').references(() => person.id),
});

export const deviceSignIn = pgTable('device_sign_in', {
  deviceSha256: text('device_sha256').primaryKey(),
  userSha256: text('user_sha256').notNull().unique(),
  publicKey: text('public_key').notNull(),
  label: text().notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  person: text().references(() => person.id),
  /** When somebody confirmed or refused it. */
  decidedAt: instant('decided_at'),
});
