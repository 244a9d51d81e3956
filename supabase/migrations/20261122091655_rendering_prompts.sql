-- Rendering prompts: the messages for a model, the same for a new prompt and for a replay.
--
-- Touches: private.memory_list, instructions, preceding_question: parts of a prompt.
--          private.complete_parts: the parts of a message that every model accepts.
--          private.render_context: the whole list of messages.
-- Beware:  Providers refuse a call without its result, a result without its call, and a conversation that does not
--          begin with the user. Stored messages stay as they are; what providers would refuse is left out here.

create function private.memory_list(heading text, ids uuid[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case when ids = '{}' then '[]'::jsonb
    else jsonb_build_array(jsonb_build_object('role', 'system', 'memory_ids', to_jsonb(ids), 'content',
    heading || (select string_agg(E'\n- ' || coalesce(memory.content, '(forgotten)'), '' order by named.place)
      from unnest(ids) with ordinality as named (id, place) left
      join public.memories as memory on memory.id = named.id))) end;
end;
$$;
comment on function private.memory_list(text, uuid[]) is 'Memories as one message of a prompt; none: an empty array.';

create function private.instructions(leaf public.messages)
returns setof public.messages
language plpgsql
stable
set search_path = ''
rows 1
as $$
begin
  return query
  with recursive above as (
    select said.* from public.messages as said where said.id = leaf.system_message_id
    union all
    select said.* from above join public.messages as said on said.id = above.system_message_id
  )
  select * from above;
end;
$$;
comment on function private.instructions(public.messages) is
  'The system messages above a message on its branch, nearest first.';

create function private.preceding_question(leaf public.messages, path public.messages[])
returns public.messages
language plpgsql
stable
set search_path = ''
as $$
declare
  question public.messages;
begin
  if exists (select from unnest(path) as said where said.role = 'user') then
    return null;
  end if;
  select said.* into question from public.conversation_path(leaf.id, 1000) as said where said.role = 'user' limit 1;
  return question;
end;
$$;
comment on function private.preceding_question(public.messages, public.messages[]) is
  'When a long run of tool calls alone fills the prompt: the user message that it answers. Null when the prompt '
  'contains one.';

create function private.complete_parts(said public.messages, leaf_id uuid, paired text[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  parts jsonb := said.parts;
begin
  -- Model messages: a call and its result are both in the prompt. AI SDK messages: a call carries its result.
  if said.role in ('assistant', 'tool')
    and jsonb_path_exists(parts, '$[*] ? (@.type == "tool-call" || @.type == "tool-result")') then
    parts := coalesce((select jsonb_agg(part order by place)
      from jsonb_array_elements(parts) with ordinality as one (part, place)
      where part ->> 'type' not in ('tool-call', 'tool-result') or part ->> 'toolCallId' = any (paired)), '[]');
  end if;
  if said.role = 'assistant' and said.id <> leaf_id then
    parts := jsonb_path_query_array(parts, '$[*] ? (!(exists (@.toolCallId)
      && (@.state == "input-streaming" || @.state == "input-available" || @.state == "approval-requested" || @.state '
        '== "approval-responded")))');
  end if;
  return nullif(parts, '[]');
end;
$$;
comment on function private.complete_parts(public.messages, uuid, text[]) is
  'The parts of a message that every model accepts: no call without its result, no result without its call. The '
  'leaf''s pending calls stay. Null: nothing is left.';

create function private.render_context(path public.messages[], short_forms bigint, profile_ids uuid[],
  memory_ids uuid[])
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  leaf public.messages := path[1];
  said public.messages;
  place integer := 0;
  parts jsonb;
  paired text[] := array[]::text[];
  talk jsonb := '[]'::jsonb;
begin
  if exists (select from unnest(path) as one where one.role = 'tool') then
    paired := array(
      select call.id from (
        select part ->> 'toolCallId' as id, part ->> 'type' as kind from unnest(path) as one cross
        join lateral jsonb_array_elements(one.parts) as part
      ) as call where call.kind in ('tool-call', 'tool-result') group by call.id having count(distinct call.kind) = 2);
  end if;
  foreach said in array path loop
    place := place + 1;
    continue when said.role = 'system' and place > 1;
    if (short_forms >> (place - 1)) & 1 = 1 then
      talk := jsonb_build_object('id', said.id, 'role', said.role, 'content', said.content_for_llm) || talk;
    else
      parts := private.complete_parts(said, leaf.id, paired);
      continue when parts is null;
      talk := jsonb_build_object('id', said.id, 'role', said.role, 'parts', parts) || talk;
    end if;
  end loop;
  said := private.preceding_question(leaf, path);
  if said.id is not null then
    talk := jsonb_build_object('id', said.id, 'role', said.role, 'parts', said.parts) || talk;
  end if;
  return private.memory_list('What is known of the person:', profile_ids)
    || coalesce((select jsonb_agg(jsonb_build_object('id', one.id, 'role', 'system', 'parts', one.parts)
      order by one.place desc)
      from private.instructions(leaf) with ordinality as one (id, workspace_id, conversation_id, user_id, parent_id,
        role, parts, attachments,
        metadata, content_for_llm, token_count, preprocessing_log_id, system_message_id, created_at, client_id,
        taken_back_at, place)), '[]')
    || talk
    || private.memory_list('What may matter now:', memory_ids);
end;
$$;
comment on function private.render_context(public.messages[], bigint, uuid[], uuid[]) is
  'The messages of a prompt: profile, system messages, the conversation from its oldest message on, memories. path: '
  'newest first; short_forms: bit n is set when path[n + 1] is in its short form.';
