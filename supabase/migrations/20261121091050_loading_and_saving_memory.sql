-- Loading and saving agent memory: one call at the start of a session, and one at its end that overwrites no other
-- session's changes.
--
-- Touches: private.load_agent_memory, private.save_agent_memory and their wrappers in public,
--          private.prune_agent_memory_history (removes old versions), a job.
-- Beware:  saving uses optimistic locking. Each entry names the version that it was made from. If one has changed
--          since, the whole call is refused with the keys, and nothing is written. The agent then loads, decides and
--          saves again.

create function private.agent_memory_table(workspace_id uuid, prefix text)
returns text
language plpgsql
stable
set search_path = ''
as $$
declare
  found_table regclass := case
    when prefix ~ '^([a-z][a-z0-9]{0,9}_)?$' then to_regclass('public.' || prefix || 'agent_memory') end;
begin
  if found_table is null or (prefix <> '' and not exists (
    select from public.businesses as b where b.workspace_id = $1 and b.prefix = $2
  )) then
    perform private.raise_error('not_found', 'The workspace has no business with this prefix.', 404,
      'A prefix ends with an underscore: pn_. Empty for the first business.');
  end if;
  return found_table::text;
end;
$$;
comment on function private.agent_memory_table(uuid, text) is
  'The memory table of a workspace''s business, quoted. Errors: not_found 404.';

create function private.load_agent_memory(workspace_id uuid, agent_id uuid default null,
  memory_types text[] default null, prefix text default '')
returns table (memory_type text, key text, value jsonb, confidence numeric, version integer, is_shared boolean,
  updated_at timestamptz, total bigint)
language plpgsql
stable
set search_path = ''
as $$
begin
  perform private.require_known($3, '{identity,episodic,strategy,policy,state}', 'memory_types');
  for memory_type, key, value, confidence, version, is_shared, updated_at, total in execute format(
    'select one.*, count(*) over ()
     from (select distinct on (m.memory_type, m.key) m.memory_type, m.key::text, m.value, m.confidence, m.version,
         m.agent_id is null, m.updated_at
       from %s as m
       where m.workspace_id = $1 and (m.agent_id is null or m.agent_id = $2)
         and ($3 is null or m.memory_type = any ($3))
       order by m.memory_type, m.key, m.agent_id nulls last) as one
     order by one.memory_type, one.key', private.agent_memory_table($1, $4)
  ) using $1, $2, $3 loop
    return next;
  end loop;
end;
$$;
comment on function private.load_agent_memory(uuid, uuid, text[], text) is 'The body of public.load_agent_memory.';

create function private.check_memory_entries(entries jsonb)
returns void
language plpgsql
immutable
set search_path = ''
as $$
declare
  fault text;
begin
  if jsonb_typeof(entries) is distinct from 'array' or jsonb_array_length(entries) > 500 then
    fault := 'entries: an array of at most 500';
  else
    select format('entries[%s]: %s', place - 1, wrong) into fault
    from jsonb_array_elements(entries) with ordinality as listed (entry, place)
    cross join lateral (select case
      when jsonb_typeof(entry) <> 'object' then 'an object'
      when exists (select from jsonb_object_keys(entry) as named
        where named not in ('memory_type', 'key', 'value', 'confidence', 'version'))
        then 'memory_type, key, value, confidence and version, nothing else'
      when coalesce(entry ->> 'memory_type', '') not in ('identity', 'episodic', 'strategy', 'policy', 'state')
        then 'memory_type is identity, episodic, strategy, policy or state'
      when jsonb_typeof(entry -> 'key') is distinct from 'string' or length(entry ->> 'key') not between 1 and 200
        then 'key has 1 to 200 characters'
      when not entry ? 'value' then 'value is needed, null to forget the key'
      when length((entry -> 'value')::text) > 65536 then 'value may be 64 KiB long'
      when jsonb_typeof(entry -> 'confidence') not in ('number', 'null')
        or (entry ->> 'confidence')::numeric not between 0 and 1 then 'confidence is between 0 and 1'
      when jsonb_typeof(entry -> 'version') not in ('number', 'null') or entry ->> 'version' !~ '^\d{1,9}$'
        then 'version is the one that was loaded, 0 for none'
    end as wrong) as checked
    where wrong is not null order by place limit 1;
    if fault is null then
      select 'entries: twice ' || concat_ws(' ', entry ->> 'memory_type', entry ->> 'key') into fault
      from jsonb_array_elements(entries) as listed (entry) group by entry ->> 'memory_type', entry ->> 'key'
      having count(*) > 1 limit 1;
    end if;
  end if;
  if fault is not null then
    perform private.raise_error('invalid_memory', 'The entries do not fit: ' || fault || '.', 422);
  end if;
