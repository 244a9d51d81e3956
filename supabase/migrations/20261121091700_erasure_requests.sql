-- Erasure requests: an erasure is work, whose status can be read even when the account is gone.
--
-- Touches: public.erasure_requests (a work table), public.erase_user, public.cancel_erasure, private.erase_claimed,
--          private.erasure_status, two jobs.
-- Beware:  an account has no workspace, but a row of a work table must have one: a request for a whole account has the
--          zero uuid, so all of them share one lane of the queue. The row names the person until it is done; then it is
--          a receipt and names no one. The function `account` handles a request in two passes a minute apart: the first
--          erases, the second finds data that was still on its way. One mistake must not erase a person, whatever the
--          route: a request needs a confirmation, begins an hour later and can be cancelled until then.

create table public.erasure_requests (
  like private.work_item including all,
  user_id uuid,
  email text,
  is_proven boolean not null default false,
  scope text not null default 'account',
  requested_by uuid,
  receipt uuid not null default gen_random_uuid() unique,
  erased_at timestamptz,
  leftovers jsonb,
  summary jsonb not null default '{}',
  constraint scope_is_known check (scope in ('account', 'workspace')),
  constraint an_account_is_of_no_workspace check ((scope = 'account') = (workspace_id =
    '00000000-0000-0000-0000-000000000000')),
  constraint a_receipt_names_nobody check (case
    when status = 'done' then num_nonnulls(user_id, email, requested_by, leftovers) = 0 else user_id is not null end),
  constraint done_means_erased check (status <> 'done' or erased_at is not null),
  constraint email_is_short check (length(email) <= 320),
  constraint leftovers_is_an_object check (jsonb_typeof(leftovers) = 'object'),
  constraint summary_is_a_small_object check (jsonb_typeof(summary) = 'object' and length(summary::text) <= 16384)
);
comment on table public.erasure_requests is
  'A work table: requests to erase a person, altogether (scope account) or in one workspace. A finished row is a '
  'receipt that names no one; it is purged after 30 days.';
comment on column public.erasure_requests.receipt is
  'Unguessable: its holder may read the status of the request without a token.';
comment on column public.erasure_requests.erased_at is
  'When the database erased the person. The request is done a little later, when a second pass finds nothing new.';
comment on column public.erasure_requests.is_proven is
  'Whether the address counts where it was invited. Recorded with the request, because at the second pass the account '
  'is gone.';
comment on column public.erasure_requests.leftovers is
  'Between the passes: sessions and workspaces of the person that Redis may still hold.';
create unique index erasure_requests_open on public.erasure_requests (user_id, workspace_id)
  where status in ('pending', 'in_progress');
create index erasure_requests_user_id on public.erasure_requests (user_id);
select private.register_work_queue('public.erasure_requests', null,
  array['user_id', 'email', 'requested_by', 'leftovers']);

alter table public.erasure_requests enable row level security;
grant select (id, workspace_id, user_id, scope, status, receipt, created_at, erased_at,
  finished_at) on public.erasure_requests to authenticated;
grant select, insert, update, delete on public.erasure_requests to service_role;
-- insert, update and delete are not granted to people: erase_user checks the request first.
create policy "People read their own erasure requests" on public.erasure_requests
  for select to authenticated
  using (user_id = (select private.current_user_id()));
comment on policy "People read their own erasure requests" on public.erasure_requests is
  'As long as the account exists; afterwards, the receipt gives the status.';

insert into private.personal_columns (table_name, column_name, on_erasure, is_exported) values
  ('public.erasure_requests', 'user_id', 'elsewhere', true),
  ('public.erasure_requests', 'email', 'elsewhere', false),
  ('public.erasure_requests', 'requested_by', 'elsewhere', false);

create function private.erase_user(user_id uuid, workspace_id uuid, confirm text)
returns uuid
language plpgsql
volatile
security definer -- no role has insert
set search_path = ''
as $$
#variable_conflict use_column
declare
  caller uuid := private.current_user_id();
  person uuid := coalesce(erase_user.user_id, caller);
  place uuid := erase_user.workspace_id;
  known public.profiles;
  made uuid;
