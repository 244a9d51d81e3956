-- Replaying: rebuilds the exact prompt of any past answer.
--
-- Touches: replay_context: the prompt of a record. prompt_of: the record of an answer.
-- Beware:  The prompt is rebuilt from the stored branch and memories. A memory that its person had forgotten is missing
--          here too.

create function private.replay_context(record_id bigint)
returns jsonb
language plpgsql
stable
security definer -- it includes memories that are no longer valid
set search_path = ''
as $$
declare
  kept public.context_records;
  path public.messages[];
begin
  select r.* into kept from public.context_records as r
  where r.id = replay_context.record_id
    and (private.is_service() or r.user_id = private.current_user_id()
      and r.workspace_id = any (private.workspace_ids())
      and exists (select from public.conversations as c where c.id = r.conversation_id and c.deleted_at is null));
  if kept.id is null then
    perform private.raise_error('not_found', 'No such record of yours.', 404);
  end if;
  path := array(select private.message_at(said, kept.created_at)
    from public.conversation_path(kept.message_id, 51) as said);
  return jsonb_build_object('record_id', kept.id, 'conversation_id', kept.conversation_id, 'message_id',
    kept.message_id,
    'messages', private.render_context(path[1:kept.message_count], kept.short_forms,
      coalesce((select p.memory_ids from public.context_profiles as p where p.id = kept.profile_id), '{}'),
      kept.memory_ids),
    'token_count', kept.token_count, 'budget', kept.budget,
    'left_out', kept.left_out || private.cut_of_branch(path, kept.message_count), 'created_at', kept.created_at);
end;
$$;
comment on function private.replay_context(bigint) is 'The body of replay_context.';

create function public.replay_context(record_id bigint)
returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select private.replay_context($1);
$$;
comment on function public.replay_context(bigint) is
  'The prompt of a record, as it was: the same messages, whatever was said, remembered or superseded since. A memory '
  'that was forgotten on request reads "(forgotten)". Callers: the owner and the service. Errors: not_found 404.';

create function public.prompt_of(message_id uuid)
returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select public.replay_context(record.id)
  from public.messages as answer
  join public.context_records as record on record.message_id = answer.parent_id
    and record.created_at <= answer.created_at
  where answer.id = $1
  order by (answer.metadata -> 'context_record_id' = to_jsonb(record.id)) is true desc, record.id desc
  limit 1;
$$;
comment on function public.prompt_of(uuid) is
  'The record of an answer''s prompt: the one that its metadata names (context_record_id), else the latest that was '
  'assembled for the message before it. Null if unknown.';

grant execute on function
  private.replay_context(bigint),
  public.replay_context(bigint),
  public.prompt_of(uuid)
to authenticated, service_role;