end;
$$;
comment on function private.check_memory_entries(jsonb) is
  'Refuses entries that save_agent_memory cannot store, and names the first. Errors: invalid_memory 422.';

create function private.save_agent_memory(workspace_id uuid, entries jsonb, agent_id uuid default null,
  prefix text default '')
returns table (memory_type text, key text, version integer)
language plpgsql
volatile
security definer -- agents have no other way to write; this checks whose memory it is
set search_path = ''
as $$
declare
  kept text;
  whose text := case when $3 is null then 'm.agent_id is null' else 'm.agent_id = $2' end;
  entry record;
  known_id uuid;
  known_version integer;
  conflicts text[] := '{}'::text[];
begin
  -- The service may write any memory; an agent, as itself, only its own.
  if not private.is_service() and not exists (
    select from private.agent_rights('memory:write') as rights
    where rights.user_id is null and rights.workspace_id = $1 and rights.agent_id = $3 and $4 = ''
  ) then
    perform private.raise_error('forbidden', 'What an agent believes the agent writes, as itself.', 403,
      'agent_id: its own.');
  end if;
  kept := private.agent_memory_table($1, $4);
  perform private.check_memory_entries(entries);
  -- Lock existing rows first and insert new ones then, both in one order: two concurrent saves do not deadlock.
  execute format(
    'select from %s as m join jsonb_to_recordset($3) as e (memory_type text, key text) on m.memory_type = '
      'e.memory_type and m.key = e.key
     where m.workspace_id = $1 and %s order by m.memory_type, m.key for update of m', kept, whose
  ) using $1, $3, entries;
  for entry in
    select e.memory_type, e.key, nullif(e.value, 'null') as value, e.confidence, coalesce(e.version, 0) as version
    from jsonb_to_recordset(entries) as e (memory_type text, key text, value jsonb, confidence numeric, version integer)
    order by 1, 2
  loop
    execute format(
      'select m.id, m.version from %s as m where m.workspace_id = $1 and %s and m.memory_type = $3 and m.key = $4',
      kept, whose
    ) into known_id, known_version using $1, $3, entry.memory_type, entry.key;
    if coalesce(known_version, 0) <> entry.version then
      conflicts := conflicts || concat_ws(' ', entry.memory_type, entry.key);
      continue;
    end if;
    memory_type := entry.memory_type;
    key := entry.key;
    version := 0;
    if entry.value is null then
      execute format('delete from %s as m where m.id = $1', kept) using known_id;
    elsif known_id is null then
      execute format(
        'insert into %s (workspace_id, agent_id, memory_type, key, value, confidence) values ($1, $2, $3, $4, $5, '
          'coalesce($6, 0.8))
         on conflict on constraint %I do nothing returning version', kept,
        (select k.conname from pg_catalog.pg_constraint as k where k.conrelid = kept::regclass and k.contype = 'u')
      ) into version using $1, $3, entry.memory_type, entry.key, entry.value, entry.confidence;
      if version is null then
        conflicts := conflicts || concat_ws(' ', entry.memory_type, entry.key);
      end if;
    else
      -- Unchanged entries are not written, and keep their version.
      execute format(
        'update %s as m set value = $2, confidence = coalesce($3, m.confidence)
         where m.id = $1 and (m.value, m.confidence) is distinct from ($2, coalesce($3, m.confidence)) returning '
           'm.version', kept
      ) into version using known_id, entry.value, entry.confidence;
      version := coalesce(version, known_version);
    end if;
    return next;
  end loop;
  if cardinality(conflicts) > 0 then
    perform private.raise_error('memory_conflict',
      'Some of this memory changed since it was loaded. Nothing was saved.', 409,
      'Changed: ' || array_to_string(conflicts[1:100], ', '));
  end if;
