-- Meaning of messages: vectors of what is said, in workspaces that choose so (workspaces.embeds_messages).
--
-- Touches: private.message_vectors: passages of messages, each with its vector once it is made. A trigger on messages
--            lists them.
--          private.message_backlogs: workspaces that changed their choice. A trigger on workspaces fills it.
--          private.queue_message_passages: gives passages to embedding_jobs.
-- Beware:  Storing a message makes no job: a turn must not wait for a queue, nor be refused because it is full. It
--          lists passages, and the function embed queues them, a few of each workspace at a time. A message that is
--          taken back loses its text, and with it its vectors. Why a choice, and why no vector index:
--          docs/decisions/0040-messages-by-meaning.md.

create table private.message_vectors (
  id uuid primary key default gen_random_uuid(),
  message_id uuid not null references private.message_texts (id) on delete cascade,
  passage smallint not null,
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  said_at timestamptz not null,
  content_hash text not null,
  is_queued boolean not null default false,
  embedding extensions.halfvec(384),
  embedding_model private.short_text,
  constraint a_passage_is_listed_once unique (message_id, passage),
  constraint passage_is_one_of_eight check (passage between 0 and 7),
  constraint content_hash_is_sha256 check (length(content_hash) = 64),
  constraint an_embedding_names_its_model check ((embedding is null) = (embedding_model is null)),
  constraint an_embedding_has_a_direction check (extensions.l2_norm(embedding) > 0)
);
comment on table private.message_vectors is
  'Passages of messages and their vectors, of the newest passages of each person (limit message_vectors). Only in '
  'workspaces that choose so.';
comment on column private.message_vectors.is_queued is 'Whether its embedding job was made.';
comment on column private.message_vectors.content_hash is 'Of the passage. A vector of other words is never written.';
alter table private.message_vectors alter column embedding set storage plain;
create index message_vectors_person on private.message_vectors (user_id, workspace_id, said_at);
create index message_vectors_conversation on private.message_vectors (conversation_id, said_at);
create index message_vectors_to_queue on private.message_vectors (workspace_id, said_at) where not is_queued;
create index message_vectors_workspace on private.message_vectors (workspace_id);
create index message_vectors_embedding_model on private.message_vectors (embedding_model, id);
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('private.message_vectors', 'user_id', 'with_row', false, 'workspace_id');
select private.add_limit('message_vectors', 'person', 'total', 'passages',
  'Newest passages of a person''s messages that have a vector; older ones are found by words.', 5000, 10000, 20000);

create function private.passage_of(content text, passage integer)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  return substr(content, passage * 1200 + 1, 1400);
end;
$$;
comment on function private.passage_of(text, integer) is
  'A passage of a message: from 0, 1,200 characters each and the 200 that follow.';
grant execute on function private.passage_of(text, integer) to authenticated; -- a search shows one

create function private.list_passages(messages uuid[])
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  listed integer;
begin
  insert into private.message_vectors as known (message_id, passage, workspace_id, conversation_id, user_id, said_at,
    content_hash)
  select t.id, place, t.workspace_id, t.conversation_id, t.user_id, t.said_at,
    private.content_hash(private.passage_of(said.content, place))
  from private.message_texts as t
  join public.messages as m on m.id = t.id
  cross join lateral (select private.text_of_parts(m.parts) as content offset 0) as said
  cross join lateral generate_series(0, least(7, (length(said.content) - 1) / 1200)) as place
  where t.id = any (messages)
  on conflict on constraint a_passage_is_listed_once do update
  set content_hash = excluded.content_hash, is_queued = false, embedding = null, embedding_model = null
  where known.content_hash <> excluded.content_hash;
  get diagnostics listed = row_count;
  return listed;
end;
$$;
comment on function private.list_passages(uuid[]) is
  'Lists the passages of messages, at most eight of each. A passage whose words changed loses its vector. Returns how '
  'many are new or changed.';

create function private.list_new_passages()
returns trigger
language plpgsql
volatile
security definer -- the passages belong to the owner
set search_path = ''
as $$
begin
  if exists (select from public.workspaces as w where w.id = new.workspace_id and w.embeds_messages) then
    perform private.list_passages(array[new.id]);
  end if;
  return null;
end;
$$;
comment on function private.list_new_passages() is
  'Trigger on messages, after keep_message_text: lists the passages where the workspace chose so.';
create trigger list_new_passages after insert or update of parts on public.messages
  for each row execute function private.list_new_passages();

-- The choice of a workspace -------------------------------------------------------------------------------------------

create table private.message_backlogs (
  workspace_id uuid primary key references public.workspaces (id) on delete cascade,
  after_conversation uuid not null default '00000000-0000-0000-0000-000000000000',
  worked_at timestamptz not null default now()
);
comment on table private.message_backlogs is
  'Workspaces whose messages of before the choice are to be listed, or whose vectors are to be removed.';

create function private.keep_message_backlog()
returns trigger
language plpgsql
volatile
security definer -- the backlogs belong to the owner
set search_path = ''
as $$
begin
  insert into private.message_backlogs (workspace_id) values (new.id)
  on conflict on constraint message_backlogs_pkey do update
  set after_conversation = excluded.after_conversation, worked_at = excluded.worked_at;
  return null;
