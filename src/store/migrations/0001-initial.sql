-- One row: the installation itself.
create table installation (
  singleton boolean primary key default true check (singleton),
  id text not null,
  session_generation bigint not null default 1,
  session_key text not null,
  stream_grace_ms integer not null default 0 check (stream_grace_ms between 0 and 30000)
);

-- One row. Every change of the posture locks it first, so versions are committed in their order.
create table posture_version (
  singleton boolean primary key default true check (singleton),
  version bigint not null
);
insert into posture_version (version) values (0);

-- What each version changed. A run makes a change of one kind once, however often it is asked.
create table posture_change (
  version bigint primary key,
  run_id text not null,
  change text not null,
  operation text not null,
  actor text not null,
  at timestamptz(3) not null,
  summary jsonb not null,
  constraint posture_change_once unique (run_id, change)
);

create table isolation (
  scope text not null check (scope in ('all', 'model', 'upstream', 'key')),
  target text,
  reason text not null,
  author text not null,
  at timestamptz(3) not null,
  constraint isolation_once unique nulls not distinct (scope, target),
  check ((scope = 'all') = (target is null))
);

create table upstream (
  name text primary key,
  url text not null,
  engine text not null,
  token_file text
);

create table route (
  model text primary key,
  targets jsonb not null,
  backup jsonb,
  active text not null check (active in ('primary', 'backup')),
  check (active = 'primary' or backup is not null)
);

create table pass_through (
  path text primary key,
  upstream text not null
);

-- `changed` is the version that wrote the row last: gateways read only newer rows.
create table subject (
  id text primary key,
  wrapped_key text,
  changed bigint not null
);
create index subject_changed on subject (changed);

create table api_key (
  id text primary key,
  sha256 text not null unique,
  name text not null,
  subject text not null references subject (id),
  generation bigint not null default 1,
  revoked_at timestamptz(3),
  models jsonb,
  concurrency integer,
  requests_per_minute integer,
  tokens_per_minute integer,
  changed bigint not null
);
create index api_key_changed on api_key (changed);

-- A removed row could not be seen by a gateway that reads newer rows only: keys are revoked and subjects erased instead.
create function refuse_removal() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never removed', tg_table_name;
end $$;
create trigger subject_stays before delete or truncate on subject for each statement execute function refuse_removal();
create trigger api_key_stays before delete or truncate on api_key for each statement execute function refuse_removal();

create table person (
  id text primary key,
  name text not null,
  role text not null check (role in ('viewer', 'operator', 'security', 'approver', 'admin')),
  public_key text not null,
  created_at timestamptz(3) not null
);

create table person_token (
  sha256 text primary key,
  person text not null references person (id),
  created_at timestamptz(3) not null
);
create index person_token_person on person_token (person);

create table invitation (
  sha256 text primary key,
  role text not null,
  invited_by text not null,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  used_at timestamptz(3),
  used_by text references person (id)
);

-- Operations whose intent is recorded; those still open at a start are resolved there.
create table operation_run (
  id text primary key,
  operation text not null,
  actor text not null,
  ref text,
  input_sha256 text not null,
  plan_sha256 text not null,
  log_size bigint not null,
  opened_at timestamptz(3) not null,
  outcome text,
  report jsonb
);
create index operation_run_open on operation_run (opened_at) where outcome is null;

-- What the witness cosigned last of each log.
create table log_head (
  log text primary key,
  size bigint not null,
  root text not null,
  vkey text not null,
  refused boolean not null default false,
  cosigned_at timestamptz(3) not null,
  note text not null
);

-- Search only, never proof: rebuilt from the logs at any time.
create table ledger_index (
  log text not null,
  index bigint not null,
  at timestamptz(3) not null,
  actor text not null,
  kind text not null,
  key text,
  model text,
  request_id text not null,
  data jsonb check (data is null or kind = 'session.issued'),
  primary key (log, index)
);
create index ledger_index_request on ledger_index (request_id);
create index ledger_index_at on ledger_index (at);
create index ledger_index_key on ledger_index (key, at) where key is not null;
create index ledger_index_kind on ledger_index (kind, at);
