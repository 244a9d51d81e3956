-- Writing the audit log: entries of the database and of applications, idempotent by request id.
--
-- Touches: private.append_audit_entry: what the database writes of itself; private.log_audit: what others report.
--          private.request_claims: which request ids were used, by whom.

create table private.request_claims (
  workspace_id uuid not null,
  scope text not null,
  request_id text not null,
  entry_id bigint not null,
  content_digest bytea,
  claimed_at timestamptz not null default now(),
  primary key (workspace_id, scope, request_id)
);
comment on table private.request_claims is
  'Which request id made which entry, for a day: this makes a retry harmless. A separate table, because a unique key '
  'on the partitioned log would have to include the day (and miss a retry across midnight), and would cost each writer '
  'more.';
comment on column private.request_claims.scope is
  'The kind of request and its owner. Each person has their own request ids, and no client can take the service''s '
  'first.';
comment on column private.request_claims.content_digest is
  'SHA-256 of the request: the same id with other content is refused.';
create index request_claims_claimed_at on private.request_claims using brin (claimed_at);

create function private.claim_request(in_workspace uuid, in_scope text, for_request text, new_entry bigint,
  content jsonb)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  holder bigint;
  digest bytea := sha256(convert_to(content::text, 'UTF8'));
  first_digest bytea;
begin
  if length(for_request) not between 1 and 200 then
    perform private.raise_error('invalid_body', 'request_id: has 1 to 200 characters', 400, 'request_id');
  end if;
  insert into private.request_claims as known (workspace_id, scope, request_id, entry_id, content_digest)
  values (in_workspace, in_scope, for_request, new_entry, digest)
  on conflict (workspace_id, scope, request_id) do update
    set entry_id = excluded.entry_id, content_digest = excluded.content_digest, claimed_at = excluded.claimed_at
    where known.claimed_at <= now() - interval '1 day'
  returning known.entry_id into holder;
  if holder is null then
    select known.entry_id, known.content_digest into holder, first_digest from private.request_claims as known
    where known.workspace_id = in_workspace and known.scope = in_scope and known.request_id = for_request;
    if first_digest <> digest then
      perform private.raise_error('request_id_reused', 'This request id belongs to another request.', 409,
        'Use a fresh request id for each request.');
    end if;
  end if;
  return holder;
end;
$$;
comment on function private.claim_request(uuid, text, text, bigint, jsonb) is
  'Gives the request id to new_entry unless another entry claimed it within a day; returns the entry that has it. '
  'content: the request. A concurrent second attempt waits for the first. Errors: request_id_reused 409 (the same id '
  'with other content), invalid_body 400 (of another length).';

create function private.claim_scope(subject text, by_person uuid)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select subject || coalesce('.person.' || by_person, '');
$$;
comment on function private.claim_scope(text, uuid) is 'The owner of request ids: a person, or the service (null).';

create function private.append_audit_entry(
  in_workspace uuid, actor uuid, action text, subject_type text, subject_id text, through_agent uuid, detail jsonb,
    request_id text,
  by_person uuid default null, content jsonb default null,
  out id bigint, out is_new boolean
)
language plpgsql
volatile
set search_path = ''
as $$
declare
  fresh bigint := nextval('public.audit_log_id_seq');
begin
  if request_id is null then
    id := fresh;
  else
    id := private.claim_request(in_workspace, private.claim_scope('audit', by_person), request_id, fresh,
      coalesce(content, jsonb_build_array(actor, action, subject_type, subject_id, through_agent, detail)));
  end if;
  is_new := id = fresh;
  if is_new then
    insert into public.audit_log (id, workspace_id, actor_id, agent_id, action, subject_type, subject_id, detail,
      request_id)
    overriding system value
    values (fresh, in_workspace, actor, through_agent, append_audit_entry.action, append_audit_entry.subject_type,
      append_audit_entry.subject_id, coalesce(append_audit_entry.detail, '{}'::jsonb), append_audit_entry.request_id);
  end if;
end;
$$;
comment on function private.append_audit_entry(uuid, uuid, text, text, text, uuid, jsonb, text, uuid, jsonb) is
  'Writes one entry, or finds the one that this request id made within a day. by_person: the owner of the request id, '
  'null for the service. content: what must be equal when the request is repeated, by default all of it. Returns the '
  'id and whether it is new. The callers check rights. Errors: request_id_reused 409.';

