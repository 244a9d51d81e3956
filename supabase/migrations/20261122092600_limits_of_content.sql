-- Limits of what people add: no user can fill a shared table or slow down the work of others.
--
-- Touches: triggers on conversations, artifacts, suggestions, votes, feedback_signals, analytics_events, documents,
--          document_chunks, embedding_jobs, background_queries, leads, dial_queue, erasure_requests; a policy of
--          suggestions.
-- Beware:  A person's daily count is on a row of that person, so only their own requests wait for it. A workspace's
--          total is on a row of the workspace and counted by statement: a batch counts once. Waiting rows are counted
--          when more are added, only up to the limit.

do $$
begin
  perform private.add_limit('conversations_a_day', 'person', 'day', 'conversations',
    'Conversations that a person starts.', 1000, 5000, 20000);
  perform private.add_limit('artifacts_a_day', 'person', 'day', 'versions',
    'Versions of artifacts that a person writes.', 2000, 10000, 50000);
  perform private.add_limit('suggestions_a_day', 'person', 'day', 'suggestions', 'Suggestions that a person makes.',
    200, 1000, 5000);
  perform private.add_limit('suggestions_open', 'artifact', 'total', 'suggestions',
    'Open suggestions of one artifact.', 100, 200, 500);
  perform private.add_limit('votes_a_day', 'person', 'day', 'votes', 'Votes that a person casts.', 1000, 5000, 20000);
  perform private.add_limit('signals_a_day', 'person', 'day', 'signals', 'Feedback signals that a person sends.', 5000,
    20000, 100000);
  perform private.add_limit('analytics_events_a_day', 'person', 'day', 'events',
    'Analytics events that a person records.', 10000, 50000, 200000);
  perform private.add_limit('documents', 'workspace', 'total', 'documents', 'Documents.', 5000, 50000, 500000);
  perform private.add_limit('document_characters', 'workspace', 'total', 'characters', 'Characters of all documents.',
    200000000, 2000000000, 20000000000);
  perform private.add_limit('document_chunks', 'document', 'total', 'chunks', 'Chunks of one document.',
    5000, 10000, 20000);
  perform private.add_limit('embedding_jobs_waiting', 'workspace', 'at_once', 'jobs', 'Pending embedding jobs.',
    20000, 50000, 100000);
  perform private.add_limit('background_queries_waiting', 'person', 'at_once', 'queries',
    'Unfinished background queries of a person.', 50, 200, 1000);
  perform private.add_limit('leads', 'workspace', 'total', 'leads', 'Leads.', 50000, 500000, 5000000);
  perform private.add_limit('dials_a_day', 'workspace', 'day', 'calls', 'Calls that are queued.', 500, 5000,
    50000);
  perform private.add_limit('erasures_a_day', 'person', 'day', 'requests', 'Erasure requests of a person.', 10, 10,
    10);
  perform private.add_limit('messages_a_day', 'person', 'day', 'messages', 'Messages that a person writes.', 5000,
    20000, 100000);
  -- The functions enforce these, across all isolates, with slots in the scratchpad (Redis or Postgres).
  perform private.add_limit('relays_at_once', 'person', 'at_once', 'connections',
    'Open sockets of a person to agents.', 10, 20, 50);
  perform private.add_limit('streams_read_at_once', 'person', 'at_once', 'connections',
    'Streams that a person reads at once.', 20, 50, 100);
end;
$$;

-- A person's daily counts ---------------------------------------------------------------------------------------------

create trigger count_acts after insert on public.conversations
  referencing new table as new_rows for each statement
  execute function private.count_acts('conversations_a_day', 'day');
create trigger count_acts after insert on public.messages
  referencing new table as new_rows for each statement execute function private.count_acts('messages_a_day', 'day');
create trigger count_acts after insert on public.artifacts
  referencing new table as new_rows for each statement execute function private.count_acts('artifacts_a_day', 'day');
create trigger count_acts after insert on public.suggestions
  referencing new table as new_rows for each statement execute function private.count_acts('suggestions_a_day', 'day');
create trigger count_acts after insert on public.votes
  referencing new table as new_rows for each statement execute function private.count_acts('votes_a_day', 'day');
create trigger count_acts after insert on public.feedback_signals
  referencing new table as new_rows for each statement execute function private.count_acts('signals_a_day', 'day');
create trigger count_acts after insert on public.analytics_events
  referencing new table as new_rows for each statement
  execute function private.count_acts('analytics_events_a_day', 'day');
create trigger count_acts after insert on public.erasure_requests
  referencing new table as new_rows for each statement execute function private.count_acts('erasures_a_day', 'day');

-- A workspace's totals ------------------------------------------------------------------------------------------------

create trigger count_added after insert on public.documents
  referencing new table as new_rows for each statement execute function private.count_rows('documents');
create trigger count_removed after delete on public.documents
  referencing old table as old_rows for each statement execute function private.count_rows('documents');
create trigger count_added after insert on public.leads
  referencing new table as new_rows for each statement execute function private.count_rows('leads');
create trigger count_removed after delete on public.leads
  referencing old table as old_rows for each statement execute function private.count_rows('leads');
create trigger count_added after insert on public.dial_queue
  referencing new table as new_rows for each statement execute function private.count_rows('dials_a_day', 'day');