begin
  if person is null then
    perform private.raise_error('not_signed_in', 'This needs a signed-in person.', 401);
  end if;
  select p.* into known from public.profiles as p where p.user_id = person;
  if known.user_id is null or person is distinct from caller and not private.is_service() then
    perform private.raise_error('not_found', 'No such person, or not you.', 404);
  end if;
  if place is not null and (caller is not null or not private.is_service()) and not private.belongs_to(person, place)
    then
    perform private.raise_error('not_found', 'No such workspace of yours.', 404);
  end if;
  if lower(trim(erase_user.confirm)) is distinct from 'erase'
    and lower(trim(erase_user.confirm)) is distinct from (select lower(account.email) from auth.users as account
      where account.id = person)
  then
    perform private.raise_error('not_confirmed', 'Nobody is erased by one slip.', 422,
      'Confirm with the address of the account, or with the word "erase": confirm.');
  end if;
  -- Check now, so that the caller learns of a refusal at once; the work checks again.
  if exists (
    select from public.members as mine join public.workspaces as w on w.id = mine.workspace_id and w.deleted_at is null
    where mine.user_id = person and mine.role = 'owner' and (place is null or mine.workspace_id = place)
      and not exists (select from public.members as other
        where other.workspace_id = mine.workspace_id and other.role = 'owner' and other.user_id <> person)
  ) then
    perform private.raise_error(
      'last_owner', 'A workspace keeps at least one owner.', 409,
      'Make someone else an owner first, or delete the workspace.');
  end if;
  insert into public.erasure_requests (workspace_id, scope, user_id, email, is_proven, requested_by, max_attempts,
    scheduled_for)
  values (coalesce(place, '00000000-0000-0000-0000-000000000000'),
    case when place is null then 'account' else 'workspace' end,
    person, known.email, private.has_confirmed_address(person), caller, 20, now() + interval '1 hour')
  on conflict (user_id, workspace_id) where status in ('pending', 'in_progress') do nothing
  returning receipt into made;
  return coalesce(made, (
    select request.receipt from public.erasure_requests as request
    where request.user_id = person and request.workspace_id = coalesce(place, '00000000-0000-0000-0000-000000000000')
      and request.status in ('pending', 'in_progress')
  ));
end;
$$;
comment on function private.erase_user(uuid, uuid, text) is
  'The body of public.erase_user. It runs with more rights than its caller has.';

create function private.request_erasure_of(person uuid, workspace_id uuid, confirm text)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.act_as(person);
  return private.erase_user(person, workspace_id, confirm);
end;
$$;
comment on function private.request_erasure_of(uuid, uuid, text) is
  'erase_user as this person, whose token the function `account` has verified.';

create function public.erase_user(user_id uuid default null, workspace_id uuid default null, confirm text default null)
returns uuid
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.erase_user($1, $2, $3);
$$;
comment on function public.erase_user(uuid, uuid, text) is
  'Requests the erasure of a person (by default the caller; others only for the service), altogether or in one '
  'workspace. confirm: the account''s address, or the word `erase`. Returns the receipt; if a request is already open, '
  'its receipt. Erasure begins an hour later; until then cancel_erasure cancels it. Errors: not_signed_in 401, '
  'not_found 404, not_confirmed 422, last_owner 409.';

create function private.cancel_erasure(receipt uuid)
returns boolean
language plpgsql
volatile
security definer -- no role has update
set search_path = ''
as $$
declare
  caller uuid := private.current_user_id();
  request public.erasure_requests;
begin
  select r.* into request from public.erasure_requests as r
  where r.receipt = cancel_erasure.receipt and (r.user_id = caller or private.is_service() and caller is null)
  for update;
  if request.id is null then
    perform private.raise_error('not_found', 'No such request of yours.', 404);
  elsif request.status = 'cancelled' then
    return false;
  elsif request.status <> 'pending' or request.attempts > 0 or request.erased_at is not null then
    perform private.raise_error('erasure_begun', 'The erasure has begun: it cannot be called off any more.', 409);
  end if;
  update public.erasure_requests as r set status = 'cancelled', finished_at = now(), email = null
  where r.id = request.id;
  return true;
end;
$$;
comment on function private.cancel_erasure(uuid) is
  'The body of public.cancel_erasure. It runs with more rights than its caller has.';

