-- Votes and logs: users' feedback on an answer, and the concierge's analysis before and after it.
--
-- Touches: public.votes, public.feedback_signals: explicit and implicit feedback on a message.
--          public.preprocessing_logs, public.postprocessing_results: the concierge's analysis.
--          private.log_preprocessing: writes the analysis before the model.
--          A foreign key of public.messages: the log of an answer.
-- Beware:  All rows are deleted with their message. Only the service writes logs. Only the owner of the conversation
--          reads them, even when others may read the conversation.

-- votes ---------------------------------------------------------------------------------------------------------------
create table public.votes (
  message_id uuid not null references public.messages (id) on delete cascade,
  user_id uuid not null default private.current_user_id() references public.profiles (user_id) on delete cascade,
  conversation_id uuid not null,
  workspace_id uuid not null,
  is_upvoted boolean not null,
  reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (message_id, user_id),
  constraint reason_is_short check (length(reason) <= 2000)
);
comment on table public.votes is 'A user''s vote on a message: one each. It can be changed and removed.';
alter table public.votes enable row level security;
create index votes_conversation_id on public.votes (conversation_id);
create index votes_user_id on public.votes (user_id);
create trigger touch_updated_at before update on public.votes
  for each row execute function private.touch_updated_at();
create trigger message_is_of_the_conversation after insert or update of message_id, conversation_id,
  workspace_id on public.votes
  for each row execute function private.keep_message_of_conversation();

grant select, delete on public.votes to authenticated;
grant insert (message_id, conversation_id, workspace_id, is_upvoted, reason) on public.votes to authenticated;
-- All columns, because an upsert writes every column that it was given. user_id can be neither inserted nor changed.
grant update (message_id, conversation_id, workspace_id, is_upvoted, reason) on public.votes to authenticated;
grant select, insert, update, delete on public.votes to service_role;

create policy "Readers of a conversation read its votes" on public.votes
  for select to authenticated
  using ((select conversation.id from public.conversations as conversation
    where conversation.id = votes.conversation_id) is not null);
comment on policy "Readers of a conversation read its votes" on public.votes is
  'Includes the votes of colleagues on shared conversations.';
create policy "Readers of a conversation vote on it" on public.votes
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    and (select conversation.id from public.conversations as conversation
      where conversation.id = votes.conversation_id) is not null
  );
comment on policy "Readers of a conversation vote on it" on public.votes is 'In their own name.';
create policy "People change their votes" on public.votes
  for update to authenticated
  using (user_id = (select private.current_user_id()))
  with check (
    user_id = (select private.current_user_id())
    and (select conversation.id from public.conversations as conversation
      where conversation.id = votes.conversation_id) is not null
  );
comment on policy "People change their votes" on public.votes is
  'Their own votes, on messages that they can still read.';
create policy "People take back their votes" on public.votes
  for delete to authenticated
  using (user_id = (select private.current_user_id()));
comment on policy "People take back their votes" on public.votes is 'Their own votes.';

-- feedback_signals ----------------------------------------------------------------------------------------------------
create table public.feedback_signals (
  id bigint generated always as identity primary key,
  message_id uuid not null references public.messages (id) on delete cascade,
  conversation_id uuid not null,
  workspace_id uuid not null,
  user_id uuid not null default private.current_user_id() references public.profiles (user_id) on delete cascade,
  kind text not null,
  value numeric,
  created_at timestamptz not null default now(),
  constraint kind_is_known check (
    kind in ('regenerated', 'copied', 'edited', 'shared', 'abandoned', 'dwelled', 'followed_link', 'read_aloud',
      'continued', 'reported')
  ),
  constraint value_is_bounded check (abs(value) <= 1000000000)
);
comment on table public.feedback_signals is 'Implicit feedback: what users did with an answer, reported by the client.';
alter table public.feedback_signals enable row level security;
comment on column public.feedback_signals.value is 'The amount, where the signal has one. For dwelled: milliseconds.';
create index feedback_signals_message_id on public.feedback_signals (message_id);
create index feedback_signals_conversation_id on public.feedback_signals (conversation_id);
create index feedback_signals_user_id on public.feedback_signals (user_id);
create trigger message_is_of_the_conversation after insert or update of message_id, conversation_id,
  workspace_id on public.feedback_signals
  for each row execute function private.keep_message_of_conversation();

