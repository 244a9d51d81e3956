-- Cells: several projects behind one name. A cell is a project; the directory says in which cell a workspace is.
--
-- Touches: private.cells (the projects), private.this_cell (which of them this one is), private.workspace_places (the
--          directory), private.known_people (who may ask for a workspace that has left), set_cell, name_this_cell and
--          place_workspace (for the service), workspace_place (for people).
-- Beware:  an installation of one project has no row here and pays nothing: without a row, a workspace is where it is.
--          A cell keeps rows for the workspaces that left it or are about to; the cell whose URL clients know first may
--          keep one for each workspace of all cells. docs/scale.md explains the choice.

create table private.cells (
  name text primary key,
  url text not null,
  region text not null,
  publishable_key text,
  takes_new boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint name_is_a_slug check (name ~ '^[a-z0-9](-?[a-z0-9])*$' and length(name) <= 63),
  constraint url_is_an_origin check (length(url) <= 500
    and url ~ '^(https://[a-z0-9.-]+(:[0-9]{1,5})?|http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?)$'),
  constraint region_is_short check (region ~ '^[a-z0-9](-?[a-z0-9])*$' and length(region) <= 40),
  constraint publishable_key_is_short check (length(publishable_key) between 1 and 2000)
);
comment on table private.cells is 'The projects that stand behind one name. Empty in an installation of one project.';
comment on column private.cells.url is 'The project''s API, an origin: https, or http on this machine.';
comment on column private.cells.region is 'Only workspaces of this region may be in the cell.';
comment on column private.cells.publishable_key is 'With which a client calls the cell. It is no secret.';
comment on column private.cells.takes_new is 'Whether new workspaces of its region may be made here.';
create index cells_region on private.cells (region) where takes_new;
create trigger touch_updated_at before update on private.cells
  for each row execute function private.touch_updated_at();

create table private.this_cell (
  is_this boolean primary key default true,
  cell text not null unique references private.cells (name),
  constraint one_row check (is_this)
);
comment on table private.this_cell is
  'Which cell this project is. A row and not a setting, because the platform lets nobody set a parameter of ours.';

create table private.workspace_places (
  workspace_id uuid primary key,
  cell text not null references private.cells (name),
  region text not null,
  status text not null,
  revision bigint not null default 1,
  changed_at timestamptz not null default now(),
  constraint status_is_known check (status in ('here', 'arriving', 'moving', 'elsewhere')),
  constraint region_is_short check (region ~ '^[a-z0-9](-?[a-z0-9])*$' and length(region) <= 40)
);
comment on table private.workspace_places is
  'The directory. No row: the workspace is here, if it exists. No foreign key: a workspace that left is '
  'forgotten here, and its place stays known.';
comment on column private.workspace_places.cell is
  'The cell that answers for the workspace now; while it arrives, the one that it comes from.';
comment on column private.workspace_places.status is
  'here: answered here · arriving: being copied to this cell, answered by `cell` · moving: here, but it is not written '
  '(workspace_moving, 503), for the moment in which it changes cells · elsewhere: answered by `cell` '
  '(misdirected_workspace, 421).';
comment on column private.workspace_places.revision is
  'Rises with each change: whoever changes it says which one they have seen, and a client keeps the newest.';
create index workspace_places_cell on private.workspace_places (cell);

create table private.known_people (
  workspace_id uuid not null references private.workspace_places (workspace_id) on delete cascade,
  user_id uuid not null,
  primary key (workspace_id, user_id)
);
comment on table private.known_people is
  'Who belonged to a workspace when it left this cell: they are told where it is, strangers are not. No key to '
  'profiles: their account may be in another cell.';
create index known_people_user_id on private.known_people (user_id);
-- No role has a grant on the four tables: clients and the service use the functions below.

create function private.own_cell()
returns private.cells
language sql
stable
set search_path = ''
as $$
  select cell.* from private.this_cell as this join private.cells as cell on cell.name = this.cell;
$$;
comment on function private.own_cell() is 'The cell that this project is; null in an installation of one project.';

-- Reading -------------------------------------------------------------------------------------------------------------