end;
$$;
comment on function private.keep_message_backlog() is 'Trigger on workspaces: notes that the choice has changed.';
create trigger keep_message_backlog after update of embeds_messages on public.workspaces
  for each row when (old.embeds_messages <> new.embeds_messages) execute function private.keep_message_backlog();

create function private.work_off_backlog(place uuid)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  backlog private.message_backlogs;
  talk uuid;
  done integer := 0;
begin
  select b.* into backlog from private.message_backlogs as b where b.workspace_id = place for update skip locked;
  if backlog.workspace_id is null then
    return 0;
  elsif not (select w.embeds_messages from public.workspaces as w where w.id = place) then
    delete from private.message_vectors as v where v.id in (
      select old.id from private.message_vectors as old where old.workspace_id = place limit 5000
      for update skip locked);
    get diagnostics done = row_count;
  else
    for talk in
      select c.id from public.conversations as c
      where c.workspace_id = place and c.id > backlog.after_conversation and c.deleted_at is null
      order by c.id limit 100
    loop
      done := done + private.list_passages(array(select t.id from private.message_texts as t
        where t.conversation_id = talk order by t.said_at desc limit 2000));
      backlog.after_conversation := talk;
      exit when done >= 1000;
    end loop;
  end if;
  if done = 0 and talk is null then
    delete from private.message_backlogs as b where b.workspace_id = place;
  else
    update private.message_backlogs as b
    set after_conversation = backlog.after_conversation, worked_at = clock_timestamp() where b.workspace_id = place;
  end if;
  return done;
end;
$$;
comment on function private.work_off_backlog(uuid) is
  'After a workspace changed its choice: lists the passages of about 1,000 older messages, or removes 5,000 vectors. '
  'Returns how many.';

-- The queue -----------------------------------------------------------------------------------------------------------

create function private.queue_passages(place uuid)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  room bigint := least(1000, private.limit_of(place, 'embedding_jobs_waiting'));
  most bigint := private.limit_of(place, 'message_vectors');
  person uuid;
  queued integer;
begin
  -- Another call does the same now.
  if not pg_try_advisory_xact_lock(hashtextextended('passages ' || place, 0)) then
    return 0;
  end if;
  room := room - (select count(*) from (
    select from public.embedding_jobs as job
    where job.workspace_id = place and job.dedupe_key is not null and job.status in ('pending', 'in_progress')
    limit room) as waiting);
  -- A person's oldest passages give way to newer ones.
  for person in
    select distinct fresh.user_id from (
      select v.user_id from private.message_vectors as v where v.workspace_id = place and not v.is_queued
      order by v.said_at desc limit room) as fresh
    where most is not null
  loop
    delete from private.message_vectors as v where v.id in (
      select old.id from private.message_vectors as old where old.id in (
        select o.id from private.message_vectors as o where o.user_id = person and o.workspace_id = place
        order by o.said_at desc, o.id offset most)
      for update skip locked);
  end loop;
  with fresh as (
    select v.id from private.message_vectors as v where v.workspace_id = place and not v.is_queued
    order by v.said_at desc limit room for update skip locked
  ), asked as (
    update private.message_vectors as v set is_queued = true from fresh where v.id = fresh.id
    returning v.workspace_id, v.id, v.content_hash
  )
  insert into public.embedding_jobs (workspace_id, target_table, target_id, content_hash, dedupe_key)
  select a.workspace_id, 'message_vectors', a.id, a.content_hash, a.id || ' ' || left(a.content_hash, 32)
  from asked as a
  on conflict (workspace_id, dedupe_key)
  where dedupe_key is not null and status in ('pending', 'in_progress') do nothing;
  get diagnostics queued = row_count;
  return queued;
end;
$$;
comment on function private.queue_passages(uuid) is
  'Makes embedding jobs of a workspace''s newest passages while fewer than 1,000 of its jobs wait, so that documents '
  'and memories find the queue open. Removes what is over a person''s limit. Returns how many jobs.';

create function private.places_with_passages()
returns setof uuid
language sql
volatile
set search_path = ''
as $$
  with recursive place as (
    (select v.workspace_id as id from private.message_vectors as v where not v.is_queued
    order by v.workspace_id limit 1)
    union all
    select (select v.workspace_id from private.message_vectors as v
      where not v.is_queued and v.workspace_id > place.id order by v.workspace_id limit 1)
    from place where place.id is not null
  )
  select place.id from place where place.id is not null order by random() limit 200;
$$;
comment on function private.places_with_passages() is
  'Workspaces with passages to queue: at most 200 of them, others each time.';

create function private.queue_message_passages()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  queued bigint[];
begin
  perform private.for_all_workspaces('embed-pending: backlogs', $each$
    select array[sum(private.work_off_backlog(b.workspace_id))] from (
      select known.workspace_id from private.message_backlogs as known where $1 is null or known.workspace_id = $1
      order by known.worked_at limit 20) as b$each$,
    'select b.workspace_id from private.message_backlogs as b order by b.worked_at limit 20');
  queued := private.for_all_workspaces('embed-pending: passages', $each$
    select array[sum(private.queue_passages(place))] from unnest(
      case when $1 is null then array(select private.places_with_passages()) else array[$1] end) as place$each$,
    'select private.places_with_passages()');
  return coalesce(queued[1], 0);
end;
$$;
comment on function private.queue_message_passages() is
  'Gives passages of messages to embedding_jobs. Called by take_embedding_jobs. Returns how many jobs were made.';
