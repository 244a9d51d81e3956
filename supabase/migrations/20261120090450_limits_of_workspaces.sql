-- Limits of workspaces: seats, guests, pending invitations, agents, and workspaces per person.
--
-- Touches: triggers on members, invitations, agents, workspaces; private.count_members (seats and guests),
--          private.count_invitations (pending ones), private.limit_workspaces (per person).
-- Beware:  they bind every writer, the service too. The service raises a limit with a row in workspace_limits; its key
--          does not pass one.

do $$
begin
  perform private.add_limit('seats', 'workspace', 'total', 'members', 'Members who are not guests.', 10, 100, 2000);
  perform private.add_limit('guests', 'workspace', 'total', 'members', 'Guests.', 50, 500, 10000);
  perform private.add_limit('invitations', 'workspace', 'total', 'invitations', 'Invitations that are pending.', 50,
    500, 5000);
  perform private.add_limit('agents', 'workspace', 'total', 'agents', 'Agents, archived ones too.', 50, 500, 5000);
  perform private.add_limit('workspaces', 'person', 'total', 'workspaces',
    'Workspaces that a person owns, deleted ones until they are purged.', 20, 20, 20);
  perform private.add_limit('workspaces_a_day', 'person', 'day', 'workspaces', 'Workspaces that a person creates.', 10,
    10, 10);
  perform private.add_limit('invitations_a_day', 'person', 'day', 'invitations', 'Invitations that a person sends.',
    100, 500, 2000);
  perform private.add_limit('long_work_at_once', 'person', 'at_once', 'requests',
    'Running imports, exports, verifications and writes of long documents of a person.', 2, 4, 8);
  perform private.add_limit('workspace_long_work_at_once', 'workspace', 'at_once', 'requests',
    'Running imports and verifications of a workspace.', 4, 8, 16);
end;
$$;

create function private.count_members()
returns trigger
language plpgsql
volatile
security definer -- no writer has grants on the counters
set search_path = ''
as $$
declare
  changed record;
begin
  if tg_op = 'INSERT' then
    for changed in
      select workspace_id, case role when 'guest' then 'guests' else 'seats' end as name, count(*) as n from new_rows
      group by 1, 2 order by 1, 2
    loop
      perform private.count_against(changed.workspace_id, changed.workspace_id, changed.name, changed.n);
    end loop;
  elsif tg_op = 'DELETE' then
    for changed in
      select workspace_id, case role when 'guest' then 'guests' else 'seats' end as name, count(*) as n from old_rows
      group by 1, 2 order by 1, 2
    loop
      perform private.count_against(changed.workspace_id, changed.workspace_id, changed.name, -changed.n);
    end loop;
  else
    for changed in
      select workspace_id, name, sum(n) as n from (
        select workspace_id, case role when 'guest' then 'guests' else 'seats' end as name, 1 as n from new_rows
        union all
        select workspace_id, case role when 'guest' then 'guests' else 'seats' end, -1 from old_rows
      ) as moved group by 1, 2 having sum(n) <> 0 order by 1, sign(sum(n)), 2
    loop
      perform private.count_against(changed.workspace_id, changed.workspace_id, changed.name, changed.n::bigint);
    end loop;
  end if;
  return null;
end;
$$;
comment on function private.count_members() is
  'Statement trigger on members: counts seats and guests. Errors: limit_reached 403.';
-- Triggers fire by name. These fire after raise_revisions_…, which makes changes of a workspace queue. A removal
-- reaches that trigger first, through the person's permissions. Counting before it would deadlock.
create trigger tally_added after insert on public.members
  referencing new table as new_rows for each statement execute function private.count_members();
create trigger tally_changed after update on public.members
  referencing old table as old_rows new table as new_rows for each statement execute function private.count_members();
create trigger tally_removed after delete on public.members
  referencing old table as old_rows for each statement execute function private.count_members();

create function private.count_invitations()
returns trigger
language plpgsql
volatile
security definer -- no writer has grants on the counters
set search_path = ''
as $$
declare
  changed record;
begin
  if tg_op = 'INSERT' then
    for changed in select workspace_id, count(*) as n from new_rows where status = 'pending' group by 1 order by 1 loop
      perform private.count_against(changed.workspace_id, changed.workspace_id, 'invitations', changed.n);
    end loop;
  elsif tg_op = 'DELETE' then
    for changed in select workspace_id, count(*) as n from old_rows where status = 'pending' group by 1 order by 1 loop
      perform private.count_against(changed.workspace_id, changed.workspace_id, 'invitations', -changed.n);
    end loop;
  else
    for changed in
      select workspace_id, sum(n) as n from (
        select workspace_id, 1 as n from new_rows where status = 'pending'
        union all
        select workspace_id, -1 from old_rows where status = 'pending'
      ) as moved group by 1 having sum(n) <> 0 order by 1
    loop
      perform private.count_against(changed.workspace_id, changed.workspace_id, 'invitations', changed.n::bigint);
    end loop;
  end if;
  return null;
end;
$$;
comment on function private.count_invitations() is
  'Statement trigger on invitations: counts those that are pending. Errors: limit_reached 403.';
create trigger count_added after insert on public.invitations
  referencing new table as new_rows for each statement execute function private.count_invitations();
create trigger count_changed after update on public.invitations
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.count_invitations();
create trigger count_removed after delete on public.invitations
  referencing old table as old_rows for each statement execute function private.count_invitations();
create trigger count_acts after insert on public.invitations
  referencing new table as new_rows for each statement execute function private.count_acts('invitations_a_day', 'day');

create trigger tally_added after insert on public.agents
  referencing new table as new_rows for each statement execute function private.count_rows('agents');
create trigger tally_removed after delete on public.agents
  referencing old table as old_rows for each statement execute function private.count_rows('agents');

create function private.limit_workspaces()
returns trigger
language plpgsql
volatile
security definer -- reads members past RLS
set search_path = ''
as $$
declare
  person uuid := private.current_user_id();
  owned bigint;
  allowed bigint;
begin
  if person is null then
    return null;
  end if;
  perform private.count_against(null, person, 'workspaces_a_day', 1, 'day');
  -- The counter's row is locked now: no other transaction counts for this person meanwhile. Ownership has no counter,
  -- because it changes hands.
  select count(*) into owned from public.members as member where member.user_id = person and member.role = 'owner';
  allowed := private.limit_of(null, 'workspaces');
  if owned + 1 > allowed then
    perform private.refuse_over_limit('workspaces', owned, allowed);
  end if;
  return null;
end;
$$;
comment on function private.limit_workspaces() is
  'Trigger on workspaces, before their first owner is written: limits how many workspaces a person makes and owns. '
  'Errors: limit_reached 403 or 429.';
create trigger limit_workspaces after insert on public.workspaces
  for each row execute function private.limit_workspaces();
