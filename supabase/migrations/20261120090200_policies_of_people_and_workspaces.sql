-- Policies and grants of profiles, workspaces and members, and the rule that a workspace keeps an owner.
--
-- Touches: policies and grants of the three tables; a trigger on public.members that refuses to remove the last owner.
-- Beware:  anon gets no grant, here or in any other chapter: a guest is a person who signed in anonymously.

-- profiles
grant select on public.profiles to authenticated, service_role;
grant update (display_name, avatar_url, locale, time_zone, settings) on public.profiles to authenticated, service_role;
-- insert is not granted, because the trigger on auth.users makes the row; delete is not, because deleting the auth user
-- deletes it.

create policy "People read themselves and their colleagues" on public.profiles
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    or user_id = any ((select private.colleague_ids())::uuid[])
  );
comment on policy "People read themselves and their colleagues" on public.profiles is
  'A workspace shows its people''s names. Guests see themselves only: they are often outsiders to each other.';
create policy "People change their own profile" on public.profiles
  for update to authenticated
  using (user_id = (select private.current_user_id()))
  with check (user_id = (select private.current_user_id()));
comment on policy "People change their own profile" on public.profiles is
  'The address cannot be changed here: it follows auth.users.';

-- workspaces
grant select on public.workspaces to authenticated, service_role;
grant update (name, slug, settings, embeds_messages) on public.workspaces to authenticated;
grant insert, update, delete on public.workspaces to service_role;
-- insert is not granted to people: a workspace needs its owner in the same transaction (create_workspace). delete is
-- not granted: deletion is soft (delete_workspace). The service sets plan, region and namespace.

create policy "People read their workspaces" on public.workspaces
  for select to authenticated
  using (id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People read their workspaces" on public.workspaces is
  'Guests too: the client shows them where they are.';
create policy "Admins change their workspace" on public.workspaces
  for update to authenticated
  using (id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change their workspace" on public.workspaces is
  'Name, slug, settings and whether messages are embedded; the rest has no column grant.';

-- members
grant select, delete on public.members to authenticated;
grant update (role) on public.members to authenticated;
grant select, insert, update, delete on public.members to service_role;
-- insert is not granted to people, because joining needs the person's consent: accept_invitation.

create policy "People read who is in their workspaces" on public.members
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('member'))::uuid[])
  );
comment on policy "People read who is in their workspaces" on public.members is
  'Guests read their own membership only.';
create policy "Admins change roles, owners also those of owners" on public.members
  for update to authenticated
  using (
    workspace_id = any ((select private.workspace_ids('owner'))::uuid[])
    or (role <> 'owner' and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  )
  with check (
    workspace_id = any ((select private.workspace_ids('owner'))::uuid[])
    or (role <> 'owner' and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  );
comment on policy "Admins change roles, owners also those of owners" on public.members is
  'An admin cannot make or remove an owner: the using clause checks the old role, the check clause the new one.';
create policy "Admins remove members, owners also owners, and anyone may leave" on public.members
  for delete to authenticated
  using (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('owner'))::uuid[])
    or (role <> 'owner' and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  );
comment on policy "Admins remove members, owners also owners, and anyone may leave" on public.members is
  'A trigger keeps the last owner; it binds the service too.';

-- A workspace keeps an owner ------------------------------------------------------------------------------------------

create function private.require_an_owner()
returns trigger
language plpgsql
volatile
security definer -- must see all owners, for every caller
set search_path = ''
as $$
begin
  -- Writing the workspace's row makes concurrent removals queue, and fails the second of two serializable ones. A lock
  -- without a write would let a repeatable-read transaction count an owner who is gone. No row: the workspace itself is
  -- being deleted.
  update public.workspaces set updated_at = pg_catalog.now()
  where id = old.workspace_id and deleted_at is null;
  if found and not exists (
    select from public.members where workspace_id = old.workspace_id and role = 'owner'
  ) then
    perform private.raise_error(
      'last_owner', 'A workspace keeps at least one owner.', 409,
      'Make someone else an owner first, or delete the workspace.'
    );
  end if;
  return null;
end;
$$;
comment on function private.require_an_owner() is
  'Trigger on members: refuses a change that would leave a workspace without an owner (last_owner, 409).';
create trigger require_an_owner_on_removal after delete on public.members
  for each row when (old.role = 'owner') execute function private.require_an_owner();
create trigger keep_an_owner_on_change after update on public.members
  for each row when (old.role = 'owner' and (new.role <> 'owner' or new.workspace_id <> old.workspace_id))
  execute function private.require_an_owner();
