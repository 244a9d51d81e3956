-- Embeddings: the queue of rows to embed, because they have no embedding or one of an outdated model. The function
-- `embed` works it off.
--
-- Touches: public.embedding_jobs: the queue, a work table. Triggers on document_chunks and memories fill it; of
--            messages take_embedding_jobs does (the chapter "meaning of messages").
--          private.embedding_models: the models in use, and their weight in search.
--          The job embed-pending: calls the function. The job purge-embedding-jobs: deletes finished rows.
-- Beware:  A job names its content by a hash. An embedding is written only while the row still has that content, and
--          only where there is none or one of a model that `embed` used before. A client's own embedding is never
--          overwritten. Vectors of different models are never compared. So after a change of model, full text search
--          alone finds a row until it is embedded again.

create table public.embedding_jobs (
  like private.work_item including all,
  target_table text not null,
  target_id uuid not null,
  content_hash text not null,
  foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint target_table_is_known check (target_table in ('document_chunks', 'memories', 'message_vectors')),
  constraint content_hash_is_sha256 check (length(content_hash) = 64)
);
comment on table public.embedding_jobs is
  'A work table: texts to embed. Triggers fill it, and the function embed works it off.';
comment on column public.embedding_jobs.target_id is 'The row to embed. It may be deleted before the job runs.';
comment on column public.embedding_jobs.content_hash is
  'Hash of the content to embed. If the row''s content has changed by then, nothing is written.';
create index embedding_jobs_workspace on public.embedding_jobs (workspace_id);
alter table public.embedding_jobs enable row level security;
create policy "Admins read embedding jobs" on public.embedding_jobs
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read embedding jobs" on public.embedding_jobs is
  'It shows how many rows wait, and none of their content.';
grant select on public.embedding_jobs to authenticated;
grant select, insert, update, delete on public.embedding_jobs to service_role;
select private.register_work_queue('public.embedding_jobs');

create table private.embedding_models (
  name private.short_text primary key,
  is_current boolean not null,
  has_outdated boolean not null default false,
  weight double precision not null default 1,
  used_since timestamptz not null default now(),
  constraint weight_is_a_share check (weight between 0 and 1)
);
comment on table private.embedding_models is
  'The models that the function embed has used. Vectors of earlier models are made again.';
comment on column private.embedding_models.has_outdated is
  'For an earlier model: whether rows may still have its vectors.';
comment on column private.embedding_models.weight is
  'The weight of the vector search in rank fusion, relative to full text search. 1 for a model with semantic '
  'embeddings.';
-- This model only knows shared words, which full text search knows better. It breaks ties.
insert into private.embedding_models (name, is_current, weight) values ('local-feature-hashing-384', false, 0.1);

create function private.embedding_weight(model text)
returns double precision
language plpgsql
stable
security definer -- reads one number from a private table
set search_path = ''
as $$
begin
  return coalesce((select m.weight from private.embedding_models as m where m.name = model), 1);
end;
$$;
comment on function private.embedding_weight(text) is
  'The weight of a model''s results, 0–1: private.embedding_models; 1 for an unknown model.';
grant execute on function private.embedding_weight(text) to authenticated, service_role;
create unique index embedding_models_current on private.embedding_models (is_current) where is_current;

-- Rows that need an embedding -----------------------------------------------------------------------------------------

create function private.enqueue_embedding()
returns trigger
language plpgsql
volatile
security definer -- jobs belong to the owner
set search_path = ''
as $$
begin
  insert into public.embedding_jobs (workspace_id, target_table, target_id, content_hash, dedupe_key)
  values (new.workspace_id, tg_table_name, new.id, new.content_hash, new.id || ' ' || left(new.content_hash, 32))
  on conflict (workspace_id, dedupe_key)
  where dedupe_key is not null and status in ('pending', 'in_progress') do nothing;
  return null;
end;
$$;
comment on function private.enqueue_embedding() is
  'Trigger on document_chunks and memories: enqueues a row without an embedding, once for each content.';
create trigger enqueue_embedding_of_new after insert on public.document_chunks
  for each row when (new.embedding is null) execute function private.enqueue_embedding();
create trigger enqueue_embedding_of_changed after update of content, heading, embedding on public.document_chunks
  for each row when (new.embedding is null and (old.embedding is not null or new.content_hash <> old.content_hash))
  execute function private.enqueue_embedding();
create trigger enqueue_embedding_of_new after insert on public.memories
  for each row when (new.embedding is null) execute function private.enqueue_embedding();

create function private.enqueue_outdated_embeddings(most integer default 1000)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  earlier private.embedding_models;
  added integer := 0;
  found_rows integer;