create function private.cancel_erasure_of(person uuid, receipt uuid)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.act_as(person);
  return private.cancel_erasure(receipt);
end;
$$;
comment on function private.cancel_erasure_of(uuid, uuid) is
  'cancel_erasure as this person, whose token the function `account` has verified.';

create function public.cancel_erasure(receipt uuid)
returns boolean
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.cancel_erasure($1);
$$;
comment on function public.cancel_erasure(uuid) is
  'Cancels an erasure that has not begun. For the person and the service. Returns whether the request was still open. '
  'Errors: not_found 404, erasure_begun 409.';
grant execute on function
  private.erase_user(uuid, uuid, text), public.erase_user(uuid, uuid, text),
  private.cancel_erasure(uuid), public.cancel_erasure(uuid)
to authenticated, service_role;

-- Processing requests -------------------------------------------------------------------------------------------------

create function private.erase_claimed(request_id bigint, claim_token uuid)
returns table (leftovers jsonb, erased_at timestamptz)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  request public.erasure_requests;
  place uuid;
  outcome jsonb;
begin
  select r.* into request from public.erasure_requests as r
  where r.id = request_id and r.claim_token = erase_claimed.claim_token and r.status = 'in_progress' for update;
  if request.id is null then
    perform private.refuse_lost_lease(array[request_id]);
  end if;
  place := case when request.scope = 'workspace' then request.workspace_id end;
  outcome := private.erase_person(request.user_id, request.email, place, request.is_proven,
    array(select jsonb_array_elements_text(request.leftovers -> 'addressed')::uuid));
  -- Delete the person's other requests: this one covers those for single workspaces.
  delete from public.erasure_requests as other
  where other.user_id = request.user_id and other.id <> request.id and (place is null or other.workspace_id = place);
  erased_at := coalesce(request.erased_at, now());
  leftovers := jsonb_build_object(
    'sessions', coalesce(request.leftovers -> 'sessions', '[]') || (outcome #> '{leftovers,sessions}'),
    'workspaces', coalesce(request.leftovers -> 'workspaces', '[]') || (outcome #> '{leftovers,workspaces}'),
    'addressed', outcome #> '{leftovers,addressed}');
  update public.erasure_requests as r set
    erased_at = erase_claimed.erased_at,
    leftovers = erase_claimed.leftovers,
    summary = case when request.erased_at is null then outcome - 'leftovers' else r.summary end
  where r.id = request_id;
  return next;
end;
$$;
comment on function private.erase_claimed(bigint, uuid) is
  'One pass of a claimed request, in one transaction. Returns the sessions and workspaces of the person that Redis may '
  'still hold, of all passes, and the time of the first pass. Errors: lease_lost 409, last_owner 409.';

create function private.erasure_status(receipt uuid)
returns table (status text, scope text, requested_at timestamptz, erased_at timestamptz, finished_at timestamptz,
  cause text)
language sql
stable
rows 1
set search_path = ''
as $$
  select r.status, r.scope, r.created_at, r.erased_at, r.finished_at,
    case when r.status = 'failed' then r.last_error end
  from public.erasure_requests as r where r.receipt = erasure_status.receipt;
$$;
comment on function private.erasure_status(uuid) is
  'The status of a request: pending, in_progress, done, failed (with the cause), cancelled. No row when the receipt is '
  'unknown or older than 30 days.';

create function private.purge_erasures()
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  receipts bigint;
  names bigint;
begin
  delete from public.erasure_requests
  where status in ('done', 'cancelled') and finished_at < now() - interval '30 days';
  get diagnostics receipts = row_count;
  delete from private.erasure_pseudonyms where given_on < private.oldest_kept('audit_log');
  get diagnostics names = row_count;
  return jsonb_build_object('receipts', receipts, 'pseudonyms', names);
end;
$$;
comment on function private.purge_erasures() is
  'Removes receipts after 30 days, and records of redactions that are past the audit log''s retention. A failed '
  'request stays until an operator handles it. Returns the counts.';

select cron.schedule('erase-people', '* * * * *',
  $job$select private.call_function('erase-people', 'account/erasures/work')
  where exists (select from public.erasure_requests where status = 'pending' and scheduled_for <= now())$job$);
select cron.schedule('purge-erasures', '43 2 * * *', 'select private.purge_erasures()');
