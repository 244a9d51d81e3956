-- Shared conversations: the messages of a conversation, for readers outside the workspace.
--
-- Touches: public.share_links: links and their expiry.
--          create_share_link, revoke_share_link: the only ways to write them.
--          shared_conversation: the messages of a public conversation.
-- Beware:  Outsiders read no rows, so they cannot list conversations or see anything else: not the owner beyond a name,
--          not the agent's saved state, not the concierge's logs. They get the messages in two ways. With the id, if
--          the owner made the conversation public and the reader is signed in. Or with a link's token, also signed out
--          (the function `shared`, rate limited by network). A token is shown once; the table stores its SHA-256.

create table public.share_links (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  token_hash bytea not null unique,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  constraint conversation_is_its_owners foreign key (workspace_id, user_id, conversation_id)
    references public.conversations (workspace_id, user_id, id) on delete cascade
);
comment on table public.share_links is
  'Links to a conversation. A reader who has the link needs no account. The conversation''s owner creates and revokes '
  'them.';
alter table public.share_links enable row level security;
comment on column public.share_links.token_hash is 'SHA-256 of the token. Not readable by clients.';
create index share_links_conversation on public.share_links (workspace_id, user_id, conversation_id);
create index share_links_user_id on public.share_links (user_id);
grant select (id, workspace_id, conversation_id, user_id, expires_at, revoked_at, created_at) on public.share_links
  to authenticated, service_role;
