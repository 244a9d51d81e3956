-- Background queries: long-running questions. The result is there when the user comes back.
--
-- Touches: public.background_queries: the questions and their results, a work table.
--          ask_in_background, cancel_background_query: enqueue and cancel.
--          Broadcasts on `conversation:<id>`: changes of status.
-- Beware:  status uses the words of the work grammar. `progress` says the same in the words that assistant clients use.

create table public.background_queries (
  like private.work_item including all,
  conversation_id uuid not null,
  user_id uuid not null,
  agent_id uuid,
  type text not null,
  input jsonb not null default '{}',
  result jsonb,
  summary_for_llm text,
  seen_at timestamptz,
  progress text not null generated always as (
    case status when 'in_progress' then 'running' when 'done' then 'completed' else status end
  ) stored,
  constraint conversation_is_its_owners foreign key (user_id, workspace_id, conversation_id)
    references public.conversations (user_id, workspace_id, id) on delete cascade,
  constraint type_is_a_name check (type ~ '^[a-z][a-z0-9_.-]{0,99}$'),
  constraint input_is_bounded check (jsonb_typeof(input) = 'object' and pg_column_size(input) <= 262144),
  constraint result_is_bounded check (pg_column_size(result) <= 1048576),
  constraint summary_is_bounded check (length(summary_for_llm) <= 20000),
  constraint progress_is_known check (progress in ('pending', 'running', 'completed', 'failed', 'cancelled'))
);
comment on table public.background_queries is
  'Questions that run in the background while the user does something else. A work table; its queue is '
  'background_queries.';
comment on column public.background_queries.agent_id is
  'The agent that is asked: the conversation''s. Agents claim only their own queries.';
comment on column public.background_queries.summary_for_llm is 'A short form of the result, for prompts.';
comment on column public.background_queries.seen_at is 'When the user saw the result; null: show it when they return.';
comment on column public.background_queries.progress is
  'The status in the words of clients: pending, running, completed, failed, cancelled.';
-- The person first: the same index serves the key and finds what is theirs.
create index background_queries_conversation on public.background_queries (user_id, workspace_id, conversation_id);
create index background_queries_of_agents on public.background_queries
  (workspace_id, agent_id, priority, scheduled_for, id) where status = 'pending' and agent_id is not null;
create index background_queries_unseen on public.background_queries (user_id, finished_at) where seen_at is null;
select private.register_work_queue('public.background_queries', 20, array['result', 'summary_for_llm']);

alter table public.background_queries enable row level security;
grant select on public.background_queries to authenticated;
grant update (seen_at) on public.background_queries to authenticated;
grant select, insert, update, delete on public.background_queries to service_role;
-- insert is not granted to people, because the conversation sets the owner: use ask_in_background.
create policy "People read their background queries" on public.background_queries
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    and (select conversation.id from public.conversations as conversation
      where conversation.id = background_queries.conversation_id) is not null
  );
comment on policy "People read their background queries" on public.background_queries is
  'A user''s questions are private, even when the conversation is shared. They are hidden with a deleted conversation.';
