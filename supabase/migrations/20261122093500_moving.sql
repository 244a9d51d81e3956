-- Moving: what a database does while one of its workspaces changes cells. The program move/move.ts leads.
--
-- Touches: private.moves (how far each move is), private.move_marks (the end of what the target must have), begin_move
--          (on the source), refuse_parts_elsewhere (the guard of tables without a workspace). The next chapter hands
--          over.
-- Beware:  rows travel by logical replication, in transactions that check no foreign key and fire no trigger but those
--          that are always enabled. private.refuse_elsewhere takes the lock of a workspace that has a row here.

create table private.moves (
  workspace_id uuid primary key,
  is_source boolean not null,
  other_cell text not null references private.cells (name),
  phase text not null,
  name text not null,
  fences integer not null default 0,
  fenced_at timestamptz,
  identities jsonb not null default '{}',
  begun_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  constraint name_is_an_identifier check (name ~ '^groundwork_move_[0-9a-f]{12}$'),
  constraint phase_fits_the_side check (
    phase = any (case when is_source then array['copying', 'fenced', 'moved', 'tidied'] else array['arriving'] end))
);
create index moves_other_cell on private.moves (other_cell);
comment on table private.moves is
  'Moves that are under way, on both sides. On the source the row stays until the copy there is forgotten.';
comment on column private.moves.name is 'Of the publication, the subscription and the replication slot.';
comment on column private.moves.phase is
  'copying · fenced: closed · moved: the other cell has it · tidied: nothing is left to do but to forget the copy '
  'here · arriving: on the target.';
comment on column private.moves.fences is
  'How often the fence was closed. The target receives the workspace only for the fence that it was told of, so that a '
  'program that comes late hands nothing over.';
comment on column private.moves.identities is
  'The replica identity that each table had before: the filter''s column must be in it.';

create table private.move_marks (
  workspace_id uuid not null,
  fence integer not null,
  primary key (workspace_id, fence)
);
comment on table private.move_marks is
  'Travels with the workspace: the last that the source writes. Once it is at the target, all before it is there too.';
-- No role has a grant on either table: a move is the owner's.

create function private.move_lock(in_workspace uuid)
returns bigint
language sql
immutable
set search_path = ''
as $$
  select hashtextextended('groundwork move ' || in_workspace, 0);
$$;
comment on function private.move_lock(uuid) is
  'The advisory lock of a workspace that moves: each writer holds it shared until it commits, the fence takes it '
  'alone.';

create function private.refuse_parts_elsewhere()
returns trigger
language plpgsql
volatile
security definer -- reads the directory, for every writer
set search_path = ''
as $$
declare
  place uuid;
begin
  execute tg_argv[0] into place using case when tg_op = 'DELETE' then old else new end;
  if current_setting('groundwork.placing', true) = place::text
    or not exists (select from private.moves as m where m.workspace_id = place) then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  perform pg_advisory_xact_lock_shared(private.move_lock(place));
  if (select m.phase from private.moves as m where m.workspace_id = place) = 'copying' then
    return case tg_op when 'DELETE' then old else new end;
  elsif current_setting('groundwork.job', true) <> '' then
    return null;
  end if;
  perform private.raise_misdirected(place);
  return case tg_op when 'DELETE' then old else new end;
end;
$$;
comment on function private.refuse_parts_elsewhere() is
  'Trigger, while a workspace moves, of the tables that belong to one through another table and are written alone. '
  'Argument: a query of the workspace ($1: the row). As private.refuse_elsewhere.';

create function private.guard_parts()
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  part record;
begin
  for part in
    select * from (values
      ('private.connection_renewals', 'select c.workspace_id from public.service_connections as c '
        'where c.id = $1.connection_id'),
      ('private.lead_import_work', 'select i.workspace_id from public.lead_imports as i where i.id = $1.import_id'),
      ('private.durable_streams', 'select c.workspace_id from public.conversations as c '
        'where c.id = $1.conversation_id'),
      ('private.durable_pieces', 'select c.workspace_id from private.durable_streams as s '
        'join public.conversations as c on c.id = s.conversation_id where s.id = $1.stream_id'),
      ('private.durable_producers', 'select c.workspace_id from private.durable_streams as s '
        'join public.conversations as c on c.id = s.conversation_id where s.id = $1.stream_id')
    ) as known (table_name, workspace_of)
    where not exists (select from pg_catalog.pg_trigger as g where g.tgrelid = known.table_name::regclass
      and g.tgfoid = 'private.refuse_parts_elsewhere()'::regprocedure)
  loop
    execute format('create trigger refuse_elsewhere before insert or update or delete on %s for each row execute '
      'function private.refuse_parts_elsewhere(%L)', part.table_name, part.workspace_of);
  end loop;
end;
$$;
comment on function private.guard_parts() is
  'Puts the trigger refuse_parts_elsewhere on its tables, before the first move. It locks each for a moment.';

create function private.begin_move(in_workspace uuid, to_cell text)
returns private.moves
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.moves;
begin
  if not exists (select from public.workspaces as w where w.id = in_workspace) then
    perform private.raise_error('not_found', 'There is no such workspace here.', 404);
  end if;
  insert into private.moves (workspace_id, is_source, other_cell, phase, name)
  values (in_workspace, true, to_cell, 'copying',
    'groundwork_move_' || substr(md5(in_workspace || ' ' || now()), 1, 12))
  on conflict do nothing;
  select m.* into known from private.moves as m where m.workspace_id = in_workspace;
  perform private.guard_parts();
  if not known.is_source or known.other_cell <> to_cell then
    perform private.raise_error('already_moving', 'The workspace is in another move.', 409,
      format('%s %s', case when known.is_source then 'To' else 'From' end, known.other_cell));
  end if;
  return known;
end;
$$;
comment on function private.begin_move(uuid, text) is
  'Begins a move, or finds the one that was begun. From then on writers of the workspace hold its lock. Errors: '
  'not_found 404, already_moving 409.';
