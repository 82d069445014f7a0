-- Texts of runbooks that were run, pinned by their hash.
create table runbook_document (
  sha256 text primary key,
  text text not null
);

-- Runs of runbooks. What the steps depend on stands in columns, the rest of what is shown in details.
create table runbook_run (
  id text primary key,
  document text not null references runbook_document (sha256),
  state text not null check (state in ('pending', 'waiting-approval', 'running', 'succeeded', 'failed', 'aborted')),
  attempt integer not null default 1 check (attempt >= 1),
  opened_at timestamptz(3) not null,
  ended_at timestamptz(3),
  details jsonb not null,
  check ((ended_at is null) = (state in ('pending', 'waiting-approval', 'running')))
);
create index runbook_run_newest on runbook_run (opened_at desc, id desc);
create index runbook_run_open on runbook_run (opened_at) where ended_at is null;

create table runbook_step (
  run text not null references runbook_run (id),
  index integer not null check (index >= 0),
  state text not null check (state in ('pending', 'waiting-approval', 'running', 'succeeded', 'failed', 'skipped', 'aborted')),
  details jsonb not null,
  primary key (run, index)
);
