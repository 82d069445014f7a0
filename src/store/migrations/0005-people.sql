alter table person add column removed_at timestamptz(3);

-- The id is the hex SHA-256 of the public key, so that one key belongs to one person, for ever.
create table person_key (
  id text primary key check (id ~ '^[0-9a-f]{64}$'),
  person text not null references person (id),
  kind text not null check (kind in ('ed25519', 'webauthn')),
  public_key text not null,
  credential_id text unique,
  rp_id text,
  transports jsonb,
  counter bigint check (counter >= 0),
  label text not null,
  created_at timestamptz(3) not null,
  removed_at timestamptz(3),
  check ((kind = 'webauthn') = (credential_id is not null)),
  check (num_nulls(credential_id, rp_id, transports, counter) in (0, 4))
);
create index person_key_person on person_key (person);

-- Where two people had registered the same key, it stays with the first.
insert into person_key (id, person, kind, public_key, label, created_at)
select encode(sha256(decode(padded, 'base64')), 'hex'), id, 'ed25519', padded, 'command line', created_at
from (
  select person.*, rpad(plain, ((length(plain) + 3) / 4) * 4, '=') as padded
  from (select *, rtrim(translate(public_key, '-_', '+/'), '=') as plain from person) as person
) as person
order by created_at, id
on conflict do nothing;
alter table person drop column public_key;

-- Who an identity provider says somebody is. The row stays when the person is removed: they cannot come back by it.
create table person_identity (
  issuer text not null,
  subject text not null,
  person text not null references person (id),
  created_at timestamptz(3) not null,
  primary key (issuer, subject)
);
create index person_identity_person on person_identity (person);

-- `bearer` is the command line's, `browser` is the cookie of a browser.
alter table person_token add column kind text not null default 'bearer' check (kind in ('bearer', 'browser'));
alter table person_token add column expires_at timestamptz(3);
-- The key that it was given for: gone with it. Null for a sign-in at an identity provider, and for tokens from before.
alter table person_token add column key text references person_key (id);
create index person_token_key on person_token (key);
alter table person_token add check (kind = 'bearer' or expires_at is not null);

-- A command line that waits for somebody to confirm its code in a browser. Gone once its token was fetched.
create table device_sign_in (
  device_sha256 text primary key,
  user_sha256 text not null unique,
  public_key text not null,
  label text not null,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  person text references person (id),
  decided_at timestamptz(3),
  check (person is null or decided_at is not null)
);