grant select on public.feedback_signals to authenticated;
grant insert (message_id, conversation_id, workspace_id, kind, value) on public.feedback_signals to authenticated;
grant select, insert, delete on public.feedback_signals to service_role;
-- update is granted to no role: events do not change. The database sets id and user_id.

create policy "People read their feedback" on public.feedback_signals
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    and (select conversation.id from public.conversations as conversation
      where conversation.id = feedback_signals.conversation_id) is not null
  );
comment on policy "People read their feedback" on public.feedback_signals is
  'How long a colleague looked at an answer is private. The service reads all signals, to learn from them.';
create policy "Readers of a conversation give feedback" on public.feedback_signals
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    and (select conversation.id from public.conversations as conversation
      where conversation.id = feedback_signals.conversation_id) is not null
  );
comment on policy "Readers of a conversation give feedback" on public.feedback_signals is 'In their own name.';

-- preprocessing_logs --------------------------------------------------------------------------------------------------
create table public.preprocessing_logs (
  id bigint generated always as identity primary key,
  message_id uuid not null references public.messages (id) on delete cascade,
  conversation_id uuid not null,
  workspace_id uuid not null,
  intent text,
  emotion text,
  routing text,
  memory_query text,
  clarity numeric,
  response_hints jsonb not null default '{}' constraint response_hints_is_an_object_of_16_kib check (
    jsonb_typeof(response_hints) = 'object' and pg_column_size(response_hints) <= 16384),
  model_selected text,
  model_reason text,
  duration_ms integer,
  created_at timestamptz not null default now(),
  constraint words_are_short check (
    length(intent) <= 500 and length(emotion) <= 200 and length(routing) <= 200 and length(memory_query) <= 4000
    and length(model_selected) <= 200 and length(model_reason) <= 2000
  ),
  constraint clarity_is_a_share check (clarity between 0 and 1),
  constraint duration_ms_is_not_negative check (duration_ms >= 0),
  constraint a_selected_model_has_a_reason check (model_selected is null or model_reason is not null)
);
comment on table public.preprocessing_logs is
  'The concierge''s analysis before the model: how it classified a message, what it looked up, which model answers, '
  'and why.';
alter table public.preprocessing_logs enable row level security;
comment on column public.preprocessing_logs.clarity is '0: a question back is needed; 1: the message is fully clear.';
comment on column public.preprocessing_logs.memory_query is 'The query sent to memory.';
create index preprocessing_logs_message_id on public.preprocessing_logs (message_id);
create index preprocessing_logs_conversation_id on public.preprocessing_logs (conversation_id);
create trigger message_is_of_the_conversation after insert or update of message_id, conversation_id,
  workspace_id on public.preprocessing_logs
  for each row execute function private.keep_message_of_conversation();

-- An answer names its log, which belongs to the same conversation.
alter table public.messages add constraint log_is_known foreign key (preprocessing_log_id)
  references public.preprocessing_logs (id) on delete set null;
-- A partial index: most messages have no log.
create index messages_preprocessing_log_id on public.messages (preprocessing_log_id)
  where preprocessing_log_id is not null;

create function private.keep_log_of_conversation()
returns trigger
language plpgsql
volatile
security definer -- finds the log past RLS, for any writer
set search_path = ''
as $$
begin
  if (select log.conversation_id from public.preprocessing_logs as log
    where log.id = new.preprocessing_log_id) is distinct from new.conversation_id then
    raise foreign_key_violation
    using message = 'No such log in this conversation.', constraint = tg_name, table = tg_table_name;
  end if;
  return null;
end;
$$;
comment on function private.keep_log_of_conversation() is
  'Trigger on messages: the log of an answer belongs to the same conversation (23503).';
create trigger log_is_of_the_conversation after insert or update of preprocessing_log_id on public.messages
  for each row when (new.preprocessing_log_id is not null) execute function private.keep_log_of_conversation();

