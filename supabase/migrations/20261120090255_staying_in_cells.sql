-- Staying in cells: a cell refuses what belongs elsewhere. New workspaces are made in a cell of their region, and what
-- belongs to a workspace that left is not written any more, by anyone.
--
-- Touches: private.refuse_elsewhere (the trigger of all tables of tenants), private.guard_places (puts it there),
--          name_this_cell, private.keep_region and private.hide_arriving (triggers on workspaces).
-- Beware:  the triggers come with name_this_cell. An installation of one project has none of them. People lose sight of
--          a workspace by workspaces.left_at, which their policies read anyway; the triggers are for the service, whose
--          key passes policies, and for jobs, which skip the workspace instead of failing for everyone.

create function private.raise_misdirected(in_workspace uuid)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  place record;
begin
  select known.* into place from private.place_of(in_workspace) as known;
  if place.status = 'moving' then
    perform private.raise_error('workspace_moving', 'The workspace changes cells at this moment.', 503,
      'Try again in a second.', null, jsonb_build_object('Retry-After', '1'));
  elsif place.status in ('elsewhere', 'arriving') then
    perform private.raise_error('misdirected_workspace', 'The workspace is in another cell.', 421, place.url,
      jsonb_build_object('workspace_id', in_workspace, 'cell', place.cell, 'region', place.region, 'url', place.url,
        'publishable_key', place.publishable_key, 'revision', place.revision));
  end if;
end;
$$;
comment on function private.raise_misdirected(uuid) is
  'Refuses what is for a workspace of another cell: misdirected_workspace (421; details say where it is), '
  'workspace_moving (503). Call it only for those who may know the workspace.';

create function private.refuse_elsewhere()
returns trigger
language plpgsql
volatile
security definer -- reads the directory, for every writer
set search_path = ''
as $$
declare
  written record;
  place uuid;
  kind text;
begin
  if tg_op = 'DELETE' then
    written := old;
  else
    written := new;
  end if;
  if tg_argv[0] = 'id' then
    place := written.id;
  else
    place := written.workspace_id;
  end if;
  if current_setting('groundwork.placing', true) is distinct from place::text
    and exists (select from private.moves as leaving where leaving.workspace_id = place) then
    -- Held until the writer commits: the fence waits for it. A snapshot of before the fence must not write after it.
    perform pg_advisory_xact_lock_shared(private.move_lock(place));
    if current_setting('transaction_isolation') <> 'read committed' then
      perform from private.moves as leaving where leaving.workspace_id = place for share;
    end if;
  end if;
  select known.status into kind from private.workspace_places as known where known.workspace_id = place;
  if kind is null or kind = 'here' or current_setting('groundwork.placing', true) = place::text
    or kind = 'elsewhere' and current_setting('groundwork.placing', true) = 'any' then
    return written;
  elsif current_setting('groundwork.job', true) <> '' then
    return null;
  elsif private.is_service() or private.token_is_for(place) and private.may_know_place(private.person_of_token(), place)
    or exists (select from public.agents as agent
      where agent.id = private.agent_of_token() and agent.workspace_id = place) then
    perform private.raise_misdirected(place);
  end if;
  -- A stranger gets the answer that row-level security gives them anyway.
  return written;
end;
$$;
comment on function private.refuse_elsewhere() is
  'Trigger of all tables of tenants in a cell, before each row. Argument: the column of the workspace. It refuses to '
  'write what belongs to a workspace that is not here; a job (groundwork.job) skips the row. place_workspace and a '
  'move (groundwork.placing: the workspace) may, and an erasure (any) in what has left. Errors: '
  'misdirected_workspace 421, workspace_moving 503.';

create function private.guard_places()
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  guarded record;
  n integer := 0;
begin
  for guarded in
    select c.oid::regclass as relation, a.attname as workspace_column
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as s on s.oid = c.relnamespace and s.nspname in ('public', 'private')
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and not a.attisdropped and a.atttypid = 'uuid'::regtype
      and a.attname = case when c.oid = 'public.workspaces'::regclass then 'id' else 'workspace_id' end
    where c.relkind in ('r', 'p') and not c.relispartition
      and c.oid not in ('private.workspace_places'::regclass, 'private.known_people'::regclass)
      and not exists (select from pg_catalog.pg_trigger as g
        where g.tgrelid = c.oid and g.tgfoid = 'private.refuse_elsewhere()'::regprocedure)
    order by c.oid::regclass::text
  loop
    execute format('create trigger refuse_elsewhere before insert or update or delete on %s for each row execute '
      'function private.refuse_elsewhere(%L)', guarded.relation, guarded.workspace_column);
    n := n + 1;
  end loop;
  return n;
end;
$$;
comment on function private.guard_places() is
  'Puts the trigger refuse_elsewhere on each table of tenants that lacks it; returns on how many. Run it again after a '
  'migration that adds tables (name_this_cell does).';

create function private.keep_region()
returns trigger
language plpgsql
volatile
security definer -- reads the directory, for every writer
set search_path = ''
as $$
declare
  own private.cells := private.own_cell();
  other private.cells;
begin
  if own.name is null or new.region = own.region and (own.takes_new or tg_op = 'UPDATE') then
    return new;
  end if;
  -- A cell by chance: new workspaces spread over those that take them.
  select c.* into other from private.cells as c where c.region = new.region and c.takes_new order by random() limit 1;
  if tg_op = 'INSERT' and other.name is not null and other.name <> own.name then
    perform private.raise_error('misdirected_workspace', 'Workspaces of this region are made in another cell.', 421,
      other.url, jsonb_build_object('cell', other.name, 'region', other.region, 'url', other.url, 'publishable_key',
        other.publishable_key));
  end if;
  perform private.raise_error('region_not_allowed', 'region: no cell takes it here.', 409,
    format('This cell is in %s.', own.region));
  return null;
end;
$$;
comment on function private.keep_region() is
  'Trigger on workspaces, for every writer: a cell holds only workspaces of its region. Errors: misdirected_workspace '
  '421 (details name a cell that takes it), region_not_allowed 409.';
create trigger keep_region before insert or update of region on public.workspaces
  for each row execute function private.keep_region();

create function private.hide_arriving()
returns trigger
language plpgsql
volatile
security definer -- reads the directory, for every writer
set search_path = ''
as $$
begin
  if exists (select from private.workspace_places as place where place.workspace_id = new.id
    and place.status = 'arriving') then
    new.left_at := coalesce(new.left_at, now());
  end if;
  return new;
end;
$$;
comment on function private.hide_arriving() is
  'Trigger on workspaces, in a replica session too: what is being copied here is hidden until it is placed here.';
create trigger hide_arriving before insert or update on public.workspaces
  for each row execute function private.hide_arriving();
alter table public.workspaces enable always trigger hide_arriving;

create function public.name_this_cell(cell text)
returns void
language plpgsql
volatile
security definer -- the directory is granted to nobody, and it makes triggers
set search_path = ''
as $$
begin
  if not exists (select from private.cells as known where known.name = $1) then
    perform private.raise_error('unknown_cell', 'cell: there is no such cell.', 404, 'set_cell makes one known.');
  end if;
  insert into private.this_cell (cell) values ($1) on conflict (is_this) do update set cell = excluded.cell;
  perform private.guard_places();
end;
$$;
comment on function public.name_this_cell(text) is
  'Says which cell this project is, and guards its tables: what belongs to another cell is refused from then on. It '
  'locks each table for a moment. Run it again after a migration. For the service only. Errors: unknown_cell 404.';
grant execute on function public.name_this_cell(text) to service_role;
