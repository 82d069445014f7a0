-- What people were asked to sign. `payload` is the signed bytes: the number required, requester and expiry stand in it too, and
-- those count. It is text and is never parsed here: jsonb refuses characters that JSON may hold.
create table approval_request (
  id text primary key,
  run_id text not null unique,
  payload text not null,
  required int not null check (required > 0),
  requester text not null,
  expires_at timestamptz(3) not null,
  reason text not null,
  ref text,
  created_at timestamptz(3) not null,
  declined_by text,
  declined_at timestamptz(3),
  decline_reason text,
  expired_at timestamptz(3),
  used_by text,
  used_at timestamptz(3),
  check (num_nulls(declined_by, declined_at, decline_reason) in (0, 3)),
  check ((used_by is null) = (used_at is null))
);
create index approval_request_created on approval_request (created_at);
create index approval_request_waiting on approval_request (expires_at) where expired_at is null and used_by is null and declined_at is null;

-- Each person once, each key once.
create table approval_signature (
  request text not null references approval_request (id),
  person text not null,
  key_id text not null,
  signature jsonb not null,
  at timestamptz(3) not null,
  primary key (request, person),
  constraint approval_signature_key_once unique (request, key_id)
);

-- A request is never rewritten: what was asked, used, declined or expired stays so.
create function keep_approval_request() returns trigger language plpgsql as $$
begin
  if (old.id, old.run_id, old.payload, old.required, old.requester, old.expires_at)
      is distinct from (new.id, new.run_id, new.payload, new.required, new.requester, new.expires_at)
    or (old.used_by is not null and old.used_by is distinct from new.used_by)
    or (old.declined_at is not null and old.declined_at is distinct from new.declined_at)
    or (old.expired_at is not null and old.expired_at is distinct from new.expired_at) then
    raise exception 'approval request % is never rewritten', old.id;
  end if;
  return new;
end $$;
create trigger approval_request_kept before update on approval_request for each row execute function keep_approval_request();
create trigger approval_request_stays before delete or truncate on approval_request for each statement execute function refuse_removal();
create trigger approval_signature_stays before delete or truncate on approval_signature for each statement execute function refuse_removal();

-- Calls that went past approvals and windows; written before their effect.
create table break_glass (
  run_id text primary key,
  operation text not null,
  actor text not null,
  reason text not null,
  at timestamptz(3) not null,
  reviewed_by text,
  reviewed_at timestamptz(3),
  note text,
  check (num_nulls(reviewed_by, reviewed_at, note) in (0, 3)),
  check (reviewed_by <> actor)
);
create index break_glass_open on break_glass (at) where reviewed_at is null;
create trigger break_glass_stays before delete or truncate on break_glass for each statement execute function refuse_removal();
