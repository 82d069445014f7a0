-- Versions of models. What a row says about the files stays as it was registered; only the stage changes.
create table registered_model (
  id text primary key,
  run_id text not null unique,
  name text not null,
  version text not null,
  digest text not null unique check (digest ~ '^[0-9a-f]{64}$'),
  location text not null,
  imported boolean not null,
  files integer not null check (files > 0),
  bytes bigint not null check (bytes >= 0),
  signature jsonb,
  datasets jsonb not null,
  training_run text,
  licence text,
  owner text not null,
  stage text not null check (stage in ('registered', 'validated', 'staging', 'production', 'retired', 'quarantined')),
  stage_at timestamptz(3) not null,
  registered_at timestamptz(3) not null,
  registered_by text not null,
  row_version integer not null default 1 check (row_version > 0),
  -- Order of registration: two may fall into one millisecond.
  position bigint generated always as identity unique,
  unique (name, version)
);

-- One row for each model: its files with their digests, in the order that its digest is over.
create table model_manifest (
  model text primary key references registered_model,
  manifest jsonb not null
);

create table model_parent (
  model text not null references registered_model,
  ordinal integer not null,
  parent text not null references registered_model,
  primary key (model, ordinal),
  check (model <> parent)
);
create index model_parent_children on model_parent (parent);

-- What operations found about exactly one digest, also before a model of it is registered. Newest: the greatest position.
create table gate_result (
  position bigint generated always as identity primary key,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  gate text not null,
  verdict text not null check (verdict in ('ok', 'finding', 'violation', 'inconclusive')),
  summary text not null,
  run_id text not null,
  at timestamptz(3) not null,
  unique (run_id, gate, digest)
);
create index gate_result_newest on gate_result (digest, gate, position);

create table stage_change (
  position bigint generated always as identity primary key,
  model text not null references registered_model,
  from_stage text check (from_stage in ('registered', 'validated', 'staging', 'production', 'retired', 'quarantined')),
  to_stage text not null check (to_stage in ('registered', 'validated', 'staging', 'production', 'retired', 'quarantined')),
  author text not null,
  run_id text not null,
  reason text,
  at timestamptz(3) not null,
  unique (model, run_id),
  check (from_stage <> to_stage),
  check (from_stage is not null or to_stage = 'registered')
);