create function private.log_preprocessing(leaf public.messages, preprocessing jsonb)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  log_id bigint;
begin
  if preprocessing is null then
    return null;
  end if;
  if not private.is_service() then
    perform private.raise_error('forbidden', 'What the concierge made of a message is the service''s to say.', 403);
  end if;
  insert into public.preprocessing_logs (
    message_id, conversation_id, workspace_id, intent, emotion, routing, memory_query, clarity, response_hints,
    model_selected, model_reason, duration_ms
  )
  select leaf.id, leaf.conversation_id, leaf.workspace_id, told.intent, told.emotion, told.routing, told.memory_query,
    told.clarity,
    coalesce(told.response_hints, '{}'), told.model_selected, told.model_reason, told.duration_ms
  from jsonb_populate_record(null::public.preprocessing_logs, preprocessing) as told
  returning id into log_id;
  return log_id;
end;
$$;
comment on function private.log_preprocessing(public.messages, jsonb) is
  'Stores the concierge''s analysis of a message, when it is given. Returns the log''s id. Errors: forbidden 403.';

-- postprocessing_results ----------------------------------------------------------------------------------------------
create table public.postprocessing_results (
  id bigint generated always as identity primary key,
  message_id uuid not null references public.messages (id) on delete cascade,
  conversation_id uuid not null,
  workspace_id uuid not null,
  memory_extraction jsonb not null default '{}' constraint memory_extraction_is_an_object_of_16_kib check (
    jsonb_typeof(memory_extraction) = 'object' and pg_column_size(memory_extraction) <= 16384),
  quality_assessment jsonb not null default '{}' constraint quality_assessment_is_an_object_of_16_kib check (
    jsonb_typeof(quality_assessment) = 'object' and pg_column_size(quality_assessment) <= 16384),
  follow_ups text[] not null default '{}',
  display_hints jsonb not null default '{}' constraint display_hints_is_an_object_of_16_kib check (
    jsonb_typeof(display_hints) = 'object' and pg_column_size(display_hints) <= 16384),
  duration_ms integer,
  created_at timestamptz not null default now(),
  constraint follow_ups_are_at_most_20 check (cardinality(follow_ups) <= 20
    and length(array_to_string(follow_ups, '')) <= 10000),
  constraint duration_ms_is_not_negative check (duration_ms >= 0)
);
comment on table public.postprocessing_results is
  'The concierge''s analysis after the model: what to remember from an answer, how good it was, how to show it and '
  'what may follow.';
alter table public.postprocessing_results enable row level security;
comment on column public.postprocessing_results.follow_ups is 'Suggested next messages for the user.';
create index postprocessing_results_message_id on public.postprocessing_results (message_id);
create index postprocessing_results_conversation_id on public.postprocessing_results (conversation_id);
create trigger message_is_of_the_conversation after insert or update of message_id, conversation_id,
  workspace_id on public.postprocessing_results
  for each row execute function private.keep_message_of_conversation();

grant select on public.preprocessing_logs, public.postprocessing_results to authenticated;
grant select, insert, delete on public.preprocessing_logs, public.postprocessing_results to service_role;
-- update is granted to no role: a log records a past decision.

create policy "People read their preprocessing logs" on public.preprocessing_logs
  for select to authenticated
  using ((
    select conversation.id from public.conversations as conversation
    where conversation.id = preprocessing_logs.conversation_id
      and conversation.user_id = (select private.current_user_id())
  ) is not null);
comment on policy "People read their preprocessing logs" on public.preprocessing_logs is
  'A user may know which model answered, and why. How the user was classified (mood, memory query) is not shared with '
  'the conversation.';
create policy "People read the results of their messages" on public.postprocessing_results
  for select to authenticated
  using ((
    select conversation.id from public.conversations as conversation
    where conversation.id = postprocessing_results.conversation_id
      and conversation.user_id = (select private.current_user_id())
  ) is not null);
comment on policy "People read the results of their messages" on public.postprocessing_results is
  'Clients show the follow-ups, and users see what was extracted about them.';