create function private.require_reportable(action text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if action ~ concat(
      '^(workspace|member|invitation|agent|agent_credential|agent_consent|permission|session|audit|account',
      '|billing|connection|lead|erasure)\.') then
    perform private.raise_error('reserved_action', 'Actions beginning so are written by the platform itself.', 403,
      'Name the action after your own subject, e.g. report.exported.');
  end if;
end;
$$;
comment on function private.require_reportable(text) is
  'Refuses (reserved_action 403) actions that only the platform writes. So a person cannot forge a grant, a turn, a '
  'do-not-call flag or the reading of a token.';

create function private.log_audit_entries(entries jsonb, acting_user uuid)
returns table (ordinal integer, id bigint, is_new boolean)
language plpgsql
volatile
set search_path = ''
as $$
declare
  entry record;
  allowed_in uuid[];
begin
  if acting_user is not null then
    perform private.act_as(acting_user);
    allowed_in := private.workspace_ids();
  end if;
  for entry in
    select given.ordinality::integer as place, given.value as fields
    from jsonb_array_elements(entries) with ordinality as given
    -- A fixed order of request ids, so that two batches with common ids queue and do not deadlock.
    order by given.value ->> 'request_id', given.ordinality
  loop
    if acting_user is not null then
      if not coalesce((entry.fields ->> 'workspace_id')::uuid = any (allowed_in), false) then
        perform private.raise_error('not_found', 'No such workspace of yours.', 404, 'Entry ' || entry.place);
      end if;
      perform private.require_reportable(entry.fields ->> 'action');
      perform private.count_against((entry.fields ->> 'workspace_id')::uuid, acting_user, 'audit_entries_a_day', 1,
        'day');
    elsif not exists (select from public.workspaces as workspace
      where workspace.id = (entry.fields ->> 'workspace_id')::uuid) then
      perform private.raise_error('not_found', 'No such workspace.', 404, 'Entry ' || entry.place);
    end if;
    return query
      select entry.place, written.id, written.is_new
      from private.append_audit_entry(
        (entry.fields ->> 'workspace_id')::uuid,
        coalesce(acting_user, (entry.fields ->> 'actor_id')::uuid),
        entry.fields ->> 'action',
        entry.fields ->> 'subject_type',
        entry.fields ->> 'subject_id',
        (entry.fields ->> 'agent_id')::uuid,
        entry.fields -> 'detail',
        entry.fields ->> 'request_id',
        acting_user
      ) as written;
  end loop;
end;
$$;
comment on function private.log_audit_entries(jsonb, uuid) is
  'Writes a batch in one transaction: [{workspace_id, action, subject_type?, subject_id?, agent_id?, detail?, '
  'request_id?, actor_id?}]. A person writes as themselves into their own workspaces; acting_user null is the '
  'service, which may name the actor. Errors: reserved_action 403, not_found 404, request_id_reused 409.';

create function private.log_audit(
  workspace_id uuid, action text, subject_type text, subject_id text,
  agent_id uuid, detail jsonb, request_id text
)
returns bigint
language plpgsql
volatile
security definer -- no role has insert
set search_path = ''
as $$
declare
  entry record;
begin
  if not private.is_service() then
    if not coalesce(log_audit.workspace_id = any (private.workspace_ids()), false) then
      perform private.raise_error('not_found', 'No such workspace of yours.', 404);
    end if;
    perform private.require_reportable(log_audit.action);
    perform private.count_against(log_audit.workspace_id, private.current_user_id(), 'audit_entries_a_day', 1, 'day');
  elsif log_audit.workspace_id is null then
    perform private.raise_error('not_found', 'No such workspace.', 404);
  end if;
  if log_audit.action is null then
    perform private.raise_error('invalid_body', 'action: is missing', 400, 'action');
  end if;
  -- The log's domain for short texts cannot say which of them it refuses.
  if not coalesce(least(length(subject_type), length(subject_id), length(log_audit.request_id)) > 0
    and greatest(length(subject_type), length(subject_id), length(log_audit.request_id)) <= 200, true)
  then
    perform private.refuse(given.name, given.name || '_has_1_to_200_characters')
    from (values ('subject_type', subject_type), ('subject_id', subject_id),
      ('request_id', log_audit.request_id)) as given (name, value)
    where length(given.value) not between 1 and 200;
  end if;
  entry := private.append_audit_entry(
    log_audit.workspace_id, private.current_user_id(), log_audit.action, log_audit.subject_type, log_audit.subject_id,
    log_audit.agent_id, log_audit.detail, log_audit.request_id,
    case when not private.is_service() then private.current_user_id() end
  );
  return entry.id;
end;
$$;
comment on function private.log_audit(uuid, text, text, text, uuid, jsonb, text) is
  'The body of public.log_audit. It runs with more rights than its caller has.';
grant execute on function private.log_audit(uuid, text, text, text, uuid, jsonb, text) to authenticated, service_role;
