-- Messages in progress: an answer whose tool calls go from input through approval to output.
--
-- Touches: public.message_states: earlier states of messages.
--          private.rank_of_part, part_goes_forward, parts_go_forward, is_settled: decide whether a message may move
--            forward.
--          private.move_message_forward: stores the new state and keeps the earlier one.
--          private.message_at: a message as it was at a given time.
-- Beware:  The AI SDK sends one message again and again while it grows. A message may only move forward, part by part.
--          Each earlier state is kept, so that a past prompt can be rebuilt from what the message said then
--          (private.message_at).

create table public.message_states (
  message_id uuid not null references public.messages (id) on delete cascade,
  version integer not null,
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  parts private.message_parts not null,
  metadata jsonb not null constraint metadata_is_an_object_of_16_kib check (
    jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 16384),
  replaced_at timestamptz not null default now(),
  primary key (message_id, version),
  constraint conversation_is_its_owners foreign key (conversation_id, workspace_id, user_id)
    references public.conversations (id, workspace_id, user_id) on delete cascade,
  constraint version_is_counted check (version between 1 and 1000)
);
comment on table public.message_states is
  'Earlier states of messages that moved forward: their tool calls and their streaming text.';
comment on column public.message_states.version is 'From 1, in chronological order.';
comment on column public.message_states.replaced_at is 'When this state was replaced.';
create index message_states_conversation on public.message_states (conversation_id, workspace_id, user_id);
create trigger message_is_of_the_conversation
  after insert or update of message_id, conversation_id, workspace_id on public.message_states
  for each row execute function private.keep_message_of_conversation();
alter table public.message_states enable row level security;
grant select on public.message_states to authenticated, service_role;
-- Only private.move_message_forward writes here.
create policy "Readers of a conversation read earlier message states" on public.message_states
  for select to authenticated
  using (
    (select conversation.id from public.conversations as conversation
      where conversation.id = message_states.conversation_id) is not null
  );
comment on policy "Readers of a conversation read earlier message states" on public.message_states is
  'The policy of conversations decides, as for messages.';

-- Moving forward ------------------------------------------------------------------------------------------------------

create function private.rank_of_part(part jsonb)
returns integer
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case part ->> 'state'
    when 'streaming' then 1
    when 'input-streaming' then 1
    when 'input-available' then 2
    when 'approval-requested' then 3
    when 'approval-responded' then 4
    when 'output-available' then case when part -> 'preliminary' = 'true' then 5 else 6 end
    else 6 end;
$$;
comment on function private.rank_of_part(jsonb) is
  'The progress of a message part, by its state in the AI SDK. 6 is settled; a part without a state is settled too.';

