-- One row: which control plane leads. Every transaction of a leader holds it with FOR KEY SHARE and compares the epoch, raising the
-- epoch takes it FOR UPDATE: so no transaction of an earlier leader can be committed after another one has taken over.
create table leader (
  singleton boolean primary key default true check (singleton),
  epoch bigint not null default 0,
  -- Name of its connections in pg_stat_activity.
  holder text,
  -- control.name of its configuration.
  name text,
  -- Address of its control API; null while it starts.
  url text,
  -- What all control planes of one installation must share: the public session key, and the SHA-256 of the subject key.
  session_key text,
  subject_key text,
  renewed_at timestamptz(3)
);
insert into leader default values;

-- The control log in which a run is recorded: `control`, or `control-<control.name>`. After a takeover that is the log of the new leader,
-- and `begun_in` names the one in which the run began.
alter table operation_run add column log text not null default 'control', add column begun_in text;