create function private.place_of(in_workspace uuid)
returns table (workspace_id uuid, cell text, region text, url text, publishable_key text, status text, revision bigint)
language sql
stable
rows 1
set search_path = ''
as $$
  select place.workspace_id, cell.name, place.region, cell.url, cell.publishable_key, place.status, place.revision
  from private.workspace_places as place join private.cells as cell on cell.name = place.cell
  where place.workspace_id = in_workspace
  union all
  select workspace.id, own.name, workspace.region, own.url, own.publishable_key, 'here', 0
  from public.workspaces as workspace left join private.own_cell() as own on own.name is not null
  where workspace.id = in_workspace
    and not exists (select from private.workspace_places as place where place.workspace_id = in_workspace);
$$;
comment on function private.place_of(uuid) is
  'Where a workspace is; no row if neither the directory nor this project knows it. cell and url null: one project. '
  'revision 0: the directory has no row. Checks nothing.';

create function private.may_know_place(person uuid, in_workspace uuid)
returns boolean
language sql
stable
set search_path = ''
as $$
  select person is not null and (
    exists (
      select from public.members as member join public.workspaces as workspace on workspace.id = member.workspace_id
      where member.workspace_id = in_workspace and member.user_id = person and workspace.deleted_at is null)
    or exists (select from private.known_people as known
      where known.workspace_id = in_workspace and known.user_id = person));
$$;
comment on function private.may_know_place(uuid, uuid) is
  'Whether a person belongs to a workspace, or did when it left this cell. A stranger does not learn that it exists.';

