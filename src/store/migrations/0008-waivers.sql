-- Findings of a scan that somebody has decided to live with, each for exactly one digest and until a day. Their words may name people.
create table waiver (
  id text primary key,
  run_id text not null unique,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  rule text not null,
  -- File or file!member; null for the whole model.
  path text,
  reason text not null,
  owner text not null,
  until timestamptz(3) not null,
  created_at timestamptz(3) not null,
  created_by text not null,
  revoked_at timestamptz(3),
  revoked_by text,
  revoked_reason text,
  check (until > created_at),
  check (num_nulls(revoked_at, revoked_by, revoked_reason) in (0, 3))
);
create index waiver_digest on waiver (digest, created_at);
