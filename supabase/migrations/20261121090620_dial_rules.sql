-- Dial rules: how often a number may be called, and which voice an agent may use.
--
-- Touches: public.dial_rules (rules of a workspace), public.voice_assistants, private.number_calls (recent calls),
--          private.may_be_called_at (the check).
-- Beware:  calls are counted by line, over all leads, extensions and businesses of the workspace. private.begin_call
--          counts a call when it begins, under the number's lock, so that concurrent calls see each other.

create table public.dial_rules (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  state text not null default '',
  calls_per_day smallint not null default 3,
  minutes_between smallint not null default 60,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, state),
  constraint state_is_two_letters_or_all check (state ~ '^([A-Z]{2})?$'),
  constraint calls_per_day_are_few check (calls_per_day between 1 and 10),
  constraint calls_are_minutes_apart check (minutes_between between 1 and 1440)
);
comment on table public.dial_rules is
  'How often a number may be called: for all leads of a workspace (state empty), or for those of a state. The '
  'strictest matching rule applies. Without a row: three calls in 24 hours, an hour apart.';
comment on column public.dial_rules.state is 'Two letters, as in leads.state. Empty: for every lead.';
alter table public.dial_rules enable row level security;
create policy "Members read the workspace's dial rules" on public.dial_rules
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's dial rules" on public.dial_rules is
  'A member who dials by hand must know them too.';
create policy "Admins make dial rules" on public.dial_rules
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins make dial rules" on public.dial_rules is 'Within the bounds of the table''s checks.';
create policy "Admins change dial rules" on public.dial_rules
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change dial rules" on public.dial_rules is 'Within the bounds of the table''s checks.';
create policy "Admins remove dial rules" on public.dial_rules
  for delete to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins remove dial rules" on public.dial_rules is 'The default then applies again.';
grant select, delete on public.dial_rules to authenticated;
grant select, insert, update, delete on public.dial_rules to service_role;
grant insert (workspace_id, state, calls_per_day, minutes_between), update (calls_per_day, minutes_between)
  on public.dial_rules to authenticated;
create trigger touch_updated_at before update on public.dial_rules
  for each row execute function private.touch_updated_at();

create table public.voice_assistants (
  workspace_id uuid not null,
  agent_id uuid not null,
  assistant_id text not null
    constraint assistant_id_has_1_to_200_characters check (length(assistant_id) between 1 and 200),
  phone_number_id text
    constraint phone_number_id_has_1_to_200_characters check (length(phone_number_id) between 1 and 200),
  created_at timestamptz not null default now(),
  primary key (workspace_id, agent_id),
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade
);
comment on table public.voice_assistants is
  'The provider''s assistant and phone number for an agent. Only the service adds them: their calls run on the account '
  'of their owner at the provider.';
comment on column public.voice_assistants.phone_number_id is
  'The provider''s id of the number to call from; null: the assistant''s default.';
alter table public.voice_assistants enable row level security;
create policy "Members read the workspace's voice assistants" on public.voice_assistants
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's voice assistants" on public.voice_assistants is
  'So that they see which agents may call.';
grant select on public.voice_assistants to authenticated;
grant select, insert, update, delete on public.voice_assistants to service_role;
-- insert, update and delete are not granted to people: with any id they could call on another owner's account.

create table private.number_calls (
  call_key text primary key,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  line text not null,
  begun_at timestamptz not null default now()
);
comment on table private.number_calls is 'Recent calls of each number. A call that the provider refused is removed.';
create index number_calls_by_line on private.number_calls (workspace_id, line, begun_at desc);
create index number_calls_by_time on private.number_calls (begun_at);
-- No grants: only functions of `private` read and write it.

create function private.may_be_called_at(workspace_id uuid, phone text, state text, call_key text default null)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  per_day integer;
  apart interval;
  begun timestamptz[];
begin
  select coalesce(min(r.calls_per_day), 3), coalesce(max(r.minutes_between), 60) * interval '1 minute'
    into per_day, apart
  from public.dial_rules as r where r.workspace_id = $1 and r.state in ('', coalesce($3, ''));
  begun := array(
    select c.begun_at from private.number_calls as c
    where c.workspace_id = $1 and c.line = private.phone_line($2) and c.begun_at > now() - interval '24 hours'
      and c.call_key is distinct from $4
    order by c.begun_at desc limit per_day);
  return greatest(now(), begun[1] + apart, begun[per_day] + interval '24 hours');
end;
$$;
comment on function private.may_be_called_at(uuid, text, text, text) is
  'The first moment from now on at which the rules allow a call to a number. call_key: a call that is already counted '
  'and must be ignored.';

create function private.forget_number_calls(age interval default interval '48 hours')
returns integer
language plpgsql
volatile
set search_path = ''
as $$
begin
  return coalesce((private.for_all_workspaces('forget-number-calls', format($each$
    with gone as (delete from private.number_calls as c
      where c.begun_at < now() - %L::interval and ($1 is null or c.workspace_id = $1) returning 1)
    select array[count(*)] from gone$each$, age),
    'select distinct c.workspace_id from private.number_calls as c order by 1'))[1], 0);
end;
$$;
comment on function private.forget_number_calls(interval) is
  'Removes calls that no rule needs: older than a day. Returns how many.';

select cron.schedule('forget-number-calls', '50 3 * * *', 'select private.forget_number_calls()');
