-- Change requests. Their words may name people, so they stand here, where they can be erased, and never in a log.
create table change_request (
  id text primary key,
  run_id text not null unique,
  title text not null,
  description text not null,
  risk text not null check (risk in ('read', 'change', 'destroy')),
  systems jsonb not null,
  operation text,
  plan_sha256 text,
  changes jsonb not null,
  rollback text,
  requester text not null,
  created_at timestamptz(3) not null,
  reviewed_by text,
  reviewed_at timestamptz(3),
  decision text check (decision in ('approved', 'declined')),
  note text,
  scheduled_by text,
  starts_at timestamptz(3),
  ends_at timestamptz(3),
  check (risk = 'read' or rollback is not null),
  check ((operation is null) = (plan_sha256 is null)),
  check (num_nulls(reviewed_by, reviewed_at, decision, note) in (0, 4)),
  check (num_nulls(scheduled_by, starts_at, ends_at) in (0, 3)),
  check (scheduled_by is null or decision = 'approved'),
  check (starts_at < ends_at)
);
create index change_request_span on change_request (starts_at, ends_at) where starts_at is not null;

-- What became of the occurrences of each schedule of config.yaml, up to `seen_until`.
create table run_schedule (
  name text primary key,
  -- Another time table starts anew.
  cron text not null,
  timezone text not null,
  seen_until timestamptz(3) not null,
  -- The newest occurrence for which a run was wanted: `claimed` until its run exists for sure.
  due_at timestamptz(3),
  run_id text,
  state text check (state in ('claimed', 'started', 'failed')),
  problem text,
  -- The newest occurrence that was passed over, and the run that was still going.
  skipped_at timestamptz(3),
  skipped_run text,
  check (num_nulls(due_at, run_id, state) in (0, 3)),
  check ((state = 'failed') = (problem is not null) or state is null),
  check (num_nulls(skipped_at, skipped_run) in (0, 2))
);