begin
  for earlier in select m.* from private.embedding_models as m where m.has_outdated and not m.is_current
  order by m.name for update loop
    insert into public.embedding_jobs (workspace_id, target_table, target_id, content_hash, dedupe_key)
    select row.workspace_id, row.target_table, row.id, row.content_hash, row.id || ' ' || left(row.content_hash, 32)
    from (
      (select c.workspace_id, 'document_chunks' as target_table, c.id, c.content_hash from public.document_chunks as c
       where c.embedding_model = earlier.name
         and not exists (select from public.embedding_jobs as j
           where j.workspace_id = c.workspace_id and j.status in ('pending', 'in_progress')
           and j.dedupe_key = c.id || ' ' || left(c.content_hash, 32)) limit most)
      union all
      (select m.workspace_id, 'memories', m.id, m.content_hash from public.memories as m
       where m.embedding_model = earlier.name and m.valid_to is null
         and not exists (select from public.embedding_jobs as j
           where j.workspace_id = m.workspace_id and j.status in ('pending', 'in_progress')
           and j.dedupe_key = m.id || ' ' || left(m.content_hash, 32)) limit most)
      union all
      (select v.workspace_id, 'message_vectors', v.id, v.content_hash from private.message_vectors as v
       where v.embedding_model = earlier.name
         and not exists (select from public.embedding_jobs as j
           where j.workspace_id = v.workspace_id and j.status in ('pending', 'in_progress')
           and j.dedupe_key = v.id || ' ' || left(v.content_hash, 32)) limit most)
    ) as row
    on conflict (workspace_id, dedupe_key)
    where dedupe_key is not null and status in ('pending', 'in_progress') do nothing;
    get diagnostics found_rows = row_count;
    added := added + found_rows;
    if found_rows = 0 then
      update private.embedding_models as m set has_outdated = false where m.name = earlier.name;
    end if;
  end loop;
  return added;
end;
$$;
comment on function private.enqueue_outdated_embeddings(integer) is
  'Enqueues rows whose vectors are of an earlier model, at most `most` for each table and model. Returns how many.';

-- Calls of the function embed -----------------------------------------------------------------------------------------

create function private.take_embedding_jobs(worker text, model text, batch integer default 64,
  lease interval default '1 minute')
returns table (id bigint, claim_token uuid, content text)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  if not exists (select from private.embedding_models as m where m.name = model and m.is_current) then
    update private.embedding_models as m set is_current = false, has_outdated = true where m.is_current;
    insert into private.embedding_models as m (name, is_current) values (model, true)
    on conflict (name) do update set is_current = true, has_outdated = false, used_since = now();
  end if;
  if exists (select from private.embedding_models as m where m.has_outdated)
    and (select count(*)
      from (select from public.embedding_jobs as j where j.status = 'pending' limit 1000) as waiting) < 1000 then
    perform private.enqueue_outdated_embeddings();
  end if;
  perform private.queue_message_passages();
  return query
  select job.id, job.claim_token,
    coalesce(
      (select concat_ws(E'\n', c.heading, c.content) from public.document_chunks as c
       where job.work ->> 'target_table' = 'document_chunks' and c.id = (job.work ->> 'target_id')::uuid
         and c.content_hash = job.work ->> 'content_hash' and c.embedding_model is distinct from model),
      (select m.content from public.memories as m
       where job.work ->> 'target_table' = 'memories' and m.id = (job.work ->> 'target_id')::uuid
         and m.content_hash = job.work ->> 'content_hash' and m.embedding_model is distinct from model),
      (select private.passage_of(private.text_of_parts(m.parts), v.passage)
       from private.message_vectors as v join public.messages as m on m.id = v.message_id
       where job.work ->> 'target_table' = 'message_vectors' and v.id = (job.work ->> 'target_id')::uuid
         and v.content_hash = job.work ->> 'content_hash' and v.embedding_model is distinct from model)
    )
  from private.claim_work('embedding_jobs', worker, batch, lease) as job;
end;
$$;
comment on function private.take_embedding_jobs(text, text, integer, interval) is
  'Claims jobs for `worker`, which embeds with `model`. A new model becomes the current one, and rows with vectors of '
  'earlier models are enqueued. content: the text to embed; null when the row is deleted, changed or done. Errors: '
  'those of claim_work.';

create function private.store_embeddings(claim_token uuid, model text, results jsonb)
returns table (stored integer, stale integer)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  ids bigint[] := array(select (r ->> 'id')::bigint from jsonb_array_elements(results) as r order by 1);
  person record;
  chunks integer;
  remembered integer;
  said integer;