end;
$$;
comment on function private.save_agent_memory(uuid, jsonb, uuid, text) is 'The body of public.save_agent_memory.';

create function public.load_agent_memory(workspace_id uuid, agent_id uuid default null,
  memory_types text[] default null, prefix text default '')
returns table (memory_type text, key text, value jsonb, confidence numeric, version integer, is_shared boolean,
  updated_at timestamptz, total bigint)
language sql stable security invoker set search_path = ''
as $$ select * from private.load_agent_memory($1, $2, $3, $4); $$;
comment on function public.load_agent_memory(uuid, uuid, text[], text) is
  'The memory that a session reads at its start: what all agents of the workspace share and, with agent_id, that '
  'agent''s own. The agent''s own replaces a shared memory of the same type and key (is_shared in the answer tells '
  'which it is). memory_types (identity, episodic, strategy, policy, state): a filter, null for all. prefix: the '
  'business, empty for the first. total: how many entries there are; the Data API returns 1,000 rows at once, and the '
  'others by range. Reads with the caller''s rights. Errors: not_found 404, invalid_body 400 with the field.';

create function public.save_agent_memory(workspace_id uuid, entries jsonb, agent_id uuid default null,
  prefix text default '')
returns table (memory_type text, key text, version integer)
language sql volatile security invoker set search_path = ''
as $$ select * from private.save_agent_memory($1, $2, $3, $4); $$;
comment on function public.save_agent_memory(uuid, jsonb, uuid, text) is
  'Saves memory with optimistic locking, all or nothing. entries: at most 500 of {memory_type, key, value, '
  'confidence?, version?}. version is the loaded one; 0 or none for a new key. value null forgets the key. Without '
  'confidence the old one stays; the default is 0.8. agent_id: the agent, null for shared memory. prefix: the '
  'business. Returns each entry''s new version, 0 if it was forgotten; an unchanged entry keeps its version. Errors: '
  'memory_conflict 409 (the keys in the hint), invalid_memory 422, not_found 404, 23503 for an agent of another '
  'workspace, forbidden 403. For the service, and for an agent as itself (memory:write).';

grant execute on function private.agent_memory_table(uuid, text),
  private.load_agent_memory(uuid, uuid, text[], text), public.load_agent_memory(uuid, uuid, text[], text)
    to authenticated, service_role;
grant execute on function private.check_memory_entries(jsonb) to service_role;
grant execute on function private.save_agent_memory(uuid, jsonb, uuid, text),
  public.save_agent_memory(uuid, jsonb, uuid, text)
  to authenticated, service_role;

create function private.prune_agent_memory_history(keep interval default '365 days', newest integer default 20)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  business text;
  removed bigint;
  counts jsonb := '{}'::jsonb;
begin
  for business in select '' union select b.prefix from public.businesses as b order by 1 loop
    continue when to_regclass('public.' || business || 'agent_memory_history') is null;
    removed := coalesce((private.for_all_workspaces(concat_ws(': ', 'prune-agent-memory', nullif(business, '')), format(
      'with ranked as (
         select h.id, h.changed_at, row_number() over (
           partition by h.workspace_id, h.agent_id, h.memory_type, h.key order by h.version desc, h.id desc) as place
         from public.%1$I as h where $1 is null or h.workspace_id = $1
       ), gone as (
         delete from public.%1$I as h using ranked
         where ranked.id = h.id and ranked.place > %2$s and ranked.changed_at < now() - %3$L::interval returning 1
       )
       select array[count(*)] from gone',
      business || 'agent_memory_history', newest, keep),
      format('select distinct h.workspace_id from public.%I as h order by 1', business || 'agent_memory_history')))[1],
        0);
    counts := counts || jsonb_build_object(business || 'agent_memory_history', removed);
  end loop;
  return counts;
end;
$$;
comment on function private.prune_agent_memory_history(interval, integer) is
  'Removes versions of memory that are older than `keep` and not among the `newest` latest of their key. Returns how '
  'many, by table.';

select cron.schedule('prune-agent-memory', '53 2 * * *', 'select private.prune_agent_memory_history()');
