-- Searching access: which subjects may do an action, on which resources, and which actions are allowed, in pages.
--
-- Touches: private.queue_scopes and access_candidates (what to ask about), search_access (the search).
-- Beware:  a search calls private.access_answer for each candidate. So it finds what an evaluation would allow, and
--          nothing that the caller may not ask about. A page checks at most 500 candidates: it can be short or empty
--          without being the last.

create function private.queue_scopes(of_agent uuid)
returns setof text
language sql
stable
rows 5
set search_path = ''
as $$
  select distinct scope from public.agent_credentials as held cross join unnest(held.scopes) as scope
  where held.agent_id = of_agent and held.expires_at > now() and scope like 'work:%';
$$;
comment on function private.queue_scopes(uuid) is
  'The queue scopes that an agent''s credentials name: the candidates of a search.';

create function private.access_candidates(kind text, question jsonb)
returns table (key text, filled jsonb)
language plpgsql
stable
rows 100
set search_path = ''
as $$
declare
  wanted constant text := question #>> array[kind, 'type'];
  resource constant jsonb := question -> 'resource';
  named constant uuid := private.uuid_or_null(
    case resource ->> 'type'
      when 'workspace' then resource ->> 'id' when 'agent' then null else resource ->> 'workspace_id' end
  );
  acting constant uuid := coalesce(
    private.uuid_or_null(question #>> '{act,sub}'),
    private.uuid_or_null(case question #>> '{subject,type}' when 'agent' then question #>> '{subject,id}' end),
    private.agent_of_token()
  );
  person constant uuid := private.uuid_or_null(
    case question #>> '{subject,type}' when 'user' then question #>> '{subject,id}' end
  );
  home uuid;
  sees_all boolean;
begin
  select agent.workspace_id into home from public.agents as agent
  where agent.id = case
    when kind = 'subject' and resource ->> 'type' = 'agent' then private.uuid_or_null(resource ->> 'id')
    else acting end;
  if kind = 'subject' then
    home := coalesce(named, home);
    sees_all := private.is_service() or private.administers(private.current_user_id(), home);
    return query
      select found.id::text,
        question || jsonb_build_object('subject', jsonb_build_object('type', wanted, 'id', found.id))
      from (
        select member.user_id as id from public.members as member
        where wanted = 'user' and member.workspace_id = home
          and (sees_all or member.user_id = coalesce(private.current_user_id(), private.person_of_token()))
        union all
        select agent.id from public.agents as agent
        where wanted = 'agent' and agent.workspace_id = home and (sees_all or agent.id = private.agent_of_token())
      ) as found;
  elsif kind = 'resource' then
    return query
      select found.id, question || jsonb_build_object('resource', resource || jsonb_build_object('id', found.id))
      from (
        select agent.id::text as id
        from public.members as member join public.agents as agent on agent.workspace_id = member.workspace_id
        where wanted = 'agent' and member.user_id = person
        union all
        select place::text from (
          select member.workspace_id as place from public.members as member
          where member.user_id = person and acting is null
          union select home where home is not null
        ) as places where wanted = 'workspace'
        union all
        select distinct replace(split_part(opened, ' ', 2), ':queue', substr(coalesce(queue.name, ':queue'), 6))
        from private.scopes() as scope
        cross join unnest(scope.opens) as opened
        left join lateral (
          select * from private.queue_scopes(acting) as name where scope.name = 'work:*'
        ) as queue on true
        where wanted in ('table', 'function', 'route') and split_part(opened, ' ', 1) = question ->> 'action'
          and (split_part(opened, ' ', 2) like '/%') = (wanted = 'route')
      ) as found;
  else
    return query
      select distinct found.name, question || jsonb_build_object('action', found.name)
      from (
        select 'use' as name where resource ->> 'type' = 'agent'
        union all
        select scope.name from private.scopes() as scope
        where resource ->> 'type' = 'workspace' and scope.name <> 'work:*'
        union all select * from private.queue_scopes(acting) where resource ->> 'type' = 'workspace'
        union all
        select split_part(opened, ' ', 1) from private.scopes() as scope cross join unnest(scope.opens) as opened
        where resource ->> 'type' in ('table', 'function', 'route')
      ) as found;
  end if;
end;
$$;
comment on function private.access_candidates(text, jsonb) is
  'The candidate questions of a search, each with its key. kind: subject, resource or action, the part that is '
  'searched for. People and agents are those of the workspace if the caller is the service or an admin of it; '
  'otherwise only the caller.';

create function private.search_access(kind text, question jsonb, after text, page_size integer)
returns table (found jsonb, next text)
language sql
stable
security definer -- lists candidates past RLS; access_answer filters them
rows 1
set search_path = ''
as $$
  with candidates as (
    select key collate "C" as key, filled from private.access_candidates(kind, question)
    where key collate "C" > after order by 1 limit 500
  ), allowed as (
    select candidate.key
    from (select * from candidates order by key offset 0) as candidate
    cross join lateral private.access_answer(candidate.filled) as answer
    where answer.allowed order by candidate.key limit page_size
  ), last as (
    -- A full page ends with its last hit. A page that ran out of candidates ends with the last candidate, if there may
    -- be more.
    select case
      when (select count(*) from allowed) = page_size then (select max(key) from allowed)
      when (select count(*) from candidates) = 500 then (select max(key) from candidates)
    end as key
  )
  select coalesce((select jsonb_agg(key order by key) from allowed), '[]'),
    (
      select key from last
      where (select count(*) from candidates) = 500 or exists (select from candidates where candidates.key > last.key)
    );
$$;
comment on function private.search_access(text, jsonb, text, integer) is
  'A page of what is allowed: the ids (or names of actions) after a cursor, in order, and the last candidate checked '
  '(null: no more). kind: subject, resource, action. Granted to people and agents, who find only what they may ask '
  'about.';

grant execute on function private.search_access(text, jsonb, text, integer) to authenticated, service_role;