create function private.token_is_for(in_workspace uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  return private.agent_of_token() is null
    or coalesce(private.jwt_claims() ->> 'workspace_id' = in_workspace::text, false);
end;
$$;
comment on function private.token_is_for(uuid) is
  'Whether the token may speak of a workspace: an agent''s only of its own, whatever the others of its person are. '
  'The claim counts and not the agent''s row, which is gone when the workspace has left.';

create function private.place_for(person uuid, in_workspace uuid)
returns table (workspace_id uuid, cell text, region text, url text, publishable_key text, status text, revision bigint)
language sql
stable
rows 1
set search_path = ''
as $$
  select place.* from private.place_of(in_workspace) as place where private.may_know_place(person, in_workspace);
$$;
comment on function private.place_for(uuid, uuid) is 'Where a workspace is, for a person who may know it; else no row.';

create function private.workspace_place(workspace_id uuid)
returns table (cell text, region text, url text, publishable_key text, status text, revision bigint)
language plpgsql
stable
security definer -- the directory is granted to nobody; it tells only what the caller may know
rows 1
set search_path = ''
as $$
declare
  place record;
begin
  if private.is_service() and private.current_user_id() is null then
    select known.* into place from private.place_of($1) as known;
  else
    select known.* into place from private.place_for(private.person_of_token(), $1) as known
    where private.token_is_for($1);
  end if;
  if place.status is null then
    perform private.raise_error('not_found', 'No such workspace of yours.', 404);
  end if;
  return query select place.cell, place.region, place.url, place.publishable_key, place.status, place.revision;
end;
$$;
comment on function private.workspace_place(uuid) is
  'The body of public.workspace_place. It runs with more rights than its caller has.';

create function public.workspace_place(workspace_id uuid)
returns table (cell text, region text, url text, publishable_key text, status text, revision bigint)
language sql
stable
security invoker
rows 1
set search_path = ''
as $$
  select * from private.workspace_place($1);
$$;
comment on function public.workspace_place(uuid) is
  'In which cell a workspace is, and how to call it: for its people (and an agent that acts for one), and for the '
  'service. status: here, moving (not written for a moment), arriving, elsewhere. cell and url are null in an '
  'installation of one project. Errors: not_found 404, also for a workspace of others.';

-- Writing, for the service --------------------------------------------------------------------------------------------

create function public.set_cell(name text, url text, region text, publishable_key text default null,
  takes_new boolean default true)
returns void
language plpgsql
volatile
security definer -- the directory is granted to nobody
set search_path = ''
as $$
declare
  field text;
  broken text;
begin
  insert into private.cells (name, url, region, publishable_key, takes_new) values ($1, $2, $3, $4, $5)
  on conflict on constraint cells_pkey do update
  set url = excluded.url, region = excluded.region, publishable_key = excluded.publishable_key,
    takes_new = excluded.takes_new;
exception when check_violation or not_null_violation then
  get stacked diagnostics field = column_name, broken = constraint_name;
  -- A check names its column: url_is_an_origin.
  field := coalesce(nullif(field, ''), split_part(broken, '_is_', 1));
  perform private.raise_error('invalid_body', format('%s: is malformed', field), 400, field);
end;
$$;
comment on function public.set_cell(text, text, text, text, boolean) is
  'Adds a cell or changes it. url: the origin of its API; region: the workspaces that may be in it; takes_new: whether '
  'new workspaces are made there. For the service only. Errors: invalid_body 400 with the field.';

create function public.place_workspace(workspace_id uuid, cell text, status text, seen bigint default null)
returns bigint
language plpgsql
volatile
security definer -- the directory is granted to nobody
set search_path = ''
as $$
declare
  own private.cells := private.own_cell();
  target private.cells;
  known private.workspace_places;
  home text;
  risen bigint;
begin
  -- 1. Is it allowed?
  select c.* into target from private.cells as c where c.name = $2;
  if own.name is null or target.name is null then
    perform private.raise_error('unknown_cell', 'cell: there is no such cell, or this project is none itself.', 404,
      'set_cell makes one known; name_this_cell says which this is.');
  elsif $3 is null or $3 not in ('here', 'arriving', 'moving', 'elsewhere')
    or (target.name = own.name) <> ($3 in ('here', 'moving')) then
    perform private.raise_error('invalid_place', 'status: does not fit the cell.', 422,
      'here and moving are for this cell, arriving and elsewhere for another one.');
  end if;
  select p.* into known from private.workspace_places as p where p.workspace_id = $1 for update;
  if $4 is not null and $4 <> coalesce(known.revision, 0) then
    perform private.raise_error('place_changed', 'seen: the place was changed meanwhile.', 409, 'Read it again.');
  end if;
  select w.region into home from public.workspaces as w where w.id = $1;
  home := coalesce(home, known.region, target.region);
  if home <> target.region then
    perform private.raise_error('region_not_allowed', 'The workspace may not leave its region.', 409,
      format('It must stay in %s.', home));
  end if;

  -- 2. Say it, and hide or show the workspace here.
  insert into private.workspace_places as place (workspace_id, cell, region, status)
  values ($1, target.name, home, $3)
  on conflict on constraint workspace_places_pkey do update
  set cell = excluded.cell, region = excluded.region, status = excluded.status, revision = place.revision + 1,
    changed_at = now()
  returning place.revision into risen;
  if $3 = 'elsewhere' then
    insert into private.known_people (workspace_id, user_id)
    select m.workspace_id, m.user_id from public.members as m where m.workspace_id = $1
    on conflict do nothing;
  end if;
  perform set_config('groundwork.placing', $1::text, true);
  if $3 <> 'here' then
    -- Without a lane no worker gets the work. When it is here, the job opens the lanes again.
    delete from private.work_lanes as lane
    where lane.queue in (select q.name from private.work_queues as q) and lane.workspace_id = $1;
  end if;
  update public.workspaces as w set left_at = case when $3 in ('elsewhere', 'arriving') then now() end
  where w.id = $1 and (w.left_at is null) = ($3 in ('elsewhere', 'arriving'));
  perform set_config('groundwork.placing', '', true);
  return risen;
end;
$$;
comment on function public.place_workspace(uuid, text, text, bigint) is
  'Says in which cell a workspace is; returns the new revision. status: here or moving (in this cell), arriving or '
  'elsewhere (in another). elsewhere and arriving hide the workspace here from everyone at once. seen: the revision '
  'that the caller has read (0: none); null: whatever it is. For the service only. Errors: unknown_cell 404, '
  'invalid_place 422, place_changed 409, region_not_allowed 409.';

create function public.forget_place(workspace_id uuid)
returns void
language sql
volatile
security definer -- the directory is granted to nobody
set search_path = ''
as $$
  delete from private.workspace_places as place where place.workspace_id = $1 and place.status = 'here';
$$;
comment on function public.forget_place(uuid) is
  'Removes the directory''s row of a workspace that is here, where the directory need not name it. For the service '
  'only.';

grant execute on function private.workspace_place(uuid), public.workspace_place(uuid) to authenticated, service_role;
grant execute on function
  public.set_cell(text, text, text, text, boolean), public.place_workspace(uuid, text, text, bigint),
  public.forget_place(uuid)
to service_role;