create policy "People mark a result as seen" on public.background_queries
  for update to authenticated
  using (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[]))
  with check (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People mark a result as seen" on public.background_queries is 'Only seen_at is granted.';

create function private.broadcast_background_query()
returns trigger
language plpgsql
volatile
security definer -- only the schema's owner broadcasts
set search_path = ''
as $$
begin
  perform realtime.send(jsonb_build_object('id', new.id), 'background_query', 'conversation:' || new.conversation_id,
    true);
  return null;
end;
$$;
comment on function private.broadcast_background_query() is
  'Trigger on background_queries: broadcasts the id on the conversation''s private topic at each change of status. '
  'Subscribers need not own the query; the owner reads the row.';
create trigger broadcast_background_query_asked after insert on public.background_queries
  for each row execute function private.broadcast_background_query();
create trigger broadcast_background_query_changed after update of status on public.background_queries
  for each row when (old.status is distinct from new.status) execute function private.broadcast_background_query();

create function private.ask_in_background(conversation_id uuid, type text, input jsonb, dedupe_key text)
returns bigint
language plpgsql
volatile
security definer -- people may not insert
set search_path = ''
as $$
#variable_conflict use_column
declare
  talk public.conversations;
  asked bigint;
  -- Keys are scoped to the conversation and the kind of caller, so they never collide with those of other users, nor
  -- between the service and the person.
  known_as text := left(concat_ws(' ', ask_in_background.conversation_id,
    case when private.is_service() then 's' else 'p' end, ask_in_background.dedupe_key), 200);
begin
  select c.* into talk from public.conversations as c
  where c.id = ask_in_background.conversation_id and c.deleted_at is null
    and (private.is_service() or c.user_id = private.current_user_id()
      and c.workspace_id = any (private.workspace_ids()));
  if talk.id is null then
    perform private.raise_error('not_found', 'No such conversation of yours.', 404);
  end if;
  insert into public.background_queries (workspace_id, conversation_id, user_id, agent_id, type, input, dedupe_key)
  
  values (talk.workspace_id, talk.id, talk.user_id, talk.agent_id, ask_in_background.type,
    coalesce(ask_in_background.input, '{}'),
    case when ask_in_background.dedupe_key is not null then known_as end)
  on conflict (workspace_id, dedupe_key)
  where dedupe_key is not null and status in ('pending', 'in_progress') do nothing
  returning id into asked;
  if asked is null then
    select q.id into asked from public.background_queries as q
    where q.workspace_id = talk.workspace_id and q.dedupe_key = known_as and q.status in ('pending', 'in_progress')
      and q.type = ask_in_background.type and q.input = coalesce(ask_in_background.input, '{}');
    if asked is null then
      perform private.raise_error('request_id_reused', 'This dedupe_key belongs to another open query.', 409,
        'Use a key of its own for each query.');
    end if;
  end if;
  return asked;
end;
$$;
comment on function private.ask_in_background(uuid, text, jsonb, text) is 'The body of ask_in_background.';
create function public.ask_in_background(conversation_id uuid, type text, input jsonb default '{}',
  dedupe_key text default null)
returns bigint
language sql volatile security invoker set search_path = ''
as $$
  select private.ask_in_background($1, $2, $3, $4);
$$;
comment on function public.ask_in_background(uuid, text, jsonb, text) is
  'Enqueues a question in a conversation, to be answered later, and returns its id. type: the name by which workers of '
  'the queue background_queries know it. dedupe_key: at most one open query of the conversation has it; a repeated '
  'call returns the same query. Callers: the owner and the service. Errors: not_found 404, request_id_reused 409 (the '
  'key of an open query with other content), invalid_value 422 on a malformed type or input.';

create function private.cancel_background_query(query_id bigint)
returns boolean
language plpgsql
volatile
security definer -- the status is not granted
set search_path = ''
as $$
begin
  if not exists (
    select from public.background_queries as q where q.id = query_id
      and (private.is_service() or q.user_id = private.current_user_id()
        and q.workspace_id = any (private.workspace_ids()))
  ) then
    perform private.raise_error('not_found', 'No such query of yours.', 404);
  end if;
  return private.cancel_work('background_queries', array[query_id], 'cancelled by its asker') > 0;
end;
$$;
comment on function private.cancel_background_query(bigint) is 'The body of cancel_background_query.';
create function public.cancel_background_query(query_id bigint)
returns boolean
language sql volatile security invoker set search_path = ''
as $$
  select private.cancel_background_query($1);
$$;
comment on function public.cancel_background_query(bigint) is
  'Cancels a query. Returns whether it was still open; a finished query stays. Callers: the user who asked and the '
  'service. Errors: not_found 404.';

create function private.asker_of_query(query_id bigint, held_under uuid, for_agent uuid)
returns uuid
language sql
stable
set search_path = ''
as $$
  select q.user_id from public.background_queries as q
  join public.conversations as c on c.id = q.conversation_id and c.deleted_at is null and c.agent_id = for_agent
  where q.id = query_id and q.claim_token = held_under and q.agent_id = for_agent and q.status = 'in_progress'
    and q.lease_expires_at > now() and private.belongs_to(q.user_id, q.workspace_id);
$$;
comment on function private.asker_of_query(bigint, uuid, uuid) is
  'The person who asked the query that this agent holds under this claim token; null: it holds none. Their agent may '
  'exchange the claim for a token (POST /agents/token).';

grant execute on function
  private.ask_in_background(uuid, text, jsonb, text),
  private.cancel_background_query(bigint),
  public.ask_in_background(uuid, text, jsonb, text),
  public.cancel_background_query(bigint)
to authenticated, service_role;

-- Rows that belong to a conversation are erased with it.
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.streams', 'user_id', 'with_row', true, 'workspace_id'),
  ('public.context_records', 'user_id', 'with_row', true, 'workspace_id'),
  ('public.context_profiles', 'user_id', 'delete', true, 'workspace_id'),
  ('public.context_records', 'profile_id', 'with_row', false, 'workspace_id'),
  ('public.background_queries', 'user_id', 'with_row', true, 'workspace_id');