create function private.part_goes_forward(was jsonb, is_now jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select coalesce(case
    when was = is_now then true
    when row(was -> 'type', was -> 'toolCallId', was -> 'id') is distinct from
      row(is_now -> 'type', is_now -> 'toolCallId', is_now -> 'id') then false
    -- The AI SDK sends a data part with an id again when it has changed.
    when starts_with(was ->> 'type', 'data-') then was ? 'id'
    when private.rank_of_part(was) = 6 or private.rank_of_part(is_now) < private.rank_of_part(was) then false
    when was ->> 'type' in ('text', 'reasoning') then starts_with(is_now ->> 'text', was ->> 'text')
    -- The input of a call and its approval never change.
    when private.rank_of_part(was) >= 2 and is_now ? 'input' and was -> 'input' is distinct from is_now -> 'input'
      then false
    when is_now ? 'approval' and was ? 'approval' and (
      was -> 'approval' -> 'id' is distinct from is_now -> 'approval' -> 'id'
      or was -> 'approval' ? 'approved'
        and was -> 'approval' -> 'approved' is distinct from is_now -> 'approval' -> 'approved') then false
    when is_now ->> 'state' = 'output-available' then
      coalesce(is_now -> 'approval' -> 'approved', was -> 'approval' -> 'approved', 'true') = 'true'
    else true end, false);
$$;
comment on function private.part_goes_forward(jsonb, jsonb) is
  'Whether a part is a later state of another. Its state never goes back, its text only grows, its input and its '
  'approval stay, and a refused call has no output.';

create function private.parts_go_forward(was jsonb, are_now jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select jsonb_array_length(are_now) >= jsonb_array_length(was)
    and (select coalesce(bool_and(private.part_goes_forward(part, are_now -> (place::integer - 1))), true)
      from jsonb_array_elements(was) with ordinality as one (part, place));
$$;
comment on function private.parts_go_forward(jsonb, jsonb) is
  'Whether a message is a later state of another: each part moves forward in its place, and new parts come after them.';

create function private.is_settled(parts jsonb)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select coalesce(bool_and(private.rank_of_part(part) = 6), true)
    -- After the output of its last call, the assistant continues in the same message.
    and not coalesce((array_agg(part ? 'toolCallId' and part ? 'state' order by place desc)
      filter (where part ->> 'type' <> 'step-start' and not starts_with(part ->> 'type', 'data-')))[1], false)
  from jsonb_array_elements(parts) with ordinality as one (part, place);
$$;
comment on function private.is_settled(jsonb) is
  'Whether a message is finished: no part is in progress, and the last part is not a call, because the message '
  'continues after a call''s output.';

create function private.note_approvals(message public.messages, parts jsonb, actor uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  answered record;
begin
  for answered in
    select part from jsonb_array_elements(parts) as part
    where part -> 'approval' ? 'approved' and not exists (
      select from jsonb_array_elements(message.parts::jsonb) as before
      where before ->> 'toolCallId' = part ->> 'toolCallId' and before -> 'approval' ? 'approved')
  loop
    -- A person answers an agent's request for approval.
    if private.agent_of_token() is not null then
      perform private.raise_error('forbidden', 'An agent does not approve what it asks for.', 403);
    end if;
    perform private.append_audit_entry(message.workspace_id, actor,
      case when answered.part -> 'approval' -> 'approved' = 'true' then 'tool_call.approved'
        else 'tool_call.refused' end,
      'message', message.id::text,
      (select talk.agent_id from public.conversations as talk where talk.id = message.conversation_id),
      jsonb_strip_nulls(jsonb_build_object('conversation_id', message.conversation_id,
        'tool_call_id', left(answered.part ->> 'toolCallId', 200), 'approval_id',
        left(answered.part -> 'approval' ->> 'id', 200),
        'tool', left(coalesce(answered.part ->> 'toolName', answered.part ->> 'type'), 200))), null);
  end loop;
end;
$$;
comment on function private.note_approvals(public.messages, jsonb, uuid) is
  'Writes to the audit log who answered which tool call of a message: tool_call.approved, tool_call.refused. actor: '
  'null when the service answers.';

create function private.move_message_forward(message public.messages, parts jsonb, metadata jsonb, actor uuid)
returns public.messages
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  versions integer;
  moved public.messages;
begin
  if private.is_settled(message.parts) or not private.parts_go_forward(message.parts, move_message_forward.parts) then
    perform private.raise_error('message_id_reused', 'This id belongs to another message.', 409,
      'A message goes forward until it is settled: parts keep their place, states their order. Use a fresh id for each '
        'message.');
  end if;
  versions := (select coalesce(max(state.version), 0) from public.message_states as state
    where state.message_id = message.id);
  if versions >= 1000 then
    perform private.raise_error('too_many_states', 'A message has at most 1,000 states.', 409,
      'Store states and not single words.');
  end if;
  perform private.note_approvals(message, move_message_forward.parts, actor);
  insert into public.message_states (message_id, version, workspace_id, conversation_id, user_id, parts, metadata,
    replaced_at)
  values (message.id, versions + 1, message.workspace_id, message.conversation_id, message.user_id, message.parts,
    message.metadata,
    clock_timestamp());
  update public.messages as known set parts = move_message_forward.parts, metadata = move_message_forward.metadata,
    token_count = greatest(known.token_count, private.count_tokens(move_message_forward.parts))
  where known.id = message.id
  returning known.* into moved;
  return moved;
end;
$$;
comment on function private.move_message_forward(public.messages, jsonb, jsonb, uuid) is
  'Stores a message''s new state and keeps the earlier one. actor: who answers an approval. The caller holds the lock '
  'on the conversation. Errors: message_id_reused 409 when the message would go back or is settled, too_many_states '
  '409 after 1,000 states.';

create function private.message_at(said public.messages, moment timestamptz)
returns public.messages
language plpgsql
stable
set search_path = ''
as $$
declare
  before public.message_states;
begin
  select state.* into before from public.message_states as state
  where state.message_id = said.id and state.replaced_at > moment order by state.version limit 1;
  if found then
    said.parts := before.parts;
    said.metadata := before.metadata;
  end if;
  return said;
end;
$$;
comment on function private.message_at(public.messages, timestamptz) is 'A message as it was at a given time.';
