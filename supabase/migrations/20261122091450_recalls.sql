-- Recalls: notes at once which memories were recalled, and counts them soon after.
--
-- Touches: private.recalls: notes of recalled memories. private.note_recall: writes one.
--          private.recalled_since: checks for a recent recall.
--          private.count_recalls and its schedule: counts the notes on the memories.
-- Beware:  Counting at once would rewrite each recalled memory with its embedding, and hold the person's lock until the
--          commit: measured, a third of a chat turn. A note is one narrow row; counts follow within seconds. To check
--          whether a memory was recalled lately, use recalled_since, which considers both.

create table private.recalls (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  user_id uuid not null,
  memory_ids uuid[] not null,
  recalled_at timestamptz not null default now()
);
comment on table private.recalls is
  'Recalls that are not counted yet. No foreign keys: if a memory is deleted before it is counted, nothing is lost.';
create index recalls_person on private.recalls (user_id, workspace_id);

create function private.note_recall(workspace_id uuid, user_id uuid, memory_ids uuid[])
returns void
language plpgsql
volatile
security definer -- people write here only through recall
set search_path = ''
as $$
begin
  if cardinality($3) > 0 and (private.is_service() or $2 = private.current_user_id('memory:read')) then
    insert into private.recalls (workspace_id, user_id, memory_ids) values ($1, $2, $3);
  end if;
end;
$$;
comment on function private.note_recall(uuid, uuid, uuid[]) is
  'Notes that these memories of the caller were recalled (the service: of any person).';

create function private.recalled_since(memory public.memories, since timestamptz)
returns boolean
language sql
stable
set search_path = ''
as $$
  select coalesce($1.last_recalled_at > $2, false) or exists (
    select from private.recalls as r
    where r.user_id = $1.user_id and r.workspace_id = $1.workspace_id and $1.id = any (r.memory_ids)
      and r.recalled_at > $2
  );
$$;
comment on function private.recalled_since(public.memories, timestamptz) is
  'Whether a memory was recalled after that time, counted or not.';

create function private.count_recalls(most integer default 1000)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  person record;
  counted integer := 0;
begin
  -- At most `most` people: their locks are held until the commit. It never waits for a lock: a person whose memories
  -- are being written is counted next time. So others do not wait long, and no deadlock can occur.
  for person in
    select known.workspace_id, known.user_id from (
      select distinct r.workspace_id, r.user_id from private.recalls as r
    ) as known order by random() limit most
  loop
    continue when not pg_try_advisory_xact_lock(private.memories_lock(person.workspace_id, person.user_id));
    begin
      with noted as (
        delete from private.recalls as r where r.workspace_id = person.workspace_id and r.user_id = person.user_id
        returning r.memory_ids, r.recalled_at
      ), totals as (
        select memory_id, count(*) as times, max(noted.recalled_at) as latest
        from noted cross join unnest(noted.memory_ids) as memory_id group by memory_id
      )
      update public.memories as m set
        recalled_count = m.recalled_count + totals.times,
        last_recalled_at = greatest(m.last_recalled_at, totals.latest),
        tier = case when m.tier = 'historical' then 'recent' else m.tier end
      from totals
      where m.id = totals.memory_id and m.workspace_id = person.workspace_id and m.user_id = person.user_id;
      counted := counted + 1;
      delete from private.job_failures as f where f.job = 'count-recalls' and f.workspace_id = person.workspace_id;
    exception when others then
      perform private.note_job_failure('count-recalls', person.workspace_id, sqlerrm);
    end;
  end loop;
  return counted;
end;
$$;
comment on function private.count_recalls(integer) is
  'The job count-recalls: adds noted recalls to the memories of at most `most` people. A recalled historical memory '
  'becomes recent again. Skips people whose memories are being written, until the next run. Returns how many people.';
select cron.schedule('count-recalls', '10 seconds', 'select private.count_recalls()');
grant execute on function private.note_recall(uuid, uuid, uuid[]) to authenticated, service_role;
