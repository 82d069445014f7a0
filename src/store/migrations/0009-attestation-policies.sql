-- Attestation policies that were approved, every version that ever held. The highest version of a name holds.
create table attestation_policy (
  name text not null,
  version integer not null check (version > 0),
  -- The file as it was approved; results name its digest.
  text text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  set_by text not null,
  set_at timestamptz(3) not null,
  run_id text not null unique,
  primary key (name, version)
);