-- insert, update and delete are not granted: use the functions below. token_hash is granted to no role.
create policy "People read the links that they made" on public.share_links
  for select to authenticated
  using (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People read the links that they made" on public.share_links is
  'The owner decides who else reads a conversation, even before admins.';
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.share_links', 'user_id', 'with_row', true, 'workspace_id');

create function private.create_share_link(conversation_id uuid, expires_at timestamptz)
returns table (link_id uuid, token text)
language plpgsql
volatile
security definer -- insert is granted to no role
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  talk public.conversations := private.hold_conversation(create_share_link.conversation_id);
  fresh_token text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  if (select count(*) from public.share_links as link
    where link.conversation_id = talk.id and link.revoked_at is null) >= 20 then
    perform private.raise_error('too_many_links', 'A conversation has at most 20 links.', 409,
      'Revoke one of them first.');
  end if;
  return query
    insert into public.share_links as made (workspace_id, conversation_id, user_id, token_hash, expires_at)
    values (talk.workspace_id, talk.id, talk.user_id, sha256(convert_to(fresh_token, 'UTF8')),
      create_share_link.expires_at)
    returning made.id, fresh_token;
end;
$$;
comment on function private.create_share_link(uuid, timestamptz) is 'The body of create_share_link.';
create function public.create_share_link(conversation_id uuid, expires_at timestamptz default null)
returns table (link_id uuid, token text)
language sql volatile security invoker rows 1 set search_path = ''
as $$
  select * from private.create_share_link($1, $2);
$$;
comment on function public.create_share_link(uuid, timestamptz) is
  'Creates a link to a conversation and returns its token, only this once. Use: GET /functions/v1/shared/<token>. '
  'expires_at: null means until revoked. Callers: the owner of the conversation and the service. Errors: not_found '
  '404, too_many_links 409.';

create function private.revoke_share_link(link_id uuid)
returns boolean
language plpgsql
volatile
security definer -- update is granted to no role
set search_path = ''
as $$
declare
  ended timestamptz;
begin
  update public.share_links as link set revoked_at = coalesce(link.revoked_at, pg_catalog.now())
  where link.id = revoke_share_link.link_id and (private.is_service() or link.user_id = private.current_user_id())
  returning link.revoked_at into ended;
  if ended is null then
    perform private.raise_error('not_found', 'No such link of yours.', 404);
  end if;
  return true;
end;
$$;
comment on function private.revoke_share_link(uuid) is 'The body of revoke_share_link.';
create function public.revoke_share_link(link_id uuid)
returns boolean
language sql volatile security invoker set search_path = ''
as $$
  select private.revoke_share_link($1);
$$;
comment on function public.revoke_share_link(uuid) is
  'Revokes a link at once, for good. Callers: the user who created it, also after they left the workspace, and the '
  'service. Errors: not_found 404.';

create function private.transcript_page(conversation_id uuid, page_size integer, before uuid)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  most integer := private.require_count(page_size, 50, 200, 'page_size');
  longest constant integer := 1048576; -- bytes of a page
  talk public.conversations;
  message record;
  told jsonb;
  said jsonb[] := array[]::jsonb[];
  length_of_page integer := 0;
begin
  select c.* into talk from public.conversations as c
  where c.id = transcript_page.conversation_id and c.deleted_at is null
    and private.belongs_to(c.user_id, c.workspace_id);
  if talk.id is null or before is not null
    and (select m.conversation_id from public.messages as m where m.id = before) is distinct from talk.id
  then
    perform private.raise_error('not_found', 'There is no such shared conversation, or no longer.', 404);
  end if;
  -- Row by row, so that messages beyond the page's size are not even decompressed.
  for message in
    select path.id, path.role, path.created_at, path.parts
    from public.conversation_path(talk.active_message_id, most, before) with ordinality as path
    -- Messages of users and assistants only. System messages and tool results are never shown.
    where path.role in ('user', 'assistant') order by path.ordinality
  loop
    told := jsonb_build_object('id', message.id, 'role', message.role, 'created_at', message.created_at, 'parts', (
      select coalesce(jsonb_agg(jsonb_build_object('type', 'text', 'text', part.value -> 'text')
        order by part.ordinality), '[]')
      from jsonb_array_elements(message.parts::jsonb) with ordinality as part where part.value ->> 'type' = 'text'
    ));
    length_of_page := length_of_page + octet_length(told::text);
    exit when length_of_page > longest and cardinality(said) > 0;
    said := said || told;
  end loop;
  return jsonb_build_object('title', talk.title, 'created_at', talk.created_at,
    'by', (select p.display_name from public.profiles as p where p.user_id = talk.user_id), 'messages', to_jsonb(said));
end;
$$;
comment on function private.transcript_page(uuid, integer, uuid) is
  'The active branch, newest first, as outsiders may read it: texts of users and assistants. A page has at most 200 '
  'messages (page_size, by default 50) and, beyond its first message, at most 1 MiB. before: the next page. Errors: '
  'not_found 404, invalid_body 400 with the field.';

create function private.conversation_of_link(token text)
returns uuid
language sql
stable
set search_path = ''
as $$
  select link.conversation_id from public.share_links as link
  where link.token_hash = sha256(convert_to(token, 'UTF8')) and link.revoked_at is null
    and (link.expires_at is null or link.expires_at > now());
$$;
comment on function private.conversation_of_link(text) is
  'The conversation that a token currently opens; null if none.';

create function private.shared_conversation(conversation_id uuid, page_size integer, before uuid)
returns jsonb
language plpgsql
stable
security definer -- the caller can read none of its rows
set search_path = ''
as $$
begin
  perform private.require_person();
  return private.transcript_page((
    select c.id from public.conversations as c
    where c.id = shared_conversation.conversation_id and c.visibility = 'public'
  ), page_size, before);
end;
$$;
comment on function private.shared_conversation(uuid, integer, uuid) is 'The body of shared_conversation.';
create function public.shared_conversation(conversation_id uuid, page_size integer default 50, before uuid default null)
returns jsonb
language sql stable security invoker set search_path = ''
as $$
  select private.shared_conversation($1, $2, $3);
$$;
comment on function public.shared_conversation(uuid, integer, uuid) is
  'The messages of a public conversation, for any signed-in user who has its id: {title, created_at, by, messages}, '
  'newest first, page_size messages (1–200, default 50) and about 1 MiB a page at most. before: the oldest message of '
  'the previous page. Public conversations cannot be listed. Errors: not_signed_in 401, not_found 404, invalid_body '
  '400 with the field.';

grant execute on function
  private.create_share_link(uuid, timestamptz), public.create_share_link(uuid, timestamptz),
  private.revoke_share_link(uuid), public.revoke_share_link(uuid)
to authenticated, service_role;
grant execute on function private.shared_conversation(uuid, integer, uuid),
  public.shared_conversation(uuid, integer, uuid) to authenticated;