create function private.count_document_characters()
returns trigger
language plpgsql
volatile
security definer -- the counters belong to the owner
set search_path = ''
as $$
declare
  grown bigint := case tg_op when 'DELETE' then 0 else length(new.content) end - case tg_op when 'INSERT' then 0
    else length(old.content) end;
  place uuid := case tg_op when 'DELETE' then old.workspace_id else new.workspace_id end;
begin
  if grown <> 0 then
    perform private.count_against(place, place, 'document_characters', grown);
  end if;
  return null;
end;
$$;
comment on function private.count_document_characters() is
  'Trigger on documents: counts their total length. Errors: limit_reached 403.';
create trigger count_characters after insert or delete or update of content on public.documents
  for each row execute function private.count_document_characters();

-- Limits of one document or artifact ----------------------------------------------------------------------------------

create function private.limit_chunks()
returns trigger
language plpgsql
volatile
security definer -- counts past RLS
set search_path = ''
as $$
declare
  here record;
  pieces bigint;
begin
  for here in select distinct workspace_id, document_id, private.limit_of(workspace_id, 'document_chunks') as allowed
  from new_rows order by 2 loop
    select count(*) into pieces from (
      select from public.document_chunks as chunk where chunk.document_id = here.document_id
      limit here.allowed + 1) as counted;
    if pieces > here.allowed then
      perform private.refuse_over_limit('document_chunks', here.allowed, here.allowed);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.limit_chunks() is
  'Statement trigger on document_chunks: limits the number of chunks of one document. Errors: limit_reached 403.';
create trigger limit_chunks after insert on public.document_chunks
  referencing new table as new_rows for each statement execute function private.limit_chunks();

create function private.limit_suggestions()
returns trigger
language plpgsql
volatile
security definer -- counts past RLS
set search_path = ''
as $$
declare
  here record;
  waiting bigint;
begin
  for here in select distinct workspace_id, artifact_id, private.limit_of(workspace_id, 'suggestions_open') as allowed
  from new_rows order by 2 loop
    -- A concurrent suggestion for the same artifact waits here and is counted after this one.
    perform pg_advisory_xact_lock(hashtextextended('suggestions ' || here.artifact_id, 0));
    select count(*) into waiting from (
      select from public.suggestions as s where s.artifact_id = here.artifact_id and s.status = 'open'
      limit here.allowed + 1) as counted;
    if waiting > here.allowed then
      perform private.refuse_over_limit('suggestions_open', here.allowed, here.allowed);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.limit_suggestions() is
  'Statement trigger on suggestions: limits the open suggestions for one artifact, because its owner''s next version '
  'must check them all. Errors: limit_reached 403.';
create trigger limit_suggestions after insert on public.suggestions
  referencing new table as new_rows for each statement execute function private.limit_suggestions();
create index suggestions_open on public.suggestions (artifact_id) where status = 'open';

grant delete on public.suggestions to authenticated;
create policy "Owners of an artifact and authors remove suggestions" on public.suggestions
  for delete to authenticated
  using (
    user_id = (select private.current_user_id())
    or (
      select artifact.id from public.artifacts as artifact
      where artifact.id = suggestions.artifact_id and artifact.created_at = suggestions.artifact_created_at
        and artifact.user_id = (select private.current_user_id())
    ) is not null
  );
comment on policy "Owners of an artifact and authors remove suggestions" on public.suggestions is
  'Other members may add suggestions to a shared artifact, so its owner may remove them.';

-- Limits of waiting rows ----------------------------------------------------------------------------------------------

create function private.limit_waiting()
returns trigger
language plpgsql
volatile
security definer -- counts past RLS
set search_path = ''
as $$
declare
  here record;
  waiting bigint;
begin
  for here in select distinct workspace_id, private.limit_of(workspace_id, tg_argv[0]) as allowed from new_rows
  order by 1 loop
    select count(*) into waiting from (
      select from public.embedding_jobs as job
      where job.workspace_id = here.workspace_id and job.status in ('pending', 'in_progress')
      limit here.allowed + 1) as counted;
    if waiting > here.allowed then
      perform private.refuse_over_limit(tg_argv[0], here.allowed, here.allowed);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.limit_waiting() is
  'Statement trigger on embedding_jobs: limits how many of a workspace wait. Argument: the limit. Two concurrent '
  'writers may both exceed it by what each adds. Errors: limit_reached 429.';
create trigger limit_waiting after insert on public.embedding_jobs
  referencing new table as new_rows for each statement execute function private.limit_waiting('embedding_jobs_waiting');

create function private.limit_background_queries()
returns trigger
language plpgsql
volatile
security definer -- counts past RLS
set search_path = ''
as $$
declare
  allowed bigint := private.limit_of(new.workspace_id, 'background_queries_waiting');
  waiting bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('background queries ' || new.user_id, 0));
  select count(*) into waiting from (
    select from public.background_queries as q
    where q.user_id = new.user_id and q.status in ('pending', 'in_progress') limit allowed + 1) as counted;
  if waiting > allowed then
    perform private.refuse_over_limit('background_queries_waiting', allowed, allowed);
  end if;
  return null;
end;
$$;
comment on function private.limit_background_queries() is
  'Trigger on background_queries: limits a person''s unfinished queries. Errors: limit_reached 429.';
create trigger limit_background_queries after insert on public.background_queries
  for each row execute function private.limit_background_queries();
create index background_queries_unfinished on public.background_queries (user_id)
  where status in ('pending', 'in_progress');
