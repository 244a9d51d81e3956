-- Joining and leaving: create, delete and restore a workspace; invite, accept and revoke; transfer ownership; leave.
--
-- Touches: public.invitations and the functions create_workspace, delete_workspace, restore_workspace, invite_member,
--          accept_invitation, revoke_invitation, transfer_ownership, leave_workspace.
-- Beware:  an invitation's token is shown once, to the inviter; the table keeps only its SHA-256. Accepting checks that
--          the inviter may still invite into that role; when they lose that right, the invitation ends.

create table public.invitations (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  email text not null,
  role text not null default 'member',
  token_hash bytea not null unique,
  status text not null default 'pending',
  expires_at timestamptz not null default now() + interval '7 days',
  invited_by uuid references public.profiles (user_id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint email_looks_like_one check (email ~ '^[^@\s]+@[^@\s]+$' and length(email) <= 320 and email = lower(email)),
  constraint role_is_known check (role in ('owner', 'admin', 'member', 'guest')),
  constraint status_is_known check (status in ('pending', 'accepted', 'revoked', 'expired'))
);
comment on table public.invitations is
  'An invitation to join a workspace. The invited person, whose address it names, accepts it with its token.';
comment on column public.invitations.token_hash is 'SHA-256 of the token; not readable by clients.';
create unique index one_pending_invitation_per_address on public.invitations (workspace_id, email)
  where status = 'pending';
create index invitations_workspace_id on public.invitations (workspace_id);
create index invitations_email on public.invitations (lower(email));
create index invitations_invited_by on public.invitations (invited_by);
create index invitations_expires_at on public.invitations (expires_at) where status = 'pending';
create trigger touch_updated_at before update on public.invitations
  for each row execute function private.touch_updated_at();

alter table public.invitations enable row level security;
grant select (id, workspace_id, email, role, status, expires_at, invited_by, created_at, updated_at)
  on public.invitations to authenticated, service_role;
-- insert, update and delete are not granted: clients use the functions below. No client may read token_hash.

create policy "Admins read the workspace's invitations" on public.invitations
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the workspace's invitations" on public.invitations is
  'They hold addresses of people who have not joined.';

create function private.require_person()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  person uuid := private.current_user_id();
begin
  if person is null then
    perform private.raise_error('not_signed_in', 'This needs a signed-in person.', 401);
  end if;
  return person;
end;
$$;
comment on function private.require_person() is 'The caller, or not_signed_in (401).';

create function private.create_workspace(name text, slug text, region text)
returns public.workspaces
language plpgsql
volatile
security definer -- writes two tables where people have no insert
set search_path = ''
as $$
declare
  person uuid := private.require_person();
  workspace public.workspaces;
  missing text;
begin
  -- Read the account and not the token, whose claims may be out of date.
  if (select account.is_anonymous from auth.users as account where account.id = person) then
    perform private.raise_error('anonymous_person', 'A guest cannot make a workspace.', 403,
      'Add an address to the account first.');
  end if;
  begin
    insert into public.workspaces (name, slug, region)
    values (create_workspace.name, create_workspace.slug,
      coalesce(create_workspace.region, (private.own_cell()).region, 'eu'))
    returning * into workspace;
  exception when unique_violation then
    perform private.raise_error('slug_taken', 'Another workspace has this slug.', 409, 'Choose another slug.');
  when not_null_violation then
    get stacked diagnostics missing = column_name;
    perform private.raise_error('invalid_body', missing || ': is missing', 400, missing);
  end;
  insert into public.members (workspace_id, user_id, role) values (workspace.id, person, 'owner');
  return workspace;
end;
$$;
comment on function private.create_workspace(text, text, text) is
  'The body of public.create_workspace. It runs with more rights than its caller has.';

create function private.delete_workspace(workspace_id uuid)
returns timestamptz
language plpgsql
volatile
security definer -- deleted_at is not granted to people
set search_path = ''
as $$
declare
  at timestamptz;
begin
  update public.workspaces set deleted_at = pg_catalog.now()
  where id = delete_workspace.workspace_id
    and id = any (private.workspace_ids('owner'))
  returning deleted_at into at;
  if at is null then
    perform private.raise_error('not_found', 'No such workspace that you own.', 404);
  end if;
  return at;
end;
$$;
comment on function private.delete_workspace(uuid) is
  'The body of public.delete_workspace. It runs with more rights than its caller has.';

create function private.restore_workspace(workspace_id uuid)
returns void
language plpgsql
volatile
security definer -- a deleted workspace is not in workspace_ids()
set search_path = ''
as $$
begin
  update public.workspaces as workspace set deleted_at = null
  where workspace.id = restore_workspace.workspace_id
    and workspace.deleted_at is not null
    and exists (
      select from public.members as member
      where member.workspace_id = workspace.id and member.user_id = private.current_user_id() and member.role = 'owner'
    );
  if not found then
    perform private.raise_error('not_found', 'No deleted workspace that you own.', 404);
  end if;
exception when unique_violation then
  perform private.raise_error('slug_taken', 'Another workspace has taken the slug meanwhile.', 409,
    'Ask its admins to give it back.');
end;
$$;
comment on function private.restore_workspace(uuid) is
  'The body of public.restore_workspace. It runs with more rights than its caller has.';

create function private.may_invite(inviter_role text, invited_role text)
returns boolean
language sql
immutable
parallel safe
set search_path = ''
as $$
  select coalesce(inviter_role = 'owner' or inviter_role = 'admin' and invited_role <> 'owner', false);
$$;
comment on function private.may_invite(text, text) is
  'Whether a person with one role (null: none) may invite a person into another.';

create function private.end_invitations()
returns trigger
language plpgsql
volatile
security definer -- no caller has update on invitations
set search_path = ''
as $$
begin
  update public.invitations as offered set status = 'revoked'
  where offered.workspace_id = old.workspace_id and offered.invited_by = old.user_id and offered.status = 'pending'
    and not private.may_invite(case when tg_op = 'UPDATE' then new.role end, offered.role);
  return null;
end;
$$;
comment on function private.end_invitations() is
  'Trigger on members: a person who was removed, left or changed role may no longer give some invitations. Their '
  'pending invitations of that kind are revoked.';
create trigger end_invitations_on_removal after delete on public.members
  for each row when (old.role in ('admin', 'owner')) execute function private.end_invitations();
create trigger end_invitations_on_change after update of role on public.members
  for each row when (old.role in ('admin', 'owner') and new.role <> old.role)
  execute function private.end_invitations();

create function private.invite_member(workspace_id uuid, email text, role text)
returns table (invitation_id uuid, token text, expires_at timestamptz)
language plpgsql
volatile
security definer -- inserts where no caller may
set search_path = ''
as $$
declare
  person uuid := private.require_person();
  -- Two random uuids have 244 random bits and need no extension.
  fresh_token text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
  wanted text := lower(trim(invite_member.email));
begin
  if not private.administers(person, invite_member.workspace_id) then
    perform private.raise_error('not_found', 'No such workspace that you administer.', 404);
  end if;
  if not private.may_invite(private.member_role(person, invite_member.workspace_id), invite_member.role) then
    perform private.raise_error('owner_only', 'Only an owner can invite an owner.', 403);
  end if;
  if exists (
    select from public.members as member join public.profiles as profile on profile.user_id = member.user_id
    where member.workspace_id = invite_member.workspace_id and lower(profile.email) = wanted
  ) then
    perform private.raise_error('already_member', 'This person is in the workspace.', 409);
  end if;
  update public.invitations as former set status = 'revoked'
  where former.workspace_id = invite_member.workspace_id and former.email = wanted and former.status = 'pending';
  return query
    insert into public.invitations as made (workspace_id, email, role, token_hash, invited_by)
    values (invite_member.workspace_id, wanted, invite_member.role, sha256(convert_to(fresh_token, 'UTF8')), person)
    returning made.id, fresh_token, made.expires_at;
end;
$$;
comment on function private.invite_member(uuid, text, text) is
  'The body of public.invite_member. It runs with more rights than its caller has.';

create function private.accept_invitation(token text)
returns uuid
language plpgsql
volatile
security definer -- the invited person sees neither the invitation nor the workspace yet
set search_path = ''
as $$
declare
  person uuid := private.require_person();
  hash bytea := sha256(convert_to(accept_invitation.token, 'UTF8'));
  inviter_role text;
  invitation public.invitations;
begin
  -- Lock the inviter's membership first and the invitation second, in the order of a removal of the inviter: their
  -- right cannot end in between.
  select m.role into inviter_role
  from public.invitations as i join public.members as m on m.workspace_id = i.workspace_id and m.user_id = i.invited_by
  where i.token_hash = hash
  for share of m;
  select i.* into invitation
  from public.invitations as i
  join public.workspaces as w on w.id = i.workspace_id and w.deleted_at is null and w.left_at is null
  where i.token_hash = hash
  for update of i;
  if invitation.id is null or invitation.status in ('revoked', 'expired')
    or invitation.status = 'pending'
      and (invitation.expires_at <= now() or not private.may_invite(inviter_role, invitation.role))
  then
    perform private.raise_error('invitation_invalid', 'This invitation does not exist or is over.', 404,
      'Ask for a new one.');
  end if;
  if invitation.email is distinct from (select lower(profile.email) from public.profiles as profile
    where profile.user_id = person) then
    if invitation.email = (select lower(account.email) from auth.users as account where account.id = person) then
      perform private.raise_error('address_not_confirmed', 'This address is not confirmed yet.', 403,
        'Follow the link that was mailed to it.');
    end if;
    perform private.raise_error('invitation_for_another', 'This invitation is for another address.', 403,
      'Sign in with the invited address.');
  end if;
  if invitation.status = 'pending' then
    insert into public.members (workspace_id, user_id, role, invited_by)
    values (invitation.workspace_id, person, invitation.role, invitation.invited_by)
    on conflict do nothing;
    update public.invitations set status = 'accepted' where id = invitation.id;
  elsif private.member_role(person, invitation.workspace_id) is null then
    -- Accepted before, and removed since: an old token does not let the person back in.
    perform private.raise_error('invitation_invalid', 'This invitation does not exist or is over.', 404,
      'Ask for a new one.');
  end if;
  return invitation.workspace_id;
end;
$$;
comment on function private.accept_invitation(text) is
  'The body of public.accept_invitation. It runs with more rights than its caller has.';

create function private.revoke_invitation(invitation_id uuid)
returns void
language plpgsql
volatile
security definer -- update is not granted
set search_path = ''
as $$
begin
  update public.invitations set status = 'revoked'
  where id = revoke_invitation.invitation_id and status = 'pending'
    and workspace_id = any (private.workspace_ids('admin'));
  if not found then
    perform private.raise_error('not_found', 'No such pending invitation that you may revoke.', 404);
  end if;
end;
$$;
comment on function private.revoke_invitation(uuid) is
  'The body of public.revoke_invitation. It runs with more rights than its caller has.';

create function private.transfer_ownership(workspace_id uuid, to_user uuid)
returns void
language plpgsql
volatile
security definer -- both rows change in one transaction, the caller's last
set search_path = ''
as $$
declare
  person uuid := private.require_person();
begin
  if private.member_role(person, transfer_ownership.workspace_id) is distinct from 'owner' then
    perform private.raise_error('not_found', 'No such workspace that you own.', 404);
  end if;
  update public.members as member set role = 'owner'
  where member.workspace_id = transfer_ownership.workspace_id and member.user_id = to_user;
  if not found then
    perform private.raise_error('not_a_member', 'The new owner must be in the workspace.', 409, 'Invite them first.');
  end if;
  if to_user <> person then
    update public.members as member set role = 'admin'
    where member.workspace_id = transfer_ownership.workspace_id and member.user_id = person;
  end if;
end;
$$;
comment on function private.transfer_ownership(uuid, uuid) is
  'The body of public.transfer_ownership. It runs with more rights than its caller has.';

create function public.leave_workspace(workspace_id uuid)
returns void
language plpgsql
volatile
security invoker -- the delete policy allows leaving
set search_path = ''
as $$
begin
  delete from public.members as member
  where member.workspace_id = leave_workspace.workspace_id and member.user_id = (select private.current_user_id());
  if not found then
    perform private.raise_error('not_found', 'You are not in this workspace.', 404);
  end if;
end;
$$;
comment on function public.leave_workspace(uuid) is
  'Removes the caller from a workspace. Errors: not_found 404, last_owner 409.';

grant execute on function private.raise_error(text, text, integer, text, jsonb, jsonb) to authenticated, service_role;
grant execute on function
  private.create_workspace(text, text, text), private.delete_workspace(uuid), private.restore_workspace(uuid),
  private.invite_member(uuid, text, text), private.accept_invitation(text), private.revoke_invitation(uuid),
  private.transfer_ownership(uuid, uuid), public.leave_workspace(uuid)
to authenticated;