begin
  -- A writer of memories takes the persons' locks before any row lock, in one order, to avoid deadlocks.
  for person in
    select distinct m.workspace_id, m.user_id from public.embedding_jobs as j
    join public.memories as m on m.id = j.target_id
    where j.id = any (ids) and j.target_table = 'memories' order by 1, 2
  loop
    perform private.lock_memories(person.workspace_id, person.user_id);
  end loop;
  update public.document_chunks as c
  set embedding = (r ->> 'embedding')::extensions.halfvec(384), embedding_model = model
  from jsonb_array_elements(results) as r join public.embedding_jobs as j on j.id = (r ->> 'id')::bigint
  where r ->> 'embedding' is not null and j.claim_token = $1 and j.target_table = 'document_chunks'
    and c.id = j.target_id and c.content_hash = j.content_hash
    and (c.embedding is null or c.embedding_model in (select m.name from private.embedding_models as m));
  get diagnostics chunks = row_count;
  update public.memories as c set embedding = (r ->> 'embedding')::extensions.halfvec(384), embedding_model = model
  from jsonb_array_elements(results) as r join public.embedding_jobs as j on j.id = (r ->> 'id')::bigint
  where r ->> 'embedding' is not null and j.claim_token = $1 and j.target_table = 'memories'
    and c.id = j.target_id and c.content_hash = j.content_hash
    and (c.embedding is null or c.embedding_model in (select m.name from private.embedding_models as m));
  get diagnostics remembered = row_count;
  update private.message_vectors as c set embedding = (r ->> 'embedding')::extensions.halfvec(384),
    embedding_model = model
  from jsonb_array_elements(results) as r join public.embedding_jobs as j on j.id = (r ->> 'id')::bigint
  where r ->> 'embedding' is not null and j.claim_token = $1 and j.target_table = 'message_vectors'
    and c.id = j.target_id and c.content_hash = j.content_hash;
  get diagnostics said = row_count;
  -- The current model may have changed meanwhile, and the search for outdated rows may have run before this row
  -- existed.
  update private.embedding_models as m set has_outdated = true
  where m.name = model and not m.is_current and not m.has_outdated and chunks + remembered + said > 0;
  -- A late worker is refused here, which rolls back its writes.
  perform private.complete_work('embedding_jobs', $1, ids);
  return query select chunks + remembered + said, cardinality(ids) - chunks - remembered - said;
end;
$$;
comment on function private.store_embeddings(uuid, text, jsonb) is
  'Writes embeddings where the row''s content is unchanged, and completes the jobs. results: [{id, embedding}]; '
  'embedding is null where take_embedding_jobs returned no content. Returns how many were written and how many were no '
  'longer needed. All or nothing. Errors: lease_lost 409.';

create function private.request_embedding()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
begin
  if exists (select from public.embedding_jobs as j where j.status = 'pending' and j.scheduled_for <= now())
    or exists (select from private.embedding_models as m where m.has_outdated)
    or exists (select from private.message_vectors as v where not v.is_queued)
    or exists (select from private.message_backlogs)
  then
    return private.call_function_once('embed-pending', 'embed', 3);
  end if;
  return null;
end;
$$;
comment on function private.request_embedding() is
  'The job embed-pending: calls the function embed when there is work and no call is in progress. Returns the call''s '
  'id.';

select cron.schedule('embed-pending', '10 seconds', 'select private.request_embedding()');

-- The result of a job is in its row. Finished jobs stay a day for inspection.
create function private.purge_embedding_jobs(most integer default 100000)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
begin
  return coalesce((private.for_all_workspaces('purge-embedding-jobs', format($each$
    with gone as (
      delete from public.embedding_jobs as job
      where job.id in (
          select old.id from public.embedding_jobs as old
          where old.status in ('done', 'cancelled') and old.finished_at < now() - interval '1 day'
            and ($1 is null or old.workspace_id = $1)
          order by old.id limit %s)
        and job.status in ('done', 'cancelled') -- not redriven meanwhile
      returning 1)
    select array[count(*)] from gone$each$, most),
    $places$select distinct job.workspace_id from public.embedding_jobs as job
      where job.status in ('done', 'cancelled') and job.finished_at < now() - interval '1 day' order by 1$places$))[1],
        0);
end;
$$;
comment on function private.purge_embedding_jobs(integer) is
  'Deletes jobs that were completed or cancelled a day ago, at most `most`. Failed jobs stay for 365 days, as all '
  'work. Returns how many.';
select cron.schedule('purge-embedding-jobs', '37 * * * *', 'select private.purge_embedding_jobs()');
